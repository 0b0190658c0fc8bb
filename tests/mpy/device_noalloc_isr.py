"""The interrupt code of tocsin_fw.isr: it does not allocate, and it equals the plain debouncer bit for bit.

The DMA's transfer counter is an array here. `on_samples` calls `differing`, `drain` and `push`.
"""

from array import array

import micropython
from tocsin.debounce import Debouncer
from tocsin.edge_ring import INDEX_MASK, EdgeRing
from tocsin_fw import isr

_INPUTS = 0x1FBFFFF


class _Bench:
    """`on_samples` with a ring in place of the DMA's, and its oracle."""

    def __init__(self, index, edge_entries=256):
        self.ring = EdgeRing(edge_entries)
        self.twin_ring = EdgeRing(edge_entries)
        self.twin = Debouncer(self.twin_ring)
        self.rest = 0x155
        self.index = index
        self.wakes = 0
        self.left = array("I", [-index & INDEX_MASK])
        self.samples = array("I", [self.rest] * isr.RING_SAMPLES)
        for word in range(isr.WORK_WORDS):
            isr.work[word] = 0
        isr.work[isr.INDEX] = index
        isr.work[isr.PERIOD_MASK] = INDEX_MASK
        isr.work[isr.INPUT_MASK] = _INPUTS
        isr.work[isr.REST_MASK] = isr.work[isr.QUIET_WORD] = self.rest
        isr.transfers_left = self.left
        isr.samples = self.samples
        isr.state = Debouncer(self.ring).state
        isr.entries = self.ring.entries
        isr.control = self.ring.control
        isr.wake = self._woken
        self.state = isr.state

    def _woken(self):
        self.wakes += 1

    def sample(self, words):
        """What the DMA does."""
        for word in words:
            self.samples[self.index & (isr.RING_SAMPLES - 1)] = word
            self.twin.feed((word ^ self.rest) & _INPUTS, 1, self.index)
            self.index = (self.index + 1) & INDEX_MASK
        self.left[0] = -self.index & INDEX_MASK

    def equal(self):
        return self.state == self.twin.state and self.ring.entries == self.twin_ring.entries


def _random(seed):
    """A small generator, the same on every interpreter."""
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield seed >> 8


def _words(seed, count):
    """Levels of 30 pins: some still, some slow, some chattering, all of them still at times."""
    rng = _random(seed)
    word = next(rng) & 0x7FFFF
    for step in range(count):
        if step % 700 < 400:
            word ^= next(rng) & next(rng) & next(rng) & 0x70F0F3
            word ^= 1 << next(rng) % 30 if next(rng) % 20 == 0 else 0
        yield word


def test_on_samples_equals_the_plain_twin_over_generated_inputs():
    for seed in range(4):
        bench = _Bench(0)
        rng = _random(seed)
        words = list(_words(seed, 4000))
        while words:
            count = 1 + next(rng) % 40
            bench.sample(words[:count])
            words = words[count:]
            isr.on_samples(None)
            assert bench.equal(), (seed, bench.index)
            isr.control[1] = isr.control[0]
            bench.twin_ring.control[1] = bench.twin_ring.control[0]
        assert isr.work[isr.INDEX] == bench.index and bench.wakes > 20 and isr.work[isr.LOST] == 0


def test_on_samples_equals_the_twin_where_the_index_wraps():
    bench = _Bench(INDEX_MASK - 100)
    for _ in range(20):
        bench.sample([0x3FFFFFFF] * 16)
        isr.on_samples(None)
    assert bench.equal() and bench.wakes == 2 and isr.work[isr.INDEX] == 219


def test_on_samples_counts_what_was_overwritten():
    bench = _Bench(7)
    bench.sample([bench.rest] * 1000)
    isr.on_samples(None)
    assert isr.work[isr.LOST] == 1000 - 496 and isr.work[isr.INDEX] == 1007
    isr.on_samples(None)
    assert isr.work[isr.LOST] == 1000 - 496


def test_on_samples_drops_and_counts_when_the_edge_ring_is_full():
    bench = _Bench(0, 2)
    bench.sample([bench.rest ^ 1] * 30 + [bench.rest ^ 3] * 260)
    isr.on_samples(None)
    assert bench.equal() and bench.ring.dropped == 2 and len(bench.ring) == 2


def test_on_samples_does_not_allocate():
    bench = _Bench(INDEX_MASK - 3000, 16)
    for step in range(isr.RING_SAMPLES):
        bench.samples[step] = 0x3FFFFFFF if step % 300 > 40 else step & 3
    micropython.heap_lock()
    try:
        for step in range(1000):
            bench.left[0] = -(INDEX_MASK - 3000 + 16 * step) & INDEX_MASK
            isr.on_samples(None)
    finally:
        micropython.heap_unlock()
    assert bench.ring.dropped > 0 and bench.wakes > 20


def test_taken_counts_on_over_the_end_of_its_index_and_does_not_allocate():
    bench = _Bench(INDEX_MASK - 2)
    counts = array("I", [0] * 5)
    micropython.heap_lock()
    try:
        for more in range(5):
            bench.left[0] = -(INDEX_MASK - 2 + more) & INDEX_MASK
            counts[more] = isr.taken(isr.work, bench.left)
    finally:
        micropython.heap_unlock()
    assert list(counts) == [INDEX_MASK - 2, INDEX_MASK - 1, INDEX_MASK, 0, 1]
