"""Loops and quantities: due times, faults that stop nobody else, sensors that ask for patience, warnings, readings."""

from support_virtual import FakeHal, Tape
from tocsin.event import NO_READING
from tocsin.zone import Zone
from tocsin_fw import measure

NORMAL, ALARM, TAMPER, FAULT = range(4)
LOOP = {"type": "loop", "adc": 0, "normal_from_mv": 500, "alarm_from_mv": 1500, "open_from_mv": 2500}
WARM = {"type": "temperature", "sensor": "28-1", "low_milli": 16_000, "high_milli": 25_000, "period_s": 60}
WARM["hysteresis_milli"] = 300
EAGAIN, EIO, ERANGE = 11, 5, 34


class _Bench:
    def __init__(self, *more):
        self.hal = FakeHal()
        self.hal.readings = {0: 1000, "28-1": 20_000}
        self.announced = []
        self.warned = []
        self.tape = Tape()
        entries = (LOOP, WARM) + more
        found = [measure.of_zone(entry, Zone(i + 1, "3333"), self.hal) for i, entry in enumerate(entries)]
        self.measurements = measure.Measurements(found, self, self.tape)

    def announce(self, zone, state, value, count, at_ms):
        """As the guard, for which a state that is not new is none."""
        if state == zone.state:
            return
        zone.state = state
        self.announced.append((zone.number, state, value, count, at_ms))

    def warn(self, number, code, value, at_ms):
        self.warned.append((number, code, value, at_ms))

    def run(self, from_ms, to_ms):
        """Take readings as the task does; return how many times it woke."""
        wakes = 0
        while from_ms < to_ms:
            next_ms = self.measurements.take_due(from_ms, int(from_ms <= 600))
            assert from_ms < next_ms <= from_ms + 1000
            from_ms = next_ms
            wakes += 1
        return wakes


def test_a_loop_is_read_every_100_ms_and_needs_three_readings():
    bench = _Bench()
    assert bench.run(1000, 2000) == 10 and bench.announced == []
    bench.hal.readings[0] = 3000
    bench.run(2000, 2200)
    assert bench.announced == []
    bench.run(2200, 3000)
    assert bench.announced == [(1, TAMPER, 3000, 0, 2200)]


def test_what_is_not_normal_at_start_was_found_so():
    bench = _Bench()
    bench.hal.readings[0] = 2000
    bench.run(250, 1000)
    assert bench.announced == [(1, ALARM, 2000, 1, 450)]


def test_a_missing_sensor_is_a_fault_of_its_zone_after_three_more_tries_and_the_others_go_on():
    bench = _Bench()
    del bench.hal.readings["28-1"]
    bench.run(1000, 5000)
    assert bench.announced == [(2, FAULT, NO_READING, 0, 4000)]
    bench.hal.readings[0] = 0
    bench.run(5000, 6000)
    assert bench.announced[1:] == [(1, FAULT, 0, 0, 5200)]
    bench.hal.readings["28-1"] = 21_000
    bench.run(6000, 65_000)
    assert bench.announced[2:] == [(2, NORMAL, 21_000, 0, 64_000)]


def test_one_damaged_answer_is_no_fault():
    bench = _Bench()
    bench.hal.readings["28-1"] = OSError(EIO)
    bench.run(1000, 3500)
    bench.hal.readings["28-1"] = 20_000
    bench.run(3500, 70_000)
    assert bench.announced == []


def test_a_reading_that_cannot_be_is_a_warning_and_a_fault():
    bench = _Bench()
    bench.hal.readings["28-1"] = OSError(ERANGE)
    bench.run(1000, 5000)
    assert bench.announced == [(2, FAULT, NO_READING, 0, 4000)] and bench.warned == [(2, 8, NO_READING, 4000)]
    bench.hal.readings["28-1"] = 20_000
    bench.run(5000, 65_000)
    assert bench.warned[1:] == [(2, 8 + 256, 20_000, 64_000)]


def test_a_temperature_is_read_in_its_period_and_has_hysteresis():
    bench = _Bench()
    for from_ms, reading_mc in ((0, 25_001), (60_000, 24_800), (120_000, 24_700)):
        bench.hal.readings["28-1"] = reading_mc
        bench.run(from_ms, from_ms + 60_000)
    assert bench.announced == [(2, ALARM, 25_001, 1, 0), (2, NORMAL, 24_700, 0, 120_000)]


def test_a_first_conversion_that_has_not_ended_is_no_fault():
    bench = _Bench()
    bench.hal.readings["28-1"] = OSError(EAGAIN)
    bench.run(250, 1250)
    bench.hal.readings["28-1"] = 26_000
    bench.run(1250, 2000)
    assert bench.announced == [(2, ALARM, 26_000, 0, 1250)]


def test_a_sensor_that_asks_for_patience_for_ever_is_a_fault():
    bench = _Bench()
    bench.hal.readings["28-1"] = OSError(EAGAIN)
    bench.run(1000, 130_000)
    assert bench.announced == [(2, FAULT, NO_READING, 0, 4000)]


LEVEL = {"type": "level", "adc": 1, "zero_mv": 600, "gain": 2000, "per_mv": 2400, "period_s": 10, "high_milli": 300}
LEVEL.update({"hysteresis_milli": 10, "least_milli": -50, "most_milli": 2125})


DAMP = {"type": "humidity", "sensor": "sht4x-44/rh", "period_s": 60, "hysteresis_milli": 1000}
DAMP.update({"change_milli": 10_000, "span_s": 86_400, "mould_s": 5400})
KEPT_MS = 1_000_000 * 60_000  # UTC


class _Memory:
    """As `Memory`, written at once; `writes` counts."""

    def __init__(self):
        self.files = {}
        self.load = self.files.get
        self.writes = 0

    def keep(self, name, data):
        self.files[name] = data
        self.writes += 1


