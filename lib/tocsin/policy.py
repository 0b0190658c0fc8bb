"""Whether a zone's alarm is an alarm now: the mode of the gateway.

Role in the flow: stage 5, from a zone transition to the event that is sealed.
Shared: gateway and host. Context: task.
"""

from .event import MODE_CLOSED, MODES, STATE_ALARM, TYPE_ACTIVITY, TYPE_ALARM, TYPE_RESTORE
from .zone import RESPONSE_LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .zone import Zone

# By response: off, log, delayed (until there are delays: at once), instant.
_ALARMS = (0, TYPE_ACTIVITY, TYPE_ALARM, TYPE_ALARM)


class Policy:
    """The mode, and what it makes of a transition. A gateway that knows no mode is closed: it fails towards alarm."""

    def __init__(self, mode: int = MODE_CLOSED) -> None:
        self.mode = mode if 0 <= mode < MODES else MODE_CLOSED

    def judge(self, zone: "Zone", kind: int) -> int:
        """Record type for a transition of type `kind`, 0 for none: during open hours visitors are activity, no alarm.

        Tamper and fault are never softened. A restore is told of what was told.
        """
        if kind == TYPE_ALARM:
            kind = _ALARMS[zone.response(self.mode)]
        elif kind == TYPE_RESTORE and not zone.told:
            kind = 0
        zone.told = kind not in (0, TYPE_RESTORE)
        return kind

    def open_on_setting(self, zones: "list[Zone]", before: int) -> "list[Zone]":
        """Zones that stand in alarm as the mode changes from `before`, and were none of its alarms: each is one now."""
        found = []
        for zone in zones:
            is_guarded = zone.response(self.mode) > RESPONSE_LOG
            if zone.state == STATE_ALARM and is_guarded and zone.response(before) <= RESPONSE_LOG:
                zone.told = True
                found.append(zone)
        return found
