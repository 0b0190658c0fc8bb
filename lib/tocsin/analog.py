"""From a reading to a state: supervised loops and measured limits.

Role in the flow: stage 3, from millivolts and milli-degrees to normal, alarm, tamper, fault.
Shared: gateway and host. Context: task.
Sources: four-state loops as detector makers draw them: a resistor across the contact, one in series at the end of
the line; the host computes the voltages (docs/site.md).
"""

from .event import STATE_ALARM, STATE_FAULT, STATE_NORMAL, STATE_TAMPER

# A reading every 100 ms, three alike: an activation of 400 ms holds four of them, so it is always seen, and a spark
# that hits one or two of them is not.
LOOP_PERIOD_MS = 100
LOOP_CONFIRMATIONS = 3


class Loop:
    """A supervised loop: three limits in mV cut the range into fault (short), normal, alarm and tamper (open)."""

    def __init__(self, normal_from_mv: int, alarm_from_mv: int, open_from_mv: int) -> None:
        self._normal_from_mv = normal_from_mv
        self._alarm_from_mv = alarm_from_mv
        self._open_from_mv = open_from_mv
        self._candidate = STATE_NORMAL
        self._seen = 0
        self.state = STATE_NORMAL

    def classify(self, reading_mv: int) -> int:
        """The state that one reading stands for."""
        if reading_mv < self._normal_from_mv:
            return STATE_FAULT
        if reading_mv < self._alarm_from_mv:
            return STATE_NORMAL
        if reading_mv < self._open_from_mv:
            return STATE_ALARM
        return STATE_TAMPER

    def take(self, reading_mv: "int | None") -> int:
        """Take a reading, None when there was none; return the confirmed state."""
        candidate = STATE_FAULT if reading_mv is None else self.classify(reading_mv)
        if candidate == self.state:
            self._seen = 0
        elif candidate != self._candidate:
            self._seen = 1
        else:
            self._seen += 1
        self._candidate = candidate
        if self._seen >= LOOP_CONFIRMATIONS:
            self._seen = 0
            self.state = candidate
        return self.state


class Limits:
    """A measured quantity between two limits, in milli-units, with hysteresis: it does not flutter at a limit."""

    def __init__(self, low: int, high: int, hysteresis: int) -> None:
        self._low = low
        self._high = high
        # A narrow range must be left, too: half of it always counts as normal again.
        self._hysteresis = min(hysteresis, (high - low) // 4)
        self.state = STATE_NORMAL

    def take(self, reading: "int | None") -> int:
        """Take a reading, None when the sensor gave none; return the state."""
        if reading is None:
            self.state = STATE_FAULT
        elif reading < self._low or reading > self._high:
            self.state = STATE_ALARM
        elif self.state != STATE_ALARM or self._low + self._hysteresis <= reading <= self._high - self._hysteresis:
            self.state = STATE_NORMAL
        return self.state
