"""Loops and limits: from readings to states."""

from tocsin.analog import LOOP_CONFIRMATIONS, LOOP_PERIOD_MS, Limits, Loop
from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL, STATE_TAMPER

SHORT, REST, CALL, CUT = 100, 1000, 2000, 3000


def a_loop():
    return Loop(500, 1500, 2500)


def test_classify_at_every_limit():
    loop = a_loop()
    states = [loop.classify(mv) for mv in (0, 499, 500, 1499, 1500, 2499, 2500, 3300)]
    expected = [STATE_FAULT, STATE_NORMAL, STATE_ALARM, STATE_TAMPER]
    assert states == [state for state in expected for _ in (0, 1)]


def test_loop_needs_three_alike_in_a_row():
    loop = a_loop()
    assert [loop.take(mv) for mv in (CALL, CALL, REST, CALL, CALL)] == [STATE_NORMAL] * 5
    assert loop.take(CALL) == STATE_ALARM
    assert [loop.take(mv) for mv in (REST, CUT, REST, CUT, CUT)] == [STATE_ALARM] * 5
    assert loop.take(CUT) == STATE_TAMPER


def test_loop_between_two_other_states_stays_until_one_is_sure():
    loop = a_loop()
    assert [loop.take(mv) for mv in (CALL, CUT, CALL, CUT, CALL, CUT)] == [STATE_NORMAL] * 6
    assert [loop.take(SHORT) for _ in range(3)] == [STATE_NORMAL, STATE_NORMAL, STATE_FAULT]


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


def test_limits_leave_an_alarm_only_inside_the_hysteresis():
    limits = Limits(16000, 25000, 300)
    readings = (16000, 25000, 25001, 24701, 24700, 15999, 16299, 16300)
    states = [limits.take(reading) for reading in readings]
    n, a = STATE_NORMAL, STATE_ALARM
    assert states == [n, n, a, a, n, a, a, n]


def test_limits_below_zero():
    limits = Limits(-20000, -5000, 300)
    assert [limits.take(mc) for mc in (-10000, -20001, -19701, -19700, -4999)] == [0, 1, 1, 0, 1]


def test_limits_without_a_reading_are_a_fault_at_once_and_judge_the_next_one():
    limits = Limits(0, 10000, 300)
    assert [limits.take(mc) for mc in (None, 9900, None, 10001)] == [
        STATE_FAULT,
        STATE_NORMAL,
        STATE_FAULT,
        STATE_ALARM,
    ]


def test_narrow_range_can_be_left_too():
    for width in range(5):
        limits = Limits(1000, 1000 + width, 300)
        assert limits.take(2000) == STATE_ALARM
        assert limits.take(1000 + width // 2) == STATE_NORMAL, width
