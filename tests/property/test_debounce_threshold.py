"""Why the alarm layer asks for 240 samples: an exact search over every bounce there can be (docs/debounce.md).

The adversary chooses the level of every sample of the bounce, and the phase of the sampling. The counter is one
number, so the set of values that some bounce reaches is small: the search is exhaustive, not a sample.
"""

from math import floor

from tocsin.debounce import ALARM, ALARM_SAMPLES, Debouncer
from tocsin.edge_ring import EdgeRing

ACTIVATION_MS = 400
WORN_BOUNCE_MS = 157
LARGEST_BOUNCE_MS = 159
SHORT_MS = 200


def counters_after(bounce_samples, threshold):
    """Counter values (below the threshold) that some bounce of so many samples leads to without a flip."""
    reached = {0}
    for _ in range(bounce_samples):
        reached = {value for one in reached for value in (max(0, one - 1), one + 1) if value < threshold}
    return reached


def can_be_missed(threshold, bounce_ms, activation_ms=ACTIVATION_MS):
    """Whether some bounce and phase keeps an activation from flipping the level before it ends.

    A closed interval of L ms holds at least floor(L) samples, and floor(L) + 1 at the best phase.
    """
    fewest_bounce = floor(bounce_ms)
    steady = floor(activation_ms - bounce_ms)
    return any(
        value + steady < threshold
        for samples in (fewest_bounce, fewest_bounce + 1)
        for value in counters_after(samples, threshold)
    )


def can_alarm(threshold, activation_ms):
    """Whether some bounce within a short activation flips the level: at best every sample is active."""
    return floor(activation_ms) + 1 >= threshold


def feed(levels):
    ring = EdgeRing(16)
    debouncer = Debouncer(ring)
    for index, level in enumerate(levels):
        debouncer.feed(level, 1, index)
    return debouncer.levels(ALARM)


def test_250_samples_can_miss_an_activation_with_worn_bounce():
    assert can_be_missed(250, WORN_BOUNCE_MS)


def test_240_samples_cannot_up_to_159_ms_of_bounce():
    assert not can_be_missed(ALARM_SAMPLES, WORN_BOUNCE_MS)
    assert not can_be_missed(ALARM_SAMPLES, LARGEST_BOUNCE_MS)


def test_the_bound_is_sharp():
    assert not can_be_missed(ALARM_SAMPLES, 160)
    assert can_be_missed(ALARM_SAMPLES, 160.5)
    assert not can_be_missed(243, WORN_BOUNCE_MS)
    assert can_be_missed(244, WORN_BOUNCE_MS)


def test_no_activation_under_200_ms_can_alarm():
    assert not can_alarm(ALARM_SAMPLES, SHORT_MS)
    assert can_alarm(SHORT_MS + 1, SHORT_MS)


def test_the_worst_bounce_is_the_one_that_never_touches_and_the_product_survives_it():
    """The adversary's best play, on the real debouncer: 159 samples at rest, then 241 active."""
    assert feed([0] * 159 + [1] * 240) == 1
    assert feed([0] * 159 + [1] * 239) == 0
