"""Bounce models stay within what an expectation may rely on, and sampling sees what a 1 kHz sampler would."""

from random import Random

import pytest
from tocsin_sim.bounce import LONGEST_US, movement, spikes
from tocsin_sim.tape import merged, sampled


@pytest.mark.parametrize("model", sorted(LONGEST_US))
def test_a_movement_ends_at_its_level_within_the_longest_bounce(model: str) -> None:
    random = Random(model)
    for level in (0, 1) * 200:
        changes = movement(1_000_000, level, model, random)
        assert changes[0] == (1_000_000, level)
        assert changes[-1][1] == level
        assert changes[-1][0] <= 1_000_000 + LONGEST_US[model]
        assert [at_us for at_us, _ in changes] == sorted(at_us for at_us, _ in changes)


def test_worn_contacts_do_bounce() -> None:
    assert max(len(movement(0, 1, "worn", Random(seed))) for seed in range(20)) > 3


def test_spikes_always_come_back_and_stay_inside() -> None:
    changes = spikes(1_000, 10_000_000, 20, 0, Random(5))
    assert len(changes) > 200
    assert all(level == place % 2 ^ 1 for place, (_, level) in enumerate(changes))
    assert changes[-1][0] < 10_000_000


def test_a_pulse_between_two_samples_is_not_seen() -> None:
    assert sampled([(0, 0), (5_100, 1), (5_900, 0)]) == [(0, 0)]


def test_a_change_shows_in_the_next_sample() -> None:
    assert sampled([(0, 0), (5_000, 1), (7_001, 0)]) == [(0, 0), (5, 1), (8, 0)]


def test_pins_that_change_in_one_millisecond_make_one_word() -> None:
    assert merged({2: [(0, 0), (10, 1)], 3: [(0, 1), (10, 0)]}, 0b1000) == [(0, 0b1000), (10, 0b0100)]
