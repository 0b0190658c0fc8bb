"""Wind: gust of three seconds, mean of ten minutes, limits, and a counter that wraps or stops."""

from tocsin.event import STATE_ALARM, STATE_FAULT, STATE_NORMAL
from tocsin.wind import Wind

WARN_STUCK = 2  # docs/record.md
CONFIG = {"sensor": "pulses-7", "mm_per_pulse": 500, "mean_milli": 15_000, "gust_milli": 25_000}


class Bench:
    def __init__(self, start=0, **more):
        self.count = start
        config = dict(CONFIG)
        config.update(more)
        self.wind = Wind(config, self._read)
        self.second = 0

    def _read(self, sensor):
        assert sensor == "pulses-7"
        return self.count & 0x3FFFFFFF

    def blow(self, m_s, seconds):
        """That much wind for that long; the last (state, gust)."""
        state = gust = None
        for _ in range(seconds):
            gust = self.wind.read("pulses-7")
            state = self.wind.take(gust, self.second * 1000)
            self.count += m_s * 2
            self.second += 1
        return state, gust


def test_a_calm_is_no_wind_and_a_steady_wind_is_its_mean():
    bench = Bench()
    assert bench.blow(0, 100) == (STATE_NORMAL, 0) and bench.wind.mean_mm_s == 0
    bench.blow(12, 700)
    assert bench.wind.mean_mm_s == 12_000
    assert bench.blow(12, 1) == (STATE_NORMAL, 12_000)


def test_a_gust_of_three_seconds_is_an_alarm_for_ten_minutes():
    bench = Bench()
    bench.blow(5, 100)
    assert bench.blow(30, 2)[0] == STATE_NORMAL
    assert bench.blow(30, 2) == (STATE_ALARM, 30_000)
    assert bench.blow(5, 580)[0] == STATE_ALARM
    assert bench.blow(5, 25) == (STATE_NORMAL, 5_000)


def test_two_seconds_are_no_gust():
    bench = Bench()
    bench.blow(5, 100)
    bench.blow(30, 2)
    state, gust = bench.blow(5, 100)
    assert state == STATE_NORMAL and 20_000 < gust < 25_000


def test_a_strong_mean_is_an_alarm_without_a_gust():
    bench = Bench()
    assert bench.blow(20, 60)[0] == STATE_NORMAL  # no mean yet
    assert bench.blow(20, 10)[0] == STATE_ALARM
    assert bench.blow(14, 700)[0] == STATE_ALARM  # the limit less an eighth is 13.125 m/s
    assert bench.blow(13, 700)[0] == STATE_NORMAL


def test_a_counter_that_wraps_loses_nothing():
    bench = Bench((1 << 30) - 100)
    bench.blow(10, 300)
    assert bench.wind.mean_mm_s == 10_000 and bench.blow(10, 1)[1] == 10_000


def test_no_counter_is_a_fault():
    assert Bench().wind.take(None, 0) == STATE_FAULT


def test_an_anemometer_that_never_turns_is_a_warning():
    bench = Bench(stuck_s=3600)
    bench.blow(3, 100)
    bench.blow(0, 3600)
    assert not bench.wind.warnings
    bench.blow(0, 2)
    assert bench.wind.warnings == 1 << WARN_STUCK
    bench.blow(1, 2)
    assert not bench.wind.warnings
