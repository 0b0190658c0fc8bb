"""Quantities: limits, what changes within a time, mould, values that stand still or cannot be."""

from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL
from tocsin.quantity import BINS, Quantity, Span

HOUR_MS = 3_600_000
WARN_STUCK, WARN_CHANGE, WARN_MOULD = 2, 5, 6  # docs/record.md
RH = {"low_milli": 40_000, "high_milli": 60_000, "hysteresis_milli": 1000}


def quantity(**more):
    config = dict(RH)
    config.update(more)
    return Quantity(config)


def warned(found, code):
    return bool(found.warnings >> code & 1)


def test_limits_with_hysteresis_and_only_one_of_them():
    rh = quantity()
    assert [rh.take(value, 0) for value in (50_000, 60_001, 59_500, 59_000, 39_999)] == [0, 1, 1, 0, 1]
    level = Quantity({"high_milli": 300, "hysteresis_milli": 10})
    assert [level.take(mm, 0) for mm in (-5, 300, 301, 291, 290)] == [0, 0, 1, 1, 0]


def test_limits_leave_an_alarm_only_inside_the_hysteresis():
    limits = quantity(low_milli=16_000, high_milli=25_000, hysteresis_milli=300)
    readings = (16_000, 25_000, 25_001, 24_701, 24_700, 15_999, 16_299, 16_300)
    assert [limits.take(reading, 0) for reading in readings] == [0, 0, 1, 1, 0, 1, 1, 0]


def test_limits_below_zero():
    limits = quantity(low_milli=-20_000, high_milli=-5000, hysteresis_milli=300)
    assert [limits.take(mc, 0) for mc in (-10_000, -20_001, -19_701, -19_700, -4999)] == [0, 1, 1, 0, 1]


def test_limits_without_a_reading_are_a_fault_at_once_and_judge_the_next_one():
    limits = quantity(low_milli=0, high_milli=10_000, hysteresis_milli=300)
    assert [limits.take(mc, 0) for mc in (None, 9900, None, 10_001)] == [3, 0, 3, 1]


