"""Two-layer leaky debouncer for 30 inputs at once: level words in, debounced transitions out.

Role in the flow: stage 2. Shared: yes; on the RP2040 the viper drain in tocsin_fw works on the same layers
and this file is its oracle. Context: task (simulator); `feed` does not allocate.
Sources: docs/debounce.md (why 25 and 240).

Every input has, in each layer, a counter that goes up with each sample that differs from the layer's level
and down (not below 0) with each sample that agrees. At the threshold the level flips and the counter starts
again from 0. The counters are bit-sliced: plane p holds bit p of the counters of all inputs, so one operation
serves 30 inputs. While the word stays the same nothing can happen before the largest rising counter arrives:
`feed` leaps there.
"""

from tocsin.debounce_layers import (
    ALARM,
    ALARM_AT,
    ALARM_PLANES,
    ALARM_SAMPLES,
    EVIDENCE,
    EVIDENCE_AT,
    EVIDENCE_PLANES,
    EVIDENCE_SAMPLES,
    INPUT_MASK,
    Layers,
)
from tocsin.edge_ring import EdgeRing

_FIRST_WORD = (EVIDENCE_AT, ALARM_AT)
_PLANES = (EVIDENCE_PLANES, ALARM_PLANES)
_THRESHOLD = (EVIDENCE_SAMPLES, ALARM_SAMPLES)
_NEVER = INPUT_MASK


class Debouncer(Layers):
    """The layers, and what counts on them: transitions go to `ring`."""

    def __init__(self, ring: EdgeRing, word: int = 0) -> None:
        """Both layers start at the levels of `word`, settled."""
        super().__init__(word)
        self._ring = ring

    def settled(self) -> bool:
        """True when every counter of both layers is 0."""
        return not (self._counting(EVIDENCE) | self._counting(ALARM))

    def feed(self, word: int, count: int, index: int) -> None:  # NOALLOC
        """Take `count` samples equal to `word`, the first with index `index` (mod 2**30). Allocates: no."""
        word &= INPUT_MASK
        while count:
            leap = min(self._samples_to_flip(EVIDENCE, word), self._samples_to_flip(ALARM, word))
            if leap == _NEVER and self.settled():
                return
            leap = min(leap, count)
            last = _add_index(index, leap - 1)
            self._advance(EVIDENCE, word, leap, last)
            self._advance(ALARM, word, leap, last)
            index = _add_index(index, leap)
            count -= leap

    def _counting(self, layer: int) -> int:
        """Inputs whose counter is not 0."""
        at = _FIRST_WORD[layer]
        busy = 0
        for plane in range(at + 1, at + 1 + _PLANES[layer]):
            busy |= self.state[plane]
        return busy

    def _samples_to_flip(self, layer: int, word: int) -> int:
        """Samples of `word` until the first input flips (threshold - largest rising counter), or _NEVER."""
        state = self.state
        at = _FIRST_WORD[layer]
        leading = word ^ state[at]
        if not leading:
            return _NEVER
        largest = 0
        for bit in range(_PLANES[layer] - 1, -1, -1):
            still = leading & state[at + 1 + bit]
            if still:
                leading = still
                largest |= 1 << bit
        return _THRESHOLD[layer] - largest

    def _advance(self, layer: int, word: int, leap: int, index: int) -> None:
        """Move the counters of a layer by `leap` samples of `word`, the last at `index`; flip arrivals."""
        state = self.state
        at = _FIRST_WORD[layer]
        rising = word ^ state[at]
        self._count_down(layer, INPUT_MASK ^ rising, leap)
        if not rising:
            return
        carry = 0
        flips = rising
        for bit in range(_PLANES[layer]):
            plane = state[at + 1 + bit]
            add = rising if (leap >> bit) & 1 else 0
            total = plane ^ add ^ carry
            carry = (plane & add) | (carry & (plane | add))
            state[at + 1 + bit] = total
            flips &= total if (_THRESHOLD[layer] >> bit) & 1 else INPUT_MASK ^ total
        if flips:
            self._flip(layer, flips, index)

    def _count_down(self, layer: int, falling: int, leap: int) -> None:
        """Subtract `leap` from the counters of `falling`; those that would pass 0 stop there."""
        state = self.state
        at = _FIRST_WORD[layer]
        leap = min(leap, _THRESHOLD[layer])  # more than any counter holds; fits the planes
        borrow = 0
        for bit in range(_PLANES[layer]):
            plane = state[at + 1 + bit]
            sub = falling if (leap >> bit) & 1 else 0
            state[at + 1 + bit] = plane ^ sub ^ borrow
            borrow = ((INPUT_MASK ^ plane) & (sub | borrow)) | (sub & borrow)
        self._clear(layer, borrow)

    def _flip(self, layer: int, flips: int, index: int) -> None:
        state = self.state
        at = _FIRST_WORD[layer]
        state[at] ^= flips
        self._clear(layer, flips)
        self._ring.push(index, flips, state[at], layer)

    def _clear(self, layer: int, inputs: int) -> None:
        """Set the counters of `inputs` to 0."""
        at = _FIRST_WORD[layer]
        for plane_at in range(at + 1, at + 1 + _PLANES[layer]):
            self.state[plane_at] &= INPUT_MASK ^ inputs


def _add_index(index: int, samples: int) -> int:
    """(index + samples) mod 2**30 without passing 2**30 on the way, which would allocate on the chip."""
    return (index - INPUT_MASK + (samples - 1)) & INPUT_MASK
