"""Loops and temperatures: from readings to zone states.

Role in the flow: stages 3 to 5. Context: task.
A sensor that gives no reading is a fault of its zone; it never stops the others.
"""

from tocsin.analog import LOOP_PERIOD_MS, Limits, Loop
from tocsin.event import NO_READING

from .hal import EAGAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tocsin.zone import Zone

    from .hal import Hal

    # (zone, state, value, count, at_ms), as `Guard.announce` takes them.
    Announce = Callable[[Zone, int, int, int, int], None]

# A temperature that swings around a limit must leave it by this much before it is normal again.
HYSTERESIS_MC = 300
# A sensor whose first conversion has not ended is no fault; one that says so three times over is.
RETRY_MS = 1000
RETRIES_MAX = 3


class Measurement:
    """One analog zone: how to read it, what a reading means, and when it is due."""

    def __init__(
        self,
        zone: "Zone",
        read: "Callable[[Any], int]",
        sensor: "int | str",
        judge: "Callable[[int | None], int]",
        period_ms: int,
    ) -> None:
        self.zone = zone
        self.due_ms = 0
        self.state = 0
        self.value = NO_READING
        self._read = read
        self._sensor = sensor
        self._judge = judge
        self._period_ms = period_ms
        self._retries = 0

    def take(self, now_ms: int) -> None:
        """Read and judge; a sensor that asks for patience is read again soon."""
        self.due_ms = now_ms + self._period_ms
        try:
            reading = self.value = self._read(self._sensor)
            self._retries = 0
        except OSError as error:
            if error.errno == EAGAIN and self._retries < RETRIES_MAX:
                self._retries += 1
                self.due_ms = now_ms + RETRY_MS
                return
            reading = None
            self.value = NO_READING
        self.state = self._judge(reading)


def loop(config: "dict[str, Any]", zone: "Zone", hal: "Hal") -> Measurement:
    """The measurement of a supervised loop."""
    judge = Loop(config["normal_from_mv"], config["alarm_from_mv"], config["open_from_mv"])
    return Measurement(zone, hal.read_mv, config["adc"], judge.take, LOOP_PERIOD_MS)


def temperature(config: "dict[str, Any]", zone: "Zone", hal: "Hal") -> Measurement:
    """The measurement of a temperature sensor."""
    judge = Limits(config["low_mc"], config["high_mc"], HYSTERESIS_MC)
    return Measurement(zone, hal.read_mc, config["sensor"], judge.take, config["period_s"] * 1000)


class Measurements:
    """All analog zones of a gateway."""

    def __init__(self, measurements: "list[Measurement]", announce: "Announce") -> None:
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
            if measurement.due_ms < next_ms:
                next_ms = measurement.due_ms
        return next_ms
