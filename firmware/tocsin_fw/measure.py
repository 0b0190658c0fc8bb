"""Loops and temperatures: from readings to zone states.

Role in the flow: stages 3 to 5. Context: task.
A sensor that gives no reading is a fault of its zone; it never stops the others.
"""

from tocsin.analog import LOOP_PERIOD_MS, Limits, Loop
from tocsin.event import NO_READING

# A temperature that swings around a limit must leave it by this much before it is normal again.
HYSTERESIS_MC = 300


class Measurement:
    """One analog zone: how to read it, what a reading means, and when it is due."""

    def __init__(self, zone: "object", read: "object", judge: "object", period_ms: int) -> None:
        self.zone = zone
        self.due_ms = 0
        self.state = 0
        self.value = NO_READING
        self._read = read
        self._judge = judge
        self._period_ms = period_ms

    def take(self, now_ms: int) -> None:
        """Read and judge."""
        self.due_ms = now_ms + self._period_ms
        try:
            reading = self._read()
        except OSError:
            reading = None
        self.value = NO_READING if reading is None else reading
        self.state = self._judge(reading)


def loop(config: "dict[str, int]", zone: "object", hal: "object") -> Measurement:
    """The measurement of a supervised loop."""
    judge = Loop(config["normal_from_mv"], config["alarm_from_mv"], config["open_from_mv"])
    channel = config["adc"]
    return Measurement(zone, lambda: hal.read_mv(channel), judge.take, LOOP_PERIOD_MS)


def temperature(config: "dict[str, int]", zone: "object", hal: "object") -> Measurement:
    """The measurement of a temperature sensor."""
    judge = Limits(config["low_mc"], config["high_mc"], HYSTERESIS_MC)
    sensor = config["sensor"]
    return Measurement(zone, lambda: hal.read_mc(sensor), judge.take, config["period_s"] * 1000)


class Measurements:
    """All analog zones of a gateway. `announce` is called with (zone, state, value, count, at_ms)."""

    def __init__(self, measurements: "list[Measurement]", announce: "object") -> None:
        self._measurements = measurements
        self._announce = announce

    def take_due(self, now_ms: int, at_start: int) -> int:
        """Take all readings that are due; return the uptime in ms when the next one is."""
        next_ms = now_ms + 1000
        for measurement in self._measurements:
            if measurement.due_ms <= now_ms:
                measurement.take(now_ms)
                if measurement.state != measurement.zone.state:
                    self._announce(measurement.zone, measurement.state, measurement.value, at_start, now_ms)
            next_ms = min(next_ms, measurement.due_ms)
        return next_ms
