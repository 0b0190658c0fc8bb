"""Quantities over generated readings: what a span forgets, what hysteresis allows, what the mould clock counts."""

from array import array

from hypothesis import given
from hypothesis import strategies as st
from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL
from tocsin.quantity import BINS, Quantity, Span

READINGS = st.lists(
    st.tuples(st.integers(1, 5_000_000), st.integers(-(10**6), 10**6)), min_size=1, max_size=60
)  # [(ms since the last, reading)]
MAYBE = st.one_of(st.none(), st.integers(-2000, 4000))


@given(READINGS, st.integers(BINS, 86_400_000))
def test_a_span_holds_all_that_is_younger_and_nothing_that_is_older(
    readings: list[tuple[int, int]], span_ms: int
) -> None:
    span = Span(span_ms)
    bin_ms = span_ms // BINS
    now_ms = 0
    taken: list[tuple[int, int]] = []
    for passed_ms, reading in readings:
        now_ms += passed_ms
        taken.append((now_ms, reading))
        span.take(reading, now_ms)
        sure = [value for at_ms, value in taken if at_ms > now_ms - bin_ms * (BINS - 1)]
        possible = [value for at_ms, value in taken if at_ms > now_ms - bin_ms * BINS]
        assert min(possible) <= span.lowest() <= min(sure)
        assert max(sure) <= span.highest() <= max(possible)


@given(st.lists(MAYBE, max_size=80), st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 500))
def test_states_follow_from_limits_and_come_back_only_within_the_hysteresis(
    readings: list[int | None], low: int, width: int, hysteresis: int
) -> None:
    high = low + width
    quantity = Quantity({"low_milli": low, "high_milli": high, "hysteresis_milli": hysteresis})
    inside = min(hysteresis, width // 4)
    before = STATE_NORMAL
    for at_ms, reading in enumerate(readings):
        state = quantity.take(reading, at_ms)
        if reading is None:
            assert state == STATE_FAULT
        elif not low <= reading <= high:
            assert state == STATE_ALARM
        elif low + inside <= reading <= high - inside or before != STATE_ALARM:
            assert state == STATE_NORMAL
        else:
            assert state == STATE_ALARM
        before = state


@given(READINGS, st.integers(0, 59), st.integers(0, 10**8))
def test_a_cut_forgets_nothing_of_a_span_that_is_younger_and_keeps_nothing_older(
    readings: list[tuple[int, int]], cut_after: int, off_ms: int
) -> None:
    span_ms = 86_400_000
    bin_ms = span_ms // BINS
    span, now_ms, base_ms = Span(span_ms), 0, 0
    taken: list[tuple[int, int]] = []
    for number, (passed_ms, reading) in enumerate(readings):
        now_ms += passed_ms
        span.take(reading, now_ms - base_ms)
        taken.append((now_ms, reading))
        if number == cut_after:
            kept, span = span.snapshot(), Span(span_ms)
            span.resume(array("i", kept))
            span.age(off_ms)
            now_ms += off_ms
            base_ms = now_ms
    # Each of two uptimes begins within a bin, and so does what passed between.
    sure = [value for at_ms, value in taken if at_ms > now_ms - bin_ms * (BINS - 3)]
    possible = [value for at_ms, value in taken if at_ms > now_ms - bin_ms * (BINS + 2)]
    assert min(possible) <= span.lowest() <= min(sure)
    assert max(sure) <= span.highest() <= max(possible)


@given(st.lists(st.tuples(st.integers(1, 600), st.booleans()), max_size=60), st.integers(1, 7200))
def test_the_mould_clock_is_the_sum_of_damp_and_dry_time_within_its_ends(
    stretches: list[tuple[int, bool]], mould_s: int
) -> None:
    quantity = Quantity({"hysteresis_milli": 1000, "mould_s": mould_s})
    quantity.take(50_000, 0)
    now_s = damp_s = 0
    for passed_s, is_damp in stretches:
        now_s += passed_s
        quantity.take(80_000 if is_damp else 60_000, now_s * 1000)
        damp_s = min(damp_s + passed_s, 2 * mould_s) if is_damp else max(damp_s - passed_s, 0)
        assert bool(quantity.warnings >> 6 & 1) == (damp_s >= mould_s)


@given(st.lists(st.tuples(st.integers(1, 600), st.integers(0, 3)), max_size=60), st.integers(60, 3600))
def test_a_reading_is_stuck_exactly_when_it_did_not_move_for_so_long(
    readings: list[tuple[int, int]], stuck_s: int
) -> None:
    quantity = Quantity({"hysteresis_milli": 1, "stuck_s": stuck_s})
    now_s = moved_s = 0
    last: int | None = None
    for passed_s, reading in readings:
        now_s += passed_s
        if reading != last:
            last, moved_s = reading, now_s
        is_stuck = now_s - moved_s >= stuck_s
        assert quantity.take(reading, now_s * 1000) == (STATE_FAULT if is_stuck else STATE_NORMAL)
        assert bool(quantity.warnings >> 2 & 1) == is_stuck
