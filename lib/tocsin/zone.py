"""What an observed state means for a zone: a table of transitions.

Role in the flow: stage 4, from an input's state to a zone transition.
Shared: gateway and host. Context: task.
"""

from .event import STATE_NORMAL, TYPE_ALARM, TYPE_FAULT, TYPE_RESTORE, TYPE_TAMPER

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
    """One protected thing: its number, its present state, and whether it is guarded at all hours."""

    def __init__(self, number: int, around_the_clock: bool) -> None:
        self.number = number
        self.around_the_clock = around_the_clock
        self.state = STATE_NORMAL

    def observe(self, state: int) -> int:
        """Take the state now seen; return the record type of the transition, or 0. The caller reads `state` before."""
        kind = transition(self.state, state)
        self.state = state
        return kind
