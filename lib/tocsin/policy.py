"""Whether a zone's alarm is an alarm now: the mode of the gateway.

Role in the flow: stage 5, from a zone transition to the event that is sealed.
Shared: gateway and host. Context: task.
"""

from .event import MODE_CLOSED, MODE_OPEN, STATE_ALARM, TYPE_ACTIVITY, TYPE_ALARM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .zone import Zone


class Policy:
    """The mode, and what it makes of a transition. A gateway that knows no mode is closed: it fails towards alarm."""

    def __init__(self, mode: int = MODE_CLOSED) -> None:
        self.mode = mode

    def judge(self, zone: "Zone", kind: int) -> int:
        """Record type for a transition of type `kind`: during open hours visitors are activity, not an alarm.

        Tamper, fault and restore are never softened, nor is a zone guarded around the clock.
        """
        if kind == TYPE_ALARM and self.mode == MODE_OPEN and not zone.around_the_clock:
            return TYPE_ACTIVITY
        return kind

    def open_on_closing(self, zones: "list[Zone]") -> "list[Zone]":
        """Zones that stand in alarm as the mode becomes closed: each is an alarm from then on, none is forgotten."""
        return [zone for zone in zones if zone.state == STATE_ALARM and not zone.around_the_clock]
