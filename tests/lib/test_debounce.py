"""Debouncer: thresholds, leaking, layers, wrap; the same on both interpreters."""

from array import array

from tocsin.debounce import Debouncer
from tocsin.debounce_layers import ALARM, ALARM_SAMPLES, EVIDENCE, EVIDENCE_SAMPLES, STATE_WORDS
from tocsin.edge_ring import EdgeRing


def _run(runs, word=0, index=0):
    """Feed (word, count) runs; returns the debouncer and the transitions (index, flips, levels, layer)."""
    ring = EdgeRing(256)
    debouncer = Debouncer(ring, word)
    for level, count in runs:
        debouncer.feed(level, count, index & 0x3FFFFFFF)
        index += count
    out = array("I", [0] * 4)
    edges = []
    while ring.pop_into(out):
        edges.append(tuple(out))
    assert ring.dropped == 0
    return debouncer, edges


def test_24_samples_are_no_evidence_and_25_are():
    assert _run([(1, EVIDENCE_SAMPLES - 1), (0, 100)])[1] == []
    assert _run([(1, EVIDENCE_SAMPLES), (0, 24)])[1] == [(24, 1, 1, EVIDENCE)]


def test_239_samples_are_no_alarm_and_240_are():
    assert [e for e in _run([(1, 239), (0, 10)])[1] if e[3] == ALARM] == []
    assert _run([(1, 240)])[1] == [(24, 1, 1, EVIDENCE), (ALARM_SAMPLES - 1, 1, 1, ALARM)]


def test_the_counter_leaks_instead_of_starting_anew():
    edges = _run([(1, 20), (0, 5), (1, 10)])[1]
    assert edges == [(34, 1, 1, EVIDENCE)]


def test_the_counter_never_falls_below_zero():
    assert _run([(0, 10000), (1, 25)])[1] == [(10024, 1, 1, EVIDENCE)]


def test_inputs_do_not_disturb_each_other():
    edges = _run([(1 << 29, 10), (1 << 29 | 1, 15), (1, 10)])[1]
    assert edges == [(24, 1 << 29, 1 << 29, EVIDENCE), (34, 1, 1 << 29 | 1, EVIDENCE)]


def test_inputs_that_arrive_together_share_one_entry():
    assert _run([(0b101, 25)], word=0b100)[1] == [(24, 1, 0b101, EVIDENCE)]
    assert _run([(0b111, 25)])[1] == [(24, 0b111, 0b111, EVIDENCE)]


def test_bits_30_and_31_are_ignored():
    debouncer, edges = _run([(0xC0000000, 1000)], word=0xC0000001)
    assert debouncer.levels(EVIDENCE) == 0 and edges[0] == (24, 1, 0, EVIDENCE)


def test_start_word_is_settled_in_both_layers():
    debouncer, edges = _run([(5, 1000)], word=5)
    assert debouncer.settled() and edges == []
    assert debouncer.levels(EVIDENCE) == 5 and debouncer.levels(ALARM) == 5


def test_settled_tells_a_counter_that_is_not_zero():
    debouncer = Debouncer(EdgeRing(4))
    debouncer.feed(1, 1, 0)
    assert not debouncer.settled()
    debouncer.feed(0, 1, 1)
    assert debouncer.settled()


def test_index_wraps_at_2_to_the_30():
    assert _run([(1, 25)], index=0x3FFFFFFF - 10)[1] == [(13, 1, 1, EVIDENCE)]
    assert _run([(1, 25)], index=0x3FFFFFFF - 24)[1] == [(0x3FFFFFFF, 1, 1, EVIDENCE)]
    assert _run([(1, 26)], index=0x3FFFFFFF - 23)[1] == [(0, 1, 1, EVIDENCE)]


def test_a_very_long_run_ends_in_the_same_state_as_single_steps():
    long_run, _ = _run([(3, 17), (1, 4), (2, 1 << 28)])
    short_run, _ = _run([(3, 17), (1, 4), (2, 1000)])
    assert list(long_run.state) == list(short_run.state) and len(long_run.state) == STATE_WORDS


def test_feeding_nothing_changes_nothing():
    debouncer, edges = _run([(1, 3), (0, 0), (1, 0)])
    assert edges == [] and not debouncer.settled()
