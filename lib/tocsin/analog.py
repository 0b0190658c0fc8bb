"""From a reading to a state: supervised loops.

Role in the flow: stage 3, from millivolts to normal, alarm, tamper, fault.
Shared: gateway and host. Context: task.
Sources: four-state loops as detector makers draw them: a resistor across the contact, one in series at the end of
the line; the host computes the voltages (docs/site.md). Windows of recognition: docs/debounce.md.
"""

from .compat import const
from .event import STATE_FAULT, STATE_NORMAL

# A reading every 100 ms, three alike: an activation of 400 ms holds four of them, so it is always seen, and a spark
# that hits one or two of them is not.
LOOP_PERIOD_MS = 100
LOOP_CONFIRMATIONS = 3
# The fast layer, for glass and vibration.
FAST_LOOP_PERIOD_MS = 25
FAST_LOOP_CONFIRMATIONS = 2

# Codes of docs/record.md, "Warnings"; bit n of `warnings` is code n.
_DRIFT = const(1)
_NOISE = const(7)

# A reading must pass a limit by this much before it counts against the present state.
_HYSTERESIS_MV = const(20)
_BEYOND_MV = const(0x7FFF)
# The mean of a loop at rest follows its readings within about half a minute; its noise is taken over a minute.
_MEAN_READINGS = const(256)
_NOISE_READINGS = const(600)


class Loop:
    """A supervised loop: three limits in mV cut the range into fault (short), normal, alarm and tamper (open).

    `normal_mv` is what it should read at rest, 0 when that is not known: then nothing is said of drift and noise.
    """

    def __init__(
        self,
        normal_from_mv: int,
        alarm_from_mv: int,
        open_from_mv: int,
        normal_mv: int = 0,
        confirmations: int = LOOP_CONFIRMATIONS,
    ) -> None:
        self._edges_mv = (-_BEYOND_MV, normal_from_mv, alarm_from_mv, open_from_mv, _BEYOND_MV)
        self._confirmations = confirmations
        self._seen = 0
        self.state = STATE_NORMAL
        self.warnings = 0
        self.noise_mv = 0  # between the lowest and the highest reading at rest, over the last full minute
        self._normal_mv = normal_mv
        self._drift_mv = min(normal_mv - normal_from_mv, alarm_from_mv - normal_mv) // 4
        self._sum_mv = normal_mv * _MEAN_READINGS
        self._lowest_mv = _BEYOND_MV
        self._highest_mv = self._readings = 0

    @property
    def mean_mv(self) -> int:
        """The slow mean at rest."""
        return self._sum_mv // _MEAN_READINGS

    def classify(self, reading_mv: int) -> int:
        """The state that one reading stands for; the present one reaches a little beyond its limits."""
        edges_mv = self._edges_mv
        place = (self.state + 1) & 3  # the states by rising voltage: fault, normal, alarm, tamper
        if edges_mv[place] - _HYSTERESIS_MV <= reading_mv < edges_mv[place + 1] + _HYSTERESIS_MV:
            return self.state
        place = (reading_mv >= edges_mv[1]) + (reading_mv >= edges_mv[2]) + (reading_mv >= edges_mv[3])
        return (place - 1) & 3

    def take(self, reading_mv: "int | None", now_ms: int = 0) -> int:
        """Take a reading, None when there was none; return the confirmed state.

        The counter leaks as the debouncer's does: a reading that agrees with the present state takes one away. One
        that does not adds one whatever it stands for, so that no play between two other states stays unseen.
        """
        candidate = STATE_FAULT if reading_mv is None else self.classify(reading_mv)
        if candidate == self.state:
            self._seen = max(0, self._seen - 1)
        else:
            self._seen += 1
            if self._seen >= self._confirmations:
                self._seen = 0
                self.state = candidate
                self._forget_noise()
        if reading_mv is not None and candidate == self.state == STATE_NORMAL and self._normal_mv:
            self._watch_rest(reading_mv)
        return self.state

    def _watch_rest(self, reading_mv: int) -> None:
        """Resistors that drift, and noise, while the loop is at rest."""
        self._sum_mv += reading_mv - self._sum_mv // _MEAN_READINGS
        off_mv = abs(self.mean_mv - self._normal_mv)
        self._warn(_DRIFT, off_mv, self._drift_mv)
        self._lowest_mv = min(self._lowest_mv, reading_mv)
        self._highest_mv = max(self._highest_mv, reading_mv)
        self._readings += 1
        if self._readings >= _NOISE_READINGS:
            self.noise_mv = self._highest_mv - self._lowest_mv
            self._warn(_NOISE, self.noise_mv, 2 * self._drift_mv)
            self._forget_noise()

    def _warn(self, code: int, figure_mv: int, limit_mv: int) -> None:
        """Set the warning above its limit, clear it at three quarters of it."""
        if figure_mv > limit_mv:
            self.warnings |= 1 << code
        elif figure_mv <= limit_mv * 3 // 4:
            self.warnings &= ~(1 << code)

    def _forget_noise(self) -> None:
        self._lowest_mv = _BEYOND_MV
        self._highest_mv = self._readings = 0
