"""The time in a record is never further off than its estimated error says, whatever the line and the crystal do."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tocsin.event import QUALITY_HOST_SIGNED
from tocsin.gateway_session import TIME_ANSWER_WITHIN_MS
from tocsin.wall_clock import SIGNED_WITHIN_MS, WallClock

UTC_MS = 1_790_000_000_000

# (true time until the ask, on the way to the host, on the way back) in ms
ASKS = st.lists(
    st.tuples(st.integers(1, 8 * 3_600_000), st.integers(0, 1000), st.integers(0, TIME_ANSWER_WITHIN_MS - 1000)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=200)
@given(ASKS, st.integers(-49, 49), st.integers(0, 12 * 3_600_000))
def test_error_is_never_above_the_estimate(asks: list[tuple[int, int, int]], crystal_ppm: int, later_ms: int) -> None:
    clock, true_ms = WallClock(), 0

    def uptime_ms() -> int:
        return true_ms + true_ms * crystal_ppm // 1_000_000

    def error_ms() -> int:
        return abs(clock.utc_ms(uptime_ms()) - UTC_MS - true_ms)

    for pause_ms, to_host_ms, back_ms in asks:
        true_ms += pause_ms
        asked_ms = uptime_ms()
        true_ms += to_host_ms
        utc_ms = UTC_MS + true_ms
        true_ms += back_ms
        round_trip_ms = uptime_ms() - asked_ms  # as gateway_session has it
        clock.set(uptime_ms(), utc_ms + round_trip_ms // 2, (round_trip_ms + 1) // 2 + 1)
        assert error_ms() <= clock.error_ms(uptime_ms())
    true_ms += later_ms
    assert error_ms() <= clock.error_ms(uptime_ms()) + 1  # of rounding
    if clock.quality(uptime_ms()) == QUALITY_HOST_SIGNED:
        assert error_ms() <= SIGNED_WITHIN_MS + 2
