"""Properties of the debouncer over generated levels and generated bounce.

The domain of the two promises (docs/debounce.md), one sample a millisecond at any phase:
- never missed: at rest for >= 240 ms, then active for >= 400 ms, of which up to 159 ms after the first
  contact bounce;
- never alarmed: from the first departure from rest to the last return, bounce included, < 200 ms, then at
  rest for at least as long as it was active.
Bounce is any waveform at all: the level of every sample in it is free.
"""

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st
from tocsin.debounce import ALARM, ALARM_SAMPLES, EVIDENCE, EVIDENCE_SAMPLES, INPUT_MASK, Debouncer
from tocsin.edge_ring import INDEX_MASK, EdgeRing

INPUTS = 30


class Naive:
    """One counter an input and layer, one step a sample: the definition, written as plainly as it goes."""

    def __init__(self, word):
        self.level = [[word >> n & 1 for n in range(INPUTS)] for _ in (EVIDENCE, ALARM)]
        self.counter = [[0] * INPUTS for _ in (EVIDENCE, ALARM)]
        self.edges = []

    def feed(self, word, index):
        for layer, threshold in ((EVIDENCE, EVIDENCE_SAMPLES), (ALARM, ALARM_SAMPLES)):
            flips = 0
            for n in range(INPUTS):
                differs = (word >> n & 1) != self.level[layer][n]
                self.counter[layer][n] = self.counter[layer][n] + 1 if differs else max(0, self.counter[layer][n] - 1)
                if self.counter[layer][n] == threshold:
                    self.counter[layer][n] = 0
                    self.level[layer][n] ^= 1
                    flips |= 1 << n
            if flips:
                levels = sum(bit << n for n, bit in enumerate(self.level[layer]))
                self.edges.append((index & INDEX_MASK, flips, levels, layer))

    def settled(self):
        return not any(self.counter[EVIDENCE]) and not any(self.counter[ALARM])


def drained(ring):
    out = array("I", [0] * 4)
    edges = []
    while ring.pop_into(out):
        edges.append(tuple(out))
    assert ring.dropped == 0
    return edges


words = st.one_of(
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, INPUTS - 1).map(lambda n: 1 << n),
    st.sampled_from([0, INPUT_MASK]),
)
runs = st.lists(st.tuples(words, st.one_of(st.integers(1, 40), st.integers(1, 300))), min_size=1, max_size=12)
starts = st.one_of(st.integers(0, INDEX_MASK), st.integers(INDEX_MASK - 600, INDEX_MASK))


@settings(max_examples=150, deadline=None)
@given(words, runs, starts)
def test_bit_sliced_equals_a_naive_counter_for_each_input(start_word, levels, index):
    ring = EdgeRing(4096)
    debouncer = Debouncer(ring, start_word)
    naive = Naive(start_word)
    for word, count in levels:
        debouncer.feed(word, count, index & INDEX_MASK)
        for step in range(count):
            naive.feed(word, index + step)
        index += count
    assert drained(ring) == naive.edges
    assert debouncer.settled() == naive.settled()
    for layer in (EVIDENCE, ALARM):
        assert debouncer.levels(layer) == sum(bit << n for n, bit in enumerate(naive.level[layer]))


@settings(max_examples=200, deadline=None)
@given(words, runs, starts)
def test_feed_of_n_samples_equals_n_feeds_of_one(start_word, levels, index):
    at_once, one_by_one = EdgeRing(4096), EdgeRing(4096)
    leaping, stepping = Debouncer(at_once, start_word), Debouncer(one_by_one, start_word)
    for word, count in levels:
        leaping.feed(word, count, index & INDEX_MASK)
        for step in range(count):
            stepping.feed(word, 1, (index + step) & INDEX_MASK)
        index += count
    assert leaping.state == stepping.state
    assert drained(at_once) == drained(one_by_one)


def feed_levels(levels):
    """Alarm-layer edges [(sample, level)] of input 0 for a list of sampled levels."""
    ring = EdgeRing(1024)
    debouncer = Debouncer(ring)
    for index, level in enumerate(levels):
        debouncer.feed(level, 1, index)
    return [(index, level & 1) for index, _, level, layer in drained(ring) if layer == ALARM]


bounce = st.one_of(
    st.lists(st.integers(0, 1), max_size=159),
    st.integers(0, 159).map(lambda n: [0] * n),
    st.integers(0, 159).map(lambda n: [1] * n),
    st.integers(0, 159).map(lambda n: [k & 1 for k in range(n)]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(bounce, st.integers(400, 1000), bounce, st.integers(240, 600)), min_size=1, max_size=4))
def test_an_activation_of_400_ms_is_never_missed_and_never_doubled(activations):
    levels = [0] * 10
    spans = []
    for at_make, active_samples, at_break, rest_samples in activations:
        start = len(levels)
        levels += at_make + [1] * (active_samples - len(at_make))
        end = len(levels)
        levels += at_break + [0] * rest_samples
        spans.append((start, end, len(levels)))
    edges = feed_levels(levels)
    assert [level for _, level in edges] == [1, 0] * len(activations)
    for (start, end, rest_end), (made, _), (released, _) in zip(spans, edges[::2], edges[1::2], strict=True):
        assert start + ALARM_SAMPLES - 1 <= made < end <= released < rest_end


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=200), min_size=1, max_size=12))
def test_an_activation_under_200_ms_never_alarms(bursts):
    levels = []
    for burst in bursts:
        levels += burst + [0] * sum(burst)
    assert feed_levels(levels) == []
