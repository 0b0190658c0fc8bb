"""The two layers of the debouncer: where their levels and counters lie.

Role in the flow: stage 2. Shared: yes; what counts on them is `debounce.py`, and on the RP2040 the interrupt handler in
tocsin_fw, which needs no more than this. Context: task.
"""

from array import array

EVIDENCE = 0
ALARM = 1
EVIDENCE_SAMPLES = 25
ALARM_SAMPLES = 240

INPUT_MASK = 0x3FFFFFFF  # 30 inputs: also the largest small integer of a 32-bit MicroPython

# Layout of `Layers.state`, words: [level, plane 0, plane 1, ...] of the evidence layer, then of the alarm layer.
EVIDENCE_AT = 0
EVIDENCE_PLANES = 5
ALARM_AT = 6
ALARM_PLANES = 8
STATE_WORDS = 15


class Layers:
    """Levels of up to 30 inputs, in an evidence layer (25 samples) and an alarm layer (240)."""

    def __init__(self, word: int = 0) -> None:
        """Both layers start at the levels of `word`, settled."""
        self.state: array[int] = array("I", [0] * STATE_WORDS)
        self.state[EVIDENCE_AT] = self.state[ALARM_AT] = word & INPUT_MASK

    def levels(self, layer: int) -> int:
        """The debounced word of `layer`: bit n = input n."""
        return self.state[ALARM_AT if layer else EVIDENCE_AT]