def test_narrow_range_can_be_left_too():
    for width in range(5):
        limits = quantity(low_milli=1000, high_milli=1000 + width, hysteresis_milli=300)
        assert limits.take(2000, 0) == STATE_ALARM
        assert limits.take(1000 + width // 2, 0) == STATE_NORMAL, width


def test_no_reading_and_a_reading_that_cannot_be_are_faults():
    current = Quantity({"high_milli": 300, "hysteresis_milli": 5, "least_milli": -50, "most_milli": 2125})
    found = [current.take(mm, 0) for mm in (None, 0, -51, -50, 2126, 2125, 0)]
    assert found == [STATE_FAULT, STATE_NORMAL, STATE_FAULT, STATE_NORMAL, STATE_FAULT, STATE_ALARM, STATE_NORMAL]


def test_a_span_forgets_what_is_older_and_no_sooner():
    span = Span(24 * HOUR_MS)
    span.take(90, 0)
    for hours_2 in range(1, 48):
        span.take(50, hours_2 * HOUR_MS // 2)
        assert (span.lowest(), span.highest()) == (50, 90)
    span.take(60, 24 * HOUR_MS)
    assert (span.lowest(), span.highest()) == (50, 60)
    span.take(70, 100 * HOUR_MS)
    assert (span.lowest(), span.highest()) == (70, 70)


def test_a_span_has_no_more_than_its_bins_after_any_time():
    span = Span(480)
    for at_ms in (0, 5, 479, 480, 10_000, 10_470, 1 << 41):
        span.take(at_ms & 0xFFFF, at_ms)
        assert span.highest() >= at_ms & 0xFFFF
    assert BINS == 48


def test_more_than_ten_per_cent_in_a_day_is_a_warning_until_the_day_is_over():
    rh = quantity(change_milli=10_000, span_s=86_400)
    states = []
    for hours, value in ((0, 45_000), (10, 55_000), (20, 55_001), (23.4, 55_001), (24, 55_001), (30, 55_001)):
        states.append((rh.take(value, round(hours * HOUR_MS)), warned(rh, WARN_CHANGE)))
    expected = [False, False, True, True, False, False]
    assert states == [(STATE_NORMAL, is_warned) for is_warned in expected]


def test_a_slow_drift_of_the_same_size_is_none():
    rh = quantity(change_milli=10_000, span_s=86_400)
    for half_hours in range(96):
        assert rh.take(41_000 + half_hours * 190, half_hours * HOUR_MS // 2) == STATE_NORMAL
        assert not warned(rh, WARN_CHANGE)


def test_water_that_rises_fast_is_an_alarm_below_the_limit():
    level = Quantity({"high_milli": 300, "hysteresis_milli": 10, "rise_milli": 50, "span_s": 600})
    for second in range(0, 3600, 10):
        assert level.take(second // 20, second * 1000) == STATE_NORMAL  # 30 mm in ten minutes
    states = [level.take(180 + (second - 3600) // 10, second * 1000) for second in range(3600, 4300, 10)]
    assert states[0] == STATE_NORMAL and states[-1] == STATE_ALARM
    assert states.index(STATE_ALARM) * 10 <= 500
    states = [level.take(250, second * 1000) for second in range(4300, 5200, 10)]
    assert states[0] == STATE_ALARM and states[-1] == STATE_NORMAL


def test_water_that_falls_fast_is_none():
    level = Quantity({"high_milli": 300, "hysteresis_milli": 10, "rise_milli": 50, "span_s": 600})
    assert {level.take(290 - second // 2, second * 1000) for second in range(0, 500, 10)} == {STATE_NORMAL}


def test_the_very_same_reading_for_a_day_is_a_fault_until_it_moves():
    rh = quantity(stuck_s=86_400)
    found = []
    for hours, value in ((0, 50_000), (23.9, 50_000), (24, 50_000), (48, 50_000), (49, 50_001), (72.9, 50_001)):
        found.append((rh.take(value, round(hours * HOUR_MS)), warned(rh, WARN_STUCK)))
    calm, stuck = (STATE_NORMAL, False), (STATE_FAULT, True)
    assert found == [calm, calm, stuck, stuck, calm, calm]


def test_a_sensor_that_was_gone_is_not_stuck_when_it_comes_back():
    rh = quantity(stuck_s=86_400)
    rh.take(50_000, 0)
    rh.take(None, 23 * HOUR_MS)
    assert rh.take(50_000, 25 * HOUR_MS) == STATE_NORMAL and not warned(rh, WARN_STUCK)


def test_the_mould_clock_counts_damp_hours_up_and_dry_ones_down():
    rh = quantity(high_milli=90_000, mould_s=100 * 3600)
    hour = 0

    def pass_hours(hours, value):
        nonlocal hour
        for _ in range(hours):
            hour += 1
            rh.take(value, hour * HOUR_MS)
        return warned(rh, WARN_MOULD)

    rh.take(76_000, 0)
    assert not pass_hours(99, 76_000)
    assert pass_hours(1, 76_000)
    assert not pass_hours(1, 75_000)
    assert not pass_hours(20, 60_000)
    assert not pass_hours(20, 75_001)
    assert pass_hours(1, 75_001)


def after_a_cut(before, off_ms, utc_min=1000, **more):
    """The same quantity as a restart makes it, once the clock told that the power was off for `off_ms`."""
    found = quantity(**more)
    found.resume(before.snapshot(1 << 40, utc_min * 60_000))
    found.snapshot(0, utc_min * 60_000 + off_ms)
    return found


def test_the_mould_clock_goes_on_over_a_cut_and_counts_no_hour_of_it():
    options = {"high_milli": 90_000, "mould_s": 36_000}
    rh = quantity(**options)
    rh.take(80_000, 0)
    rh.take(80_000, 9 * HOUR_MS)
    rh = after_a_cut(rh, 5 * HOUR_MS, **options)
    rh.take(80_000, 1000)
    assert not warned(rh, WARN_MOULD)
    rh.take(80_000, HOUR_MS)
    assert warned(rh, WARN_MOULD)
    again = after_a_cut(rh, 0, **options)
    assert warned(again, WARN_MOULD), "what was told is known"


def test_a_change_over_a_cut_is_one_until_its_first_reading_is_a_day_old():
    options = {"change_milli": 10_000, "span_s": 86_400}
    rh = quantity(**options)
    rh.take(45_000, 100 * HOUR_MS)
    rh.take(50_000, 101 * HOUR_MS)
    rh = after_a_cut(rh, 2 * HOUR_MS, **options)
    rh.take(55_001, 1000)
    assert warned(rh, WARN_CHANGE)
    rh.take(55_001, 20 * HOUR_MS)
    assert warned(rh, WARN_CHANGE)
    rh.take(55_001, 22 * HOUR_MS)
    assert not warned(rh, WARN_CHANGE)
    later = after_a_cut(rh, 30 * HOUR_MS, **options)
    later.take(70_000, 1000)
    assert not warned(later, WARN_CHANGE), "a day without power, and all of it is old"


def test_what_is_worth_keeping_at_once_and_what_in_an_hour():
    rh = quantity(change_milli=10_000, span_s=86_400)
    for value, is_kept in ((50_000, False), (52_500, False), (52_501, True), (55_002, True), (60_001, True)):
        rh.take(value, 0)
        assert bool(rh.snapshot(0, 0)) == is_kept, value
    assert not rh.snapshot(HOUR_MS - 1, 0) and rh.snapshot(HOUR_MS, 0) and not rh.snapshot(HOUR_MS, 0)
    rh.take(60_001, 30 * HOUR_MS)
    assert rh.snapshot(HOUR_MS, 0), "a warning that is over"


def test_what_was_kept_of_another_quantity_is_left_alone():
    options = {"change_milli": 10_000, "span_s": 86_400}
    for kept in (b"", bytes(12), bytes(4 * 99), quantity(mould_s=5).snapshot(HOUR_MS, 0)):
        rh = quantity(**options)
        rh.resume(kept)
        rh.take(50_000, 0)
        assert not rh.warnings
    damp = quantity(mould_s=5)
    damp.resume(quantity(**options).snapshot(HOUR_MS, 0))
    damp.take(80_000, 4000)
    assert not damp.warnings


def test_hours_without_a_reading_grow_no_mould():
    rh = quantity(high_milli=90_000, mould_s=36_000)
    rh.take(80_000, 0)
    rh.take(None, 20 * HOUR_MS)
    rh.take(80_000, 20 * HOUR_MS + 1000)
    assert not warned(rh, WARN_MOULD)


def test_readings_of_every_size_are_kept_whole():
    for reading in (-55_000, 0, 125_000, 100_000_000, -100_000_000):
        found = Quantity({"hysteresis_milli": 1, "change_milli": 1, "span_s": 60})
        assert found.take(reading, 0) == STATE_NORMAL
        found.take(reading + 2, 1000)
        assert warned(found, WARN_CHANGE)
        assert found.take(None, 2000) == STATE_FAULT and STATE_ALARM == 1
