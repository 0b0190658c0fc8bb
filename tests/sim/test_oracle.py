"""The oracle of the evidence layer and the debouncer of lib/ were written apart; they must agree to the sample."""

from random import Random

from tocsin.debounce import ALARM, ALARM_SAMPLES, EVIDENCE, EVIDENCE_SAMPLES, Debouncer
from tocsin.edge_ring import EdgeRing
from tocsin_sim.oracle import transitions


def _debounced(changes: list[tuple[int, int]], start_ms: int, end_ms: int, layer: int) -> list[tuple[int, int]]:
    """The same question, asked of the debouncer one sample at a time."""
    from array import array

    ring = EdgeRing(1024)
    debouncer = Debouncer(ring)
    level = 0
    by_sample = dict(changes)
    for sample in range(end_ms):
        level = by_sample.get(sample, level)
        if sample >= start_ms:
            debouncer.feed(level, 1, sample)
    entry = array("I", [0] * 4)
    found = []
    while ring.pop_into(entry):
        if entry[3] == layer:
            found.append((entry[0], entry[2]))
    return found


def _random_changes(random: Random) -> list[tuple[int, int]]:
    at_ms, level, changes = 0, 0, []
    while at_ms < 4000:
        at_ms += random.choice((1, 2, 5, 24, 25, 26, 100, 239, 240, 241, 600))
        level ^= 1
        changes.append((at_ms, level))
    return changes


def test_oracle_and_debouncer_agree_on_random_inputs() -> None:
    random = Random(1)
    flips = 0
    for _ in range(60):
        changes = _random_changes(random)
        start_ms = random.randrange(0, 300)
        for layer, threshold in ((EVIDENCE, EVIDENCE_SAMPLES), (ALARM, ALARM_SAMPLES)):
            expected = transitions(changes, start_ms, 4500, threshold)
            assert expected == _debounced(changes, start_ms, 4500, layer)
            flips += len(expected)
    assert flips > 500, "the inputs were too tame to prove anything"


def test_input_active_at_start_flips_after_threshold() -> None:
    assert transitions([(0, 1)], 1000, 2000, 25) == [(1024, 1)]


def test_no_flip_at_or_after_the_end() -> None:
    assert transitions([(100, 1)], 0, 124, 25) == []
    assert transitions([(100, 1)], 0, 125, 25) == [(124, 1)]
