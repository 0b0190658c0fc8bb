"""Outputs: what switches them, that nothing outlasts its limit, and what is recorded of it."""

from support_virtual import Tape
from tocsin.event import TYPE_OUTPUT
from tocsin_fw.outputs import Outputs

SIREN = {"output": 1, "pin": 16, "active": 1, "shows": 1 | 2 | 256, "limit_s": 180, "quiet": 1}
LIGHT = {"output": 2, "pin": 17, "active": 0, "shows": 1 | 4, "limit_s": 0}
BUZZER = {"output": 3, "pin": 18, "active": 1, "shows": 8 | 32, "limit_s": 60}
ALARM, FAULT, ENTRY, CHIME, FIRE = 1, 4, 8, 32, 256
OPEN, CLOSED = 0, 1


class _Bench:
    def __init__(self):
        self.tape = Tape()
        self.pins = {}
        self.outputs = Outputs([SIREN, LIGHT, BUZZER], self._set, self.tape)

    def _set(self, pin, level):
        self.pins[pin] = level

    def show(self, shows, fresh=0, mode=CLOSED, now_ms=0):
        return self.outputs.update(shows, fresh, mode, now_ms)

    def told(self):
        """[(1 on or 0 off, output, why, ms)] since the last time."""
        records, self.tape.records = self.tape.records, []
        assert all(record[0] == TYPE_OUTPUT for record in records)
        return [(r[4], r[5] & 255, r[5] >> 8, r[6]) for r in records]


def test_everything_is_off_from_the_beginning_also_what_is_active_low():
    bench = _Bench()
    assert bench.pins == {16: 0, 17: 1, 18: 0}
    assert bench.show(0) == 0 and bench.told() == []


def test_an_alarm_is_shown_by_what_shows_it_and_a_limit_ends_it():
    bench = _Bench()
    assert bench.show(ALARM, ALARM, now_ms=500) == 180_500
    assert bench.pins == {16: 1, 17: 0, 18: 0}
    bench.show(ALARM, now_ms=180_499)
    assert bench.pins[16] == 1
    assert bench.show(ALARM, now_ms=180_500) == 0
    assert bench.pins == {16: 0, 17: 0, 18: 0}
    assert bench.told() == [(1, 1, 1, 500), (1, 2, 1, 500), (0, 1, 15, 180_500)]
    bench.show(0, now_ms=200_000)
    assert bench.told() == [(0, 2, 0, 200_000)] and bench.pins[17] == 1


def test_what_had_its_time_is_quiet_until_an_alarm_is_fresh():
    bench = _Bench()
    bench.show(ALARM, ALARM)
    bench.show(ALARM, now_ms=180_000)
    bench.show(ALARM, now_ms=500_000)
    assert bench.pins[16] == 0
    assert bench.show(ALARM, ALARM, now_ms=600_000) == 780_000
    assert bench.pins[16] == 1


def test_a_fresh_alarm_does_not_make_a_limit_longer():
    bench = _Bench()
    bench.show(ALARM, ALARM)
    assert bench.show(ALARM, ALARM, now_ms=179_000) == 180_000
    bench.show(ALARM, now_ms=180_000)
    assert bench.pins[16] == 0


def test_a_quiet_mode_silences_all_but_fire():
    bench = _Bench()
    bench.show(ALARM, ALARM, OPEN)
    assert bench.pins[16] == 0 and bench.pins[17] == 0
    bench.show(ALARM | FIRE, ALARM | FIRE, OPEN)
    assert bench.pins[16] == 1


def test_a_chime_is_not_recorded_and_an_entry_is():
    bench = _Bench()
    bench.show(CHIME)
    assert bench.pins[18] == 1
    bench.show(0, now_ms=1000)
    assert bench.pins[18] == 0 and bench.told() == []
    bench.show(ENTRY, now_ms=2000)
    assert bench.told() == [(1, 3, 4, 2000)]


def test_what_had_its_time_stays_quiet_after_a_restart():
    bench = _Bench()
    bench.show(ALARM, ALARM)
    bench.show(ALARM, now_ms=180_000)
    assert bench.outputs.is_changed
    again = _Bench()
    again.outputs.resume(bench.outputs.kept())
    again.show(ALARM)
    assert again.pins == {16: 0, 17: 0, 18: 0}
    again.outputs.resume([])
    again.outputs.resume([0] * 9)
    try:
        again.outputs.resume(["x"])
    except TypeError:
        pass
    else:
        raise AssertionError
