"""UTC from what the host said."""

from tocsin.event import QUALITY_DRIFTING, QUALITY_HOST_SET, QUALITY_NONE
from tocsin.wall_clock import WallClock

UTC_MS = 1_790_000_000_000
DAY_MS = 24 * 3600 * 1000


def test_unknown_until_set():
    clock = WallClock()
    assert clock.utc_ms(123) == 0 and clock.quality(123) == QUALITY_NONE


def test_first_setting_is_a_step_of_0_and_holds_for_earlier_moments_too():
    clock = WallClock()
    assert clock.set(5000, UTC_MS) == 0
    assert (clock.utc_ms(5000), clock.utc_ms(5250), clock.utc_ms(250)) == (UTC_MS, UTC_MS + 250, UTC_MS - 4750)
    assert clock.quality(5000) == QUALITY_HOST_SET


def test_first_setting_at_power_up_counts():
    clock = WallClock()
    assert clock.set(0, UTC_MS) == 0 and clock.set(10, UTC_MS + 10) is None


def test_up_to_50_ms_the_clock_is_left_alone_and_beyond_it_steps():
    for step_ms in (-50, -1, 0, 1, 50):
        clock = WallClock()
        clock.set(0, UTC_MS)
        assert clock.set(1000, UTC_MS + 1000 + step_ms) is None
        assert clock.utc_ms(1000) == UTC_MS + 1000
    for step_ms in (-3_600_000, -51, 51, 3_600_000):
        clock = WallClock()
        clock.set(0, UTC_MS)
        assert clock.set(1000, UTC_MS + 1000 + step_ms) == step_ms
        assert clock.utc_ms(1000) == UTC_MS + 1000 + step_ms


def test_small_differences_do_not_add_up_unseen():
    clock = WallClock()
    clock.set(0, UTC_MS)
    steps = [clock.set(600_000 * n, UTC_MS + 600_000 * n + 30 * n) for n in range(1, 5)]
    assert steps == [None, 60, None, 60]


def test_drifting_a_day_after_the_last_word_of_the_host():
    clock = WallClock()
    clock.set(1000, UTC_MS)
    assert clock.quality(1000 + DAY_MS) == QUALITY_HOST_SET
    assert clock.quality(1001 + DAY_MS) == QUALITY_DRIFTING
    clock.set(2000 + DAY_MS, UTC_MS + 1000 + DAY_MS)
    assert clock.quality(2000 + DAY_MS) == QUALITY_HOST_SET


def test_time_that_no_record_can_hold_is_refused():
    clock = WallClock()
    for utc_ms in (-1, 253_402_300_800_000, (1 << 64) - 1):
        assert clock.set(1000, utc_ms) is None
    assert clock.quality(1000) == QUALITY_NONE
    assert clock.set(1000, 253_402_300_799_999) == 0


def test_host_in_1970_gives_no_negative_time():
    clock = WallClock()
    clock.set(60_000, 5)
    assert clock.utc_ms(250) == 0 and clock.utc_ms(60_001) == 6