class _Hours:
    """A clock that knows the time from `known_from_ms` on."""

    def __init__(self, utc_at_0_ms, known_from_ms=0):
        self.utc_at_0_ms = utc_at_0_ms
        self.known_from_ms = known_from_ms

    def utc_ms(self, now_ms):
        return self.utc_at_0_ms + now_ms if now_ms >= self.known_from_ms else 0


def _damp(memory, clock, rh):
    bench = _Bench()
    bench.hal.memory, bench.tape.clock = memory, clock
    bench.hal.readings["sht4x-44/rh"] = rh
    made = measure.of_zone(DAMP, Zone(9, "3333"), bench.hal)
    bench.measurements = measure.Measurements([made], bench, bench.tape)
    return bench


def test_change_and_mould_go_on_over_a_restart_and_are_told_once():
    memory, hour = _Memory(), 3_600_000
    first = _damp(memory, _Hours(KEPT_MS), 70_000)
    first.run(0, 60_000)
    first.hal.readings["sht4x-44/rh"] = 80_000
    first.run(60_000, hour + 61_000)
    assert (first.warned, memory.writes) == ([], 2), (first.warned, memory.writes)
    # The power was off for an hour; a minute passes until the host tells the time.
    second = _damp(memory, _Hours(KEPT_MS + 2 * hour, 60_000), 80_001)
    second.run(0, hour // 2 + 60_000)
    assert second.warned == [(9, 5, 80_001, 0), (9, 6, 80_001, 1_740_000)], "3660 s damp were kept"
    third = _damp(memory, _Hours(KEPT_MS + 3 * hour), 75_000)
    third.run(0, 180_000)
    assert third.warned == [(9, 6 + 256, 75_000, 60_000)], "what was told before is not told again"
    long_off = _damp(memory, _Hours(KEPT_MS + 40 * hour), 75_000)
    long_off.run(0, 120_000)
    assert long_off.warned == [(9, 5 + 256, 75_000, 60_000)], "what made it a change is more than a day old"


def test_a_zone_with_nothing_to_keep_keeps_nothing():
    assert measure.of_zone(dict(WARM), Zone(9, "3333"), FakeHal()).keep is None


def test_a_voltage_is_scaled_and_what_no_current_can_be_is_a_fault():
    bench = _Bench(LEVEL)
    for from_ms, reading_mv in ((0, 600), (10_000, 1200), (20_000, 500), (30_000, 3200)):
        bench.hal.readings[1] = reading_mv
        bench.run(from_ms, from_ms + 10_000)
    assert bench.announced == [(3, ALARM, 500, 0, 10_000), (3, FAULT, -84, 0, 20_000)]


def test_an_alarm_that_must_last_is_told_when_it_has():
    bench = _Bench(dict(LEVEL, confirm_ms=25_000))
    bench.hal.readings[1] = 600
    bench.run(0, 10_000)
    bench.hal.readings[1] = 1200
    bench.run(10_000, 60_000)
    assert bench.announced == [(3, ALARM, 500, 0, 35_000)]


def test_readings_are_journalled_at_their_own_pace():
    bench = _Bench(dict(LEVEL, journal_s=60), dict(LOOP, journal_s=120, normal_mv=1000))
    bench.hal.readings[1] = 840
    bench.run(0, 200_000)
    levels = [(r[4], r[5]) for r in bench.tape.records if r[:2] == (18, 3)]
    loops = [(r[4], r[5]) for r in bench.tape.records if r[:2] == (18, 4)]
    assert levels == [(200, 0)] * 4 and loops == [(1000, 0)] * 2
    bench.hal.readings[1] = OSError(EIO)
    bench.run(200_000, 400_000)
    assert len([r for r in bench.tape.records if r[:2] == (18, 3)]) == 4


def test_the_noise_of_a_loop_stands_beside_its_reading():
    bench = _Bench(dict(LOOP, journal_s=60, normal_mv=1000))
    for step in range(700):
        bench.hal.readings[0] = 1040 if step & 1 else 1000
        bench.run(step * 100, step * 100 + 100)
    assert [r[5] for r in bench.tape.records if r[1] == 3] == [0, 40]


def test_a_fast_loop_is_read_every_25_ms():
    bench = _Bench(dict(LOOP, layer=0))
    bench.run(1000, 2000)
    bench.hal.readings[0] = 2000
    bench.run(2000, 3000)
    assert bench.announced == [(3, ALARM, 2000, 0, 2025), (1, ALARM, 2000, 0, 2200)]


def test_wind_and_tilt_are_read_by_their_names():
    wind = {"type": "wind", "sensor": "pulses-7", "mm_per_pulse": 1000, "mean_milli": 10_000, "gust_milli": 20_000}
    tilt = {"type": "tilt", "sensor": "lis3dh-18", "tilt_milli": 5000, "shake_milli": 100}
    bench = _Bench(wind, tilt)
    bench.hal.readings.update({"pulses-7": 0, "lis3dh-18/tilt": 0, "lis3dh-18/shake": 0})
    bench.run(0, 10_000)
    bench.hal.readings.update({"pulses-7": 90, "lis3dh-18/shake": 130})
    bench.run(10_000, 10_250)
    bench.hal.readings["lis3dh-18/shake"] = 0
    bench.run(10_250, 12_000)
    assert bench.announced == [(3, ALARM, 30_000, 0, 10_000), (4, ALARM, -130, 0, 10_000)]


def test_a_zone_that_asks_for_nothing_has_no_gate():
    assert measure.gate_for({"zone": 1, "pin": 2, "confirm_ms": 0}) is None
    for field in ("confirm_ms", "pulses", "quiet_s", "constant_s"):
        assert measure.gate_for({field: 2}) is not None
