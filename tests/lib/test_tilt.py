"""A work on its wall: how far it leans, and blows."""

from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL
from tocsin.tilt import PERIOD_MS, SHAKEN_MS, Tilt


class Bench:
    def __init__(self, **config):
        self.readings = {"lis3dh-18/tilt": 300, "lis3dh-18/shake": 0}
        self.tilt = Tilt(config, self.readings.__getitem__)
        self.now_ms = 0

    def take(self, times=1):
        state = None
        for _ in range(times):
            self.value = self.tilt.read("lis3dh-18")
            state = self.tilt.take(self.value, self.now_ms)
            self.now_ms += PERIOD_MS
        return state


def test_a_work_that_leans_is_an_alarm_after_two_readings():
    bench = Bench(tilt_milli=5000)
    assert bench.take(3) == STATE_NORMAL
    bench.readings["lis3dh-18/tilt"] = 5001
    assert [bench.take(), bench.take()] == [STATE_NORMAL, STATE_ALARM]
    bench.readings["lis3dh-18/tilt"] = 3751
    assert bench.take(5) == STATE_ALARM
    bench.readings["lis3dh-18/tilt"] = 3750
    assert [bench.take(), bench.take()] == [STATE_ALARM, STATE_NORMAL]


def test_one_reading_that_is_off_is_none():
    bench = Bench(tilt_milli=5000)
    for _ in range(10):
        bench.readings["lis3dh-18/tilt"] = 90_000
        assert bench.take() == STATE_NORMAL
        bench.readings["lis3dh-18/tilt"] = 0
        assert bench.take() == STATE_NORMAL


def test_a_blow_is_an_alarm_at_once_for_ten_seconds_and_its_mg_are_the_value():
    bench = Bench(tilt_milli=5000, shake_milli=200)
    bench.readings["lis3dh-18/shake"] = 199
    assert bench.take() == STATE_NORMAL and bench.value == 300
    bench.readings["lis3dh-18/shake"] = 250
    assert bench.take() == STATE_ALARM and bench.value == -250
    bench.readings["lis3dh-18/shake"] = 0
    assert bench.take(SHAKEN_MS // PERIOD_MS) == STATE_ALARM
    assert bench.take(2) == STATE_NORMAL


def test_only_what_the_site_asks_for_is_read():
    bench = Bench(tilt_milli=5000)
    del bench.readings["lis3dh-18/shake"]
    assert bench.take() == STATE_NORMAL
    bench = Bench(shake_milli=200)
    bench.readings["lis3dh-18/tilt"] = 90_000
    assert bench.take(10) == STATE_NORMAL


def test_a_sensor_that_is_gone_is_a_fault_after_two_readings():
    bench = Bench(tilt_milli=5000)
    assert [bench.tilt.take(None, 0), bench.tilt.take(None, 250)] == [STATE_NORMAL, STATE_FAULT]
    assert bench.take() == STATE_NORMAL
