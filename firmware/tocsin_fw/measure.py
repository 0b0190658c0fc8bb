"""Loops and quantities: from readings to zone states, warnings and reading records.

Role in the flow: stages 3 to 5. Context: task.
A sensor that gives no reading is a fault of its zone; it never stops the others.
"""

from tocsin.compat import const
from tocsin.event import NO_READING, TYPE_READING

from .hal import ERANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from tocsin.gate import Gate
    from tocsin.zone import Zone

    from .guard import Guarding
    from .hal import Hal
    from .people import People
    from .recorder import Recorder

    class Judge(Protocol):
        """What one reading after the other means; bit n of `warnings` is code n of docs/record.md."""

        warnings: int

        def take(self, reading: "int | None", now_ms: int) -> int: ...


TYPES = ("loop", "temperature", "humidity", "level", "voltage", "wind", "tilt")

# A slow sensor is asked again this soon, a few times: its first conversion has not ended, or a bit fell over.
RETRY_MS = 1000
RETRIES_MAX = 3
WARNING_OVER = 256
# Codes of docs/record.md, "Warnings".
_WARN_IMPLAUSIBLE = const(8)
_WARN_PULSES = const(9)


class Measurement:
    """One analog zone: how to read it, what a reading means, and when it is due."""

    def __init__(
        self,
        config: "dict[str, Any]",
        zone: "Zone",
        read: "Callable[[Any], int]",
        sensor: "int | str",
        judge: "Judge",
        period_ms: int,
    ) -> None:
        self.zone = zone
        self.due_ms = 0
        self.state = 0
        self.value = NO_READING
        self.judge = judge
        self.gate = gate_for(config)
        self.warned = 0
        self.journal_ms = config.get("journal_s", 0) * 1000
        self.journal_due_ms = 0
        # What gives what must survive a power cut, and where it goes.
        self.keep: "tuple[Callable[[int, int], bytes], Callable[[str, bytes], None]] | None" = None
        self._read = read
        self._sensor = sensor
        self._period_ms = period_ms
        self._retries = 0
        self._implausible = 0

    @property
    def warnings(self) -> int:
        """All that hold now, a bit each."""
        return self._implausible | self.judge.warnings | (self.gate.warnings if self.gate else 0)

    def take(self, now_ms: int) -> bool:
        """Read and judge; False when a slow sensor that gave nothing is asked again soon."""
        self.due_ms = now_ms + self._period_ms
        reading: "int | None" = None
        try:
            reading = self._read(self._sensor)
            self._retries = self._implausible = 0
        except OSError as error:
            if self._period_ms > RETRY_MS and self._retries < RETRIES_MAX:
                self._retries += 1
                self.due_ms = now_ms + RETRY_MS
                return False
            self._implausible = int(error.errno == ERANGE) << _WARN_IMPLAUSIBLE
        self.value = NO_READING if reading is None else reading
        self.state = self.judge.take(reading, now_ms)
        return True


def of_zone(config: "dict[str, Any]", zone: "Zone", hal: "Hal") -> Measurement:
    """The measurement of a zone of one of TYPES; what it needs is imported now, and only then."""
    kind = config["type"]
    if kind == "loop":
        return _loop(config, zone, hal)
    period_ms = config.get("period_s", 1) * 1000
    if kind == "wind":
        from tocsin.wind import Wind

        wind = Wind(config, hal.read)
        return Measurement(config, zone, wind.read, config["sensor"], wind, period_ms)
    if kind == "tilt":
        from tocsin.tilt import PERIOD_MS, Tilt

        tilt = Tilt(config, hal.read)
        return Measurement(config, zone, tilt.read, config["sensor"], tilt, PERIOD_MS)
    from tocsin.quantity import Quantity

    quantity = Quantity(config)
    if "adc" in config:
        return Measurement(config, zone, _scaled(config, hal), config["adc"], quantity, period_ms)
    made = Measurement(config, zone, hal.read, config["sensor"], quantity, period_ms)
    if config.get("change_milli") or config.get("mould_s"):
        quantity.resume(hal.memory.load(str(zone.number)) or b"")
        made.keep = quantity.snapshot, hal.memory.keep
        made.warned = quantity.warnings
    return made


