"""Loops and temperatures: due times, faults that stop nobody else, and sensors that ask for patience."""

from support_virtual import FakeHal
from tocsin.event import NO_READING
from tocsin.zone import Zone
from tocsin_fw import measure

NORMAL, ALARM, TAMPER, FAULT = range(4)
LOOP = {"adc": 0, "normal_from_mv": 500, "alarm_from_mv": 1500, "open_from_mv": 2500}
WARM = {"sensor": "28-1", "low_mc": 16_000, "high_mc": 25_000, "period_s": 60}
EAGAIN = 11


class _Bench:
    def __init__(self):
        self.hal = FakeHal()
        self.hal.readings = {0: 1000, "28-1": 20_000}
        self.announced = []
        loop, warm = measure.loop(LOOP, Zone(1, "3333"), self.hal), measure.temperature(WARM, Zone(2, "3333"), self.hal)
        self.measurements = measure.Measurements([loop, warm], self._announce)

    def _announce(self, zone, state, value, count, at_ms):
        zone.state = state
        self.announced.append((zone.number, state, value, count, at_ms))

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


def test_a_missing_sensor_is_a_fault_of_its_zone_and_the_others_go_on():
    bench = _Bench()
    del bench.hal.readings["28-1"]
    bench.run(1000, 2000)
    assert bench.announced == [(2, FAULT, NO_READING, 0, 1000)]
    bench.hal.readings[0] = 0
    bench.run(2000, 3000)
    assert bench.announced[1:] == [(1, FAULT, 0, 0, 2200)]
    bench.hal.readings["28-1"] = 21_000
    bench.run(3000, 62_000)
    assert bench.announced[2:] == [(2, NORMAL, 21_000, 0, 61_000)]


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
