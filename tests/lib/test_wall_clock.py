"""UTC from what the host said, and how far it may be wrong."""

from tocsin.event import QUALITY_DRIFTING, QUALITY_HOST_SIGNED, QUALITY_NONE
from tocsin.wall_clock import WallClock

UTC_MS = 1_790_000_000_000
MINUTE_MS = 60_000
FROM_MS, TO_MS = 1_577_836_800_000, 4_102_444_800_000  # 2020 and 2100


def test_unknown_until_set():
    clock = WallClock()
    assert clock.utc_ms(123) == 0 and clock.quality(123) == QUALITY_NONE


def test_first_setting_is_a_step_of_0_and_holds_for_earlier_moments_too():
    clock = WallClock()
    assert clock.set(5000, UTC_MS, 2) == 0
    assert (clock.utc_ms(5000), clock.utc_ms(5250), clock.utc_ms(250)) == (UTC_MS, UTC_MS + 250, UTC_MS - 4750)
    assert clock.quality(5000) == QUALITY_HOST_SIGNED


def test_first_setting_at_power_up_counts():
    clock = WallClock()
    assert clock.set(0, UTC_MS, 0) == 0 and clock.set(10, UTC_MS + 10, 0) is None


def test_up_to_50_ms_the_clock_is_left_alone_and_beyond_it_steps():
    for step_ms in (-50, -1, 0, 1, 50):
        clock = WallClock()
        clock.set(0, UTC_MS, 0)
        assert clock.set(1000, UTC_MS + 1000 + step_ms, 0) is None
        assert clock.utc_ms(1000) == UTC_MS + 1000
    for step_ms in (-3_600_000, -51, 51, 3_600_000):
        clock = WallClock()
        clock.set(0, UTC_MS, 0)
        assert clock.set(1000, UTC_MS + 1000 + step_ms, 0) == step_ms
        assert clock.utc_ms(1000) == UTC_MS + 1000 + step_ms


def test_small_differences_do_not_add_up_unseen():
    clock = WallClock()
    clock.set(0, UTC_MS, 0)
    steps = [clock.set(600_000 * n, UTC_MS + 600_000 * n + 30 * n, 0) for n in range(1, 5)]
    assert steps == [None, 60, None, 60]


def test_error_is_that_of_the_answer_and_a_millisecond_for_every_20_s_since():
    clock = WallClock()
    clock.set(5000, UTC_MS, 3)
    assert [clock.error_ms(at_ms) for at_ms in (5000, 5001, 25_000, 25_001)] == [3, 4, 4, 5]
    assert clock.error_ms(0) == 4  # a moment before it was set is no better known
    clock.set(605_000, UTC_MS + 600_000 - 40, 2)
    assert clock.error_ms(605_000) == 42  # left alone, so it is known to be wrong by as much
    clock.set(606_000, UTC_MS + 601_000 + 90, 2)
    assert clock.error_ms(606_000) == 2


def test_drifting_from_an_estimated_error_of_a_second_on():
    clock = WallClock()
    clock.set(1000, UTC_MS, 1)
    last_ms = 1000 + 999 * 20_000
    assert clock.quality(last_ms) == QUALITY_HOST_SIGNED and clock.error_ms(last_ms) == 1000
    assert clock.quality(last_ms + 1) == QUALITY_DRIFTING
    clock.set(last_ms + 10, UTC_MS + 10 + last_ms - 1000, 1)
    assert clock.quality(last_ms + 10) == QUALITY_HOST_SIGNED


def test_answer_of_a_slow_link_that_says_less_than_is_known_changes_nothing():
    clock = WallClock()
    clock.set(0, UTC_MS, 1)
    for step_ms in (-900, 0, 40, 903):
        assert clock.set(MINUTE_MS, UTC_MS + MINUTE_MS + step_ms, 900) is None
        assert clock.utc_ms(MINUTE_MS) == UTC_MS + MINUTE_MS and clock.error_ms(MINUTE_MS) == 4
    # It cannot be: somebody set the host's clock.
    assert clock.set(MINUTE_MS, UTC_MS + MINUTE_MS + 905, 900) == 905
    assert clock.error_ms(MINUTE_MS) == 900


def test_better_answer_is_taken():
    clock = WallClock()
    clock.set(0, UTC_MS, 900)
    assert clock.set(1000, UTC_MS + 1000 + 300, 2) == 300
    assert clock.error_ms(1000) == 2


def test_time_of_a_host_without_a_clock_is_refused_and_counted():
    clock = WallClock()
    refused = (-1, 0, FROM_MS - 1, TO_MS + 1, (1 << 64) - 1)
    for utc_ms in refused:
        assert clock.set(1000, utc_ms, 0) is None
    assert clock.quality(1000) == QUALITY_NONE and clock.refused_count == len(refused)
    assert clock.set(1000, FROM_MS, 0) == 0 and WallClock().set(1000, TO_MS, 0) == 0
    assert clock.set(2000, 5, 0) is None
    assert clock.utc_ms(2000) == FROM_MS + 1000 and clock.refused_count == len(refused) + 1
