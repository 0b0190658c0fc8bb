"""Our debouncer in the grid: what the sampler sees, both layers, and when the firmware learns of it.

Role in the flow: stages 1 and 2 in `make bench-debounce`. Context: CPython.
The scalar oracle is the quick way; `differences` holds it against the bit-sliced `Debouncer` of lib/, all inputs at
once.
"""

from array import array
from collections.abc import Sequence

from tocsin.debounce import Debouncer
from tocsin.debounce_layers import ALARM, ALARM_SAMPLES, EVIDENCE, EVIDENCE_SAMPLES
from tocsin.edge_ring import EdgeRing

from tocsin_sim.bench.background import Background
from tocsin_sim.bench.signals import Signal
from tocsin_sim.oracle import transitions
from tocsin_sim.tape import merged, sampled

RING_SAMPLES = 496  # usable ones of the sampler's ring, firmware/tocsin_fw/isr.py
DRAIN_SAMPLES = 24  # between two drains
THRESHOLDS = {EVIDENCE: EVIDENCE_SAMPLES, ALARM: ALARM_SAMPLES}
_RING_ENTRIES = 1 << 14

Flips = list[tuple[int, int]]


def flips(signal: Signal, layer: int) -> Flips:
    """[(sample number, level)]; sample k is taken at k ms."""
    return transitions(sampled(signal.changes()), 0, signal.end_us // 1000, THRESHOLDS[layer])


def learned_us(sample: int, background: Background) -> int:
    """When the interrupt that drains `sample` is served."""
    return background.interrupt_us((sample // DRAIN_SAMPLES + 1) * DRAIN_SAMPLES * 1000)


def samples_lost(background: Background) -> int:
    """Samples that the ring cannot hold through one stretch of `background`, however it falls."""
    stretch_ms = background.length_us // 1000 if background.masks else 0
    return max(0, stretch_ms + DRAIN_SAMPLES - RING_SAMPLES)


def differences(signals: Sequence[Signal]) -> int:
    """Transitions in which `Debouncer`, fed with all signals as one word, differs from the oracle."""
    expected = {
        (sample, layer, number, level)
        for number, signal in enumerate(signals)
        for layer in THRESHOLDS
        for sample, level in flips(signal, layer)
    }
    return len(expected ^ _debounced(signals))


def _debounced(signals: Sequence[Signal]) -> set[tuple[int, int, int, int]]:
    """(sample, layer, input, level) of every transition."""
    end = {number: signal.end_us // 1000 for number, signal in enumerate(signals)}
    tape = merged({number: sampled(signal.changes()) for number, signal in enumerate(signals)}, 0)
    ring = EdgeRing(_RING_ENTRIES)
    debouncer = Debouncer(ring)
    word = before = 0
    for sample, next_word in [*tape, (max(end.values()), 0)]:
        debouncer.feed(word, sample - before, before)
        word, before = next_word, sample
    found, entry = set(), array("I", [0] * 4)
    while ring.pop_into(entry):
        sample, changed, levels, layer = entry
        for number in end:
            if changed >> number & 1 and sample < end[number]:
                found.add((sample, layer, number, levels >> number & 1))
    assert not ring.dropped
    return found
