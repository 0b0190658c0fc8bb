"""Gates: longer confirmation, several pulses, detectors that see too little or too much."""

from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL, STATE_TAMPER
from tocsin.gate import Gate

WARN_QUIET, WARN_CONSTANT, WARN_PULSES = 3, 4, 9  # docs/record.md
N, A, T, F = STATE_NORMAL, STATE_ALARM, STATE_TAMPER, STATE_FAULT


def told(gate, changes, end_ms, every_ms=20):
    """[(state, since when)] that the zone is told; `changes`: [(ms, state)] of the input."""
    found = []
    before = N
    changes = list(changes)
    for now_ms in range(0, end_ms + 1, every_ms):
        while changes and changes[0][0] <= now_ms:
            at_ms, state = changes.pop(0)
            for _ in range(2):
                after = gate.tick(at_ms)
                if after != before:
                    found.append((after, gate.at_ms))
                    before = after
                gate.take(state, at_ms)
        after = gate.tick(now_ms)
        if after != before:
            found.append((after, gate.at_ms))
            before = after
    return found


def test_an_alarm_counts_when_it_has_lasted_and_to_the_millisecond():
    for every_ms in (1, 20, 137, 1000):
        for length_ms, is_told in ((999, False), (1000, True), (1001, True)):
            found = told(Gate({"confirm_ms": 1000}), [(100, A), (100 + length_ms, N)], 4000, every_ms)
            assert found == ([(A, 1100), (N, 100 + length_ms)] if is_told else []), (every_ms, length_ms)


def test_tamper_fault_and_rest_are_never_kept_back():
    found = told(Gate({"confirm_ms": 5000}), [(100, T), (200, F), (300, A), (400, N), (500, T)], 9000)
    assert found == [(T, 100), (F, 200), (N, 400), (T, 500)]


def test_an_alarm_that_goes_on_behind_a_tamper_is_confirmed_anew():
    found = told(Gate({"confirm_ms": 1000}), [(100, A), (2000, T), (3000, A)], 9000)
    assert found == [(A, 1100), (T, 2000), (A, 4000)]


def test_two_pulses_within_the_window_are_an_alarm_and_one_is_a_warning():
    config = {"pulses": 2, "pulse_window_s": 10}
    gate = Gate(config)
    assert told(gate, [(100, A), (600, N), (5000, A), (5500, N)], 20_000) == [(A, 5000), (N, 5500)]
    assert not gate.warnings
    gate = Gate(config)
    assert told(gate, [(100, A), (600, N)], 20_000) == []
    assert gate.warnings == 1 << WARN_PULSES


def test_the_window_begins_with_the_first_pulse():
    config = {"pulses": 3, "pulse_window_s": 10}
    for last_ms, is_told in ((10_099, True), (10_100, True), (10_101, False)):
        found = told(Gate(config), [(100, A), (600, N), (5000, A), (5500, N), (last_ms, A), (11_000, N)], 15_000, 1)
        assert found == ([(A, last_ms), (N, 11_000)] if is_told else []), last_ms


def test_a_pulse_that_does_not_end_is_worth_several():
    gate = Gate({"pulses": 3, "pulse_window_s": 10})
    assert told(gate, [(100, A), (30_000, N)], 40_000) == [(A, 10_100), (N, 30_000)]
    assert gate.warnings == 0


def test_pulses_and_confirmation_together():
    config = {"pulses": 2, "pulse_window_s": 10, "confirm_ms": 500}
    found = told(Gate(config), [(0, A), (300, N), (2000, A), (2400, N), (3000, A), (4000, N)], 6000)
    assert found == [(A, 3500), (N, 4000)]


def test_a_detector_that_sees_nobody_in_open_hours_is_masked():
    gate = Gate({"quiet_s": 3600})
    for minute in range(60):
        gate.tick(minute * 60_000, True)
        assert gate.warnings == 0
    for minute in range(60, 600):  # closed: nothing is expected, and nothing is forgotten
        gate.tick(minute * 60_000, False)
        assert gate.warnings == 0
    gate.tick(601 * 60_000, True)
    assert gate.warnings == 1 << WARN_QUIET
    gate.tick(700 * 60_000, False)
    assert gate.warnings == 1 << WARN_QUIET
    gate.take(A, 701 * 60_000)
    gate.tick(701 * 60_000, False)
    assert gate.warnings == 0


def test_a_detector_in_constant_alarm_is_told_until_it_rests():
    gate = Gate({"constant_s": 600})
    gate.take(A, 1000)
    for now_ms, warnings in ((1000, 0), (600_999, 0), (601_000, 1 << WARN_CONSTANT), (900_000, 1 << WARN_CONSTANT)):
        gate.tick(now_ms)
        assert gate.warnings == warnings
    gate.take(N, 950_000)
    gate.tick(950_000)
    assert gate.warnings == 0


def test_it_waits_only_while_an_alarm_is_not_told():
    gate = Gate({"confirm_ms": 1000})
    assert not gate.is_waiting
    gate.take(A, 0)
    gate.tick(10)
    assert gate.is_waiting
    gate.tick(1000)
    assert not gate.is_waiting
