"""Loops: from readings to states."""

from tocsin.analog import (
    FAST_LOOP_CONFIRMATIONS,
    FAST_LOOP_PERIOD_MS,
    LOOP_CONFIRMATIONS,
    LOOP_PERIOD_MS,
    Loop,
)
from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL, STATE_TAMPER

WARN_DRIFT, WARN_NOISE = 1, 7  # docs/record.md
SHORT, REST, CALL, CUT = 100, 1000, 2000, 3000


def a_loop():
    return Loop(500, 1500, 2500)


def settled(loop, state):
    """A loop brought to a state."""
    reading_mv = {STATE_NORMAL: REST, STATE_ALARM: CALL, STATE_TAMPER: CUT, STATE_FAULT: SHORT}[state]
    for _ in range(LOOP_CONFIRMATIONS):
        loop.take(reading_mv)
    assert loop.state == state
    return loop


def test_the_present_state_reaches_a_little_beyond_its_limits():
    n, a, t, f = STATE_NORMAL, STATE_ALARM, STATE_TAMPER, STATE_FAULT
    readings = (0, 479, 480, 499, 500, 519, 520, 1479, 1480, 1499, 1500, 1519, 1520, 2479, 2480, 2519, 2520, 3300)
    expected = {
        n: (f, f, n, n, n, n, n, n, n, n, n, n, a, a, a, t, t, t),
        a: (f, f, f, f, n, n, n, n, a, a, a, a, a, a, a, a, t, t),
        t: (f, f, f, f, n, n, n, n, n, n, a, a, a, a, t, t, t, t),
        f: (f, f, f, f, f, f, n, n, n, n, a, a, a, a, a, t, t, t),
    }
    for state, states in expected.items():
        loop = settled(a_loop(), state)
        assert tuple(loop.classify(mv) for mv in readings) == states, state


def test_the_counter_of_a_loop_leaks():
    loop = a_loop()
    assert [loop.take(mv) for mv in (CALL, CALL, REST, REST, CALL, CALL)] == [STATE_NORMAL] * 6
    assert loop.take(CALL) == STATE_ALARM
    assert [loop.take(mv) for mv in (REST, REST, CALL, REST)] == [STATE_ALARM] * 4
    assert loop.take(REST) == STATE_NORMAL


def test_no_play_between_two_other_states_stays_unseen():
    loop = a_loop()
    states = [loop.take(mv) for mv in (CALL, CUT, CALL, CUT, CUT, CUT)]
    assert states == [STATE_NORMAL, STATE_NORMAL, STATE_ALARM, STATE_ALARM, STATE_ALARM, STATE_TAMPER]


def test_a_reading_that_flutters_at_a_limit_moves_nothing():
    loop = a_loop()
    assert {loop.take(mv) for mv in (1490, 1519) * 100} == {STATE_NORMAL}
    loop = settled(a_loop(), STATE_ALARM)
    assert {loop.take(mv) for mv in (1481, 1510) * 100} == {STATE_ALARM}


def test_resistors_that_drift_are_a_warning_that_ends():
    loop = Loop(500, 1500, 2500, REST)  # a quarter of the way to a limit: 125 mV
    for mv, warned in ((1120, 0), (1140, 1 << WARN_DRIFT), (1100, 1 << WARN_DRIFT), (1050, 0), (860, 1 << WARN_DRIFT)):
        for _ in range(3000):
            assert loop.take(mv) == STATE_NORMAL
        assert loop.warnings == warned, mv
        assert abs(loop.mean_mv - mv) <= 1


def test_an_alarm_is_no_drift():
    loop = Loop(500, 1500, 2500, REST)
    for _ in range(3000):
        loop.take(CALL)
    assert loop.warnings == 0 and loop.mean_mv == REST


def test_noise_is_told_minute_by_minute():
    loop = Loop(500, 1500, 2500, REST)
    for spread_mv, is_warned in ((250, False), (251, True), (188, True), (187, False)):
        for turn in range(600):
            loop.take(REST + (spread_mv if turn & 1 else 0) - spread_mv // 2)
        assert loop.noise_mv == spread_mv
        assert bool(loop.warnings >> WARN_NOISE & 1) == is_warned, spread_mv


def test_a_fast_loop_needs_two_readings():
    loop = Loop(500, 1500, 2500, 0, FAST_LOOP_CONFIRMATIONS)
    assert [loop.take(mv) for mv in (CALL, REST, CALL, CALL)] == [STATE_NORMAL, STATE_NORMAL, STATE_NORMAL, STATE_ALARM]
    for first_ms in range(FAST_LOOP_PERIOD_MS):
        for length_ms, is_seen in ((50, True), (25, False)):
            loop = Loop(500, 1500, 2500, 0, FAST_LOOP_CONFIRMATIONS)
            times = range(first_ms, 1000, FAST_LOOP_PERIOD_MS)
            states = [loop.take(CALL if 500 <= at_ms < 500 + length_ms else REST) for at_ms in times]
            assert (STATE_ALARM in states) == is_seen


def test_loop_without_readings_is_a_fault_and_comes_back():
    loop = a_loop()
    assert [loop.take(None) for _ in range(3)] == [STATE_NORMAL, STATE_NORMAL, STATE_FAULT]
    assert [loop.take(REST) for _ in range(3)] == [STATE_FAULT, STATE_FAULT, STATE_NORMAL]


def test_activation_of_400_ms_is_seen_at_every_phase_and_two_readings_never():
    for first_ms in range(LOOP_PERIOD_MS):
        loop = a_loop()
        times = range(first_ms, 2000, LOOP_PERIOD_MS)
        assert STATE_ALARM in [loop.take(CALL if 500 <= at_ms < 900 else REST) for at_ms in times]
        loop = a_loop()
        assert STATE_ALARM not in [loop.take(CALL if 500 <= at_ms < 700 else REST) for at_ms in times]
    assert LOOP_CONFIRMATIONS * LOOP_PERIOD_MS < 400
