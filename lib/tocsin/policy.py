"""What a zone's state asks for now: the mode, and whatever excuses the zone.

Role in the flow: stage 5, from a zone's state to the event that is sealed.
Shared: gateway and host (its tests). Context: task. Reference: docs/modes.md.
"""

from . import event
from .zone import IS_TAMPER, NO_CONFIRM, NO_WALK_TEST, RESPONSE_DELAYED, RESPONSE_LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .excuses import Excuses
    from .zone import Zone

# What each state is told as.
TYPES = (0, event.TYPE_ALARM, event.TYPE_TAMPER, event.TYPE_FAULT)


def asked_for(zone: "Zone", mode: int, excuses: "Excuses", testing: bool) -> int:
    """Type of the record that the zone's state asks for: 0 none, TYPE_TEST a hit, TYPE_DELAY an alarm that may wait.

    Tamper and fault are never softened by a mode, only by an inhibit.
    """
    if excuses.is_inhibited(zone.number):
        return 0
    state = zone.state
    if testing and not zone.does & NO_WALK_TEST and (state == event.STATE_ALARM or (state and zone.does & IS_TAMPER)):
        return event.TYPE_TEST
    if state != event.STATE_ALARM:
        return TYPES[state]
    response = zone.response(mode)
    if response == RESPONSE_LOG or (response and excuses.is_released(zone.number)):
        return event.TYPE_ACTIVITY
    if response == RESPONSE_DELAYED:
        return event.TYPE_DELAY
    return event.TYPE_ALARM if response else 0


def in_the_way(zones: "list[Zone]", mode: int, excuses: "Excuses") -> "list[Zone]":
    """Zones that are not at rest, would be guarded in `mode`, and that nothing excuses.

    What says nothing of a burglar, as a thermometer, is in nobody's way.
    """
    found = []
    for zone in zones:
        is_guarded = zone.state and zone.response(mode) > RESPONSE_LOG and not zone.does & NO_CONFIRM
        if is_guarded and not excuses.is_inhibited(zone.number) and not excuses.is_released(zone.number):
            found.append(zone)
    return found
