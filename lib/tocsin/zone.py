"""One protected thing: what it does in each mode, and how it stands.

Role in the flow: stage 4, from an input's state to a zone's.
Shared: gateway and host. Context: task.
"""

from .compat import const
from .event import STATE_NORMAL

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
NO_CONFIRM = const(128)


class Zone:
    """One protected thing: its number, its responses in the four modes, what else it does, and its present state.

    The guard keeps with it: `told`, the type of the record that told of its state, 0 where none did; `pending`: it
    waits for the entry delay; `sounds`, how often it started the sirens since somebody unset.
    """

    def __init__(self, number: int, modes: str, does: int = 0) -> None:
        self.number = number
        self.modes = modes
        self.does = does
        self.state = STATE_NORMAL
        self.told = 0
        self.pending = False
        self.sounds = 0

    def response(self, mode: int) -> int:
        """RESPONSE_… in `mode` (0 … 3)."""
        return ord(self.modes[mode]) - 48