def _loop(config: "dict[str, Any]", zone: "Zone", hal: "Hal") -> Measurement:
    from tocsin import analog

    period_ms, confirmations = analog.LOOP_PERIOD_MS, analog.LOOP_CONFIRMATIONS
    if config.get("layer") == 0:
        period_ms, confirmations = analog.FAST_LOOP_PERIOD_MS, analog.FAST_LOOP_CONFIRMATIONS
    limits_mv = config["normal_from_mv"], config["alarm_from_mv"], config["open_from_mv"]
    judge = analog.Loop(*limits_mv, config.get("normal_mv", 0), confirmations)
    return Measurement(config, zone, hal.read_mv, config["adc"], judge, period_ms)


def _scaled(config: "dict[str, Any]", hal: "Hal") -> "Callable[[int], int]":
    """Reads a voltage as thousandths of what it stands for."""
    zero_mv, gain, per_mv = config["zero_mv"], config["gain"], config["per_mv"]

    def read(channel: int) -> int:
        return (hal.read_mv(channel) - zero_mv) * gain // per_mv

    return read


def gate_for(config: "dict[str, Any]") -> "Gate | None":
    """The gate of a zone, None when its site asks for nothing that needs one."""
    for field in ("confirm_ms", "pulses", "quiet_s", "constant_s"):
        if config.get(field):
            from tocsin.gate import Gate

            return Gate(config)
    return None


class Measurements:
    """All analog zones of a gateway."""

    def __init__(self, measurements: "list[Measurement]", guard: "Guarding | People", recorder: "Recorder") -> None:
        self._measurements = measurements
        self._guard = guard
        self._recorder = recorder

    def take_due(self, now_ms: int, at_start: int) -> int:
        """Take all readings that are due; return the uptime in ms when the next one is."""
        next_ms = now_ms + 1000
        for measurement in self._measurements:
            if measurement.due_ms <= now_ms and measurement.take(now_ms):
                self._tell(measurement, now_ms, at_start)
            if measurement.due_ms < next_ms:
                next_ms = measurement.due_ms
        return next_ms

    def _tell(self, measurement: Measurement, now_ms: int, at_start: int) -> None:
        zone, gate, state = measurement.zone, measurement.gate, measurement.state
        at_ms = now_ms
        if gate:
            gate.take(state, now_ms)
            state = gate.tick(now_ms)
            at_ms = gate.at_ms
        # At a start the guard must hear of each: what the zone was before it says nothing yet.
        if state != zone.state or at_start:
            self._guard.announce(zone, state, measurement.value, at_start, at_ms)
        warnings = measurement.warnings
        if warnings != measurement.warned:
            tell_warnings(self._guard, zone, warnings, measurement.warned, measurement.value, now_ms)
            measurement.warned = warnings
        if measurement.keep:
            snapshot, keep = measurement.keep
            kept = snapshot(now_ms, self._recorder.clock.utc_ms(now_ms))
            if kept:
                keep(str(zone.number), kept)
        if measurement.journal_ms and measurement.value != NO_READING and now_ms >= measurement.journal_due_ms:
            measurement.journal_due_ms = now_ms + measurement.journal_ms
            noise_mv = getattr(measurement.judge, "noise_mv", 0)
            self._recorder.record(TYPE_READING, zone.number, value=measurement.value, count=noise_mv)


def tell_warnings(guard: "Guarding | People", zone: "Zone", now: int, before: int, value: int, at_ms: int) -> None:
    """Tell each warning that began or ended between two masks; pulses alone are over as they are told."""
    changed, code = (now ^ before) & ~(before & 1 << _WARN_PULSES), 0
    while changed:
        if changed & 1:
            guard.warn(zone.number, code if now >> code & 1 else code + WARNING_OVER, value, at_ms)
        changed >>= 1
        code += 1
