"""What an observed state means for a zone: a table of transitions.

Role in the flow: stage 4, from an input's state to a zone transition.
Shared: gateway and host. Context: task.
"""

from .compat import const
from .event import STATE_NORMAL, TYPE_ALARM, TYPE_FAULT, TYPE_RESTORE, TYPE_TAMPER

# What becomes of an alarm in a mode: the digits of `Zone.modes`.
RESPONSE_OFF = const(0)
RESPONSE_LOG = const(1)
RESPONSE_DELAYED = const(2)
RESPONSE_INSTANT = const(3)

# What a zone does beside raising an alarm: bits of `Zone.does`.
SILENT = const(1)
CHIME = const(2)
IS_TAMPER = const(4)
RELEASABLE = const(8)
NO_WALK_TEST = const(16)
NO_INHIBIT = const(32)
FIRE = const(64)

# _EVENTS[state before][state after]: the type of record that tells of it; 0 where nothing happened. The columns are
# normal, alarm, tamper, fault. Every state can be reached from every other: a cut wire may follow an open door.
_EVENTS = (
    (0, TYPE_ALARM, TYPE_TAMPER, TYPE_FAULT),
    (TYPE_RESTORE, 0, TYPE_TAMPER, TYPE_FAULT),
    (TYPE_RESTORE, TYPE_ALARM, 0, TYPE_FAULT),
    (TYPE_RESTORE, TYPE_ALARM, TYPE_TAMPER, 0),
)


def transition(before: int, after: int) -> int:
    """Record type for a zone going from state `before` to `after` (0 … 3); 0 when they are the same."""
    return _EVENTS[before][after]


class Zone:
    """One protected thing: its number, its responses in the four modes, what else it does, and its present state.

    `told` is whether a record of its latest state away from normal was made: only then its end is a record too.
    """

    def __init__(self, number: int, modes: str, does: int = 0) -> None:
        self.number = number
        self.modes = modes
        self.does = does
        self.state = STATE_NORMAL
        self.told = False

    def response(self, mode: int) -> int:
        """RESPONSE_… in `mode` (0 … 3)."""
        return ord(self.modes[mode]) - 48

    def observe(self, state: int) -> int:
        """Take the state now seen; return the record type of the transition, or 0. The caller reads `state` before."""
        kind = transition(self.state, state)
        self.state = state
        return kind
