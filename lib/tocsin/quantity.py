"""A measured quantity under watch: limits, change within a time, mould, values that stand still or cannot be.

Role in the flow: stage 3, from readings to states and warnings. Shared: gateway and host. Context: task.
Readings are in thousandths of the unit: m°C, m%RH, mm, mV, mm/s. Nothing is allocated for a reading.
Sources: Bizot Green Protocol 2023 (what may change within 24 h); docs/site.md.
"""

from array import array

from .compat import const
from .event import STATE_ALARM, STATE_FAULT, STATE_NORMAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BINS = const(48)
_MOULD_FROM_MILLI = const(75_000)  # of relative humidity: from here on mould grows
_FAR = const(0x3FFFFFFF)
# Codes of docs/record.md, "Warnings".
_STUCK = const(2)
_CHANGE = const(5)
_MOULD = const(6)
_KEPT = const(0x60)  # bits of change and mould: what they say goes on over a power cut
_HEAD = const(3)
# Kept this often, and when a cut would lose more than a quarter of the change that is told of, or a warning.
_KEEP_EVERY_MS = const(3_600_000)
_MINUTE_MS = const(60_000)


class Span:
    """The lowest and the highest reading of about the last `span_ms`: 48 bins, the last of them still filling."""

    def __init__(self, span_ms: int) -> None:
        self._bin_ms = max(1, span_ms // BINS)
        self._number = -1
        self._base = 0
        self._lowest = array("i", [_FAR] * BINS)
        self._highest = array("i", [-_FAR] * BINS)

    def take(self, reading: int, now_ms: int) -> None:
        """Put a reading in; what is older than the span is gone."""
        number = now_ms // self._bin_ms + self._base
        for gone in range(max(self._number + 1, number - BINS + 1), number + 1):
            self._lowest[gone % BINS] = _FAR
            self._highest[gone % BINS] = -_FAR
        self._number = number
        place = number % BINS
        self._lowest[place] = min(self._lowest[place], reading)
        self._highest[place] = max(self._highest[place], reading)

    def lowest(self) -> int:
        """Of the span, the newest reading among it."""
        return min(self._lowest)

    def highest(self) -> int:
        """Of the span, the newest reading among it."""
        return max(self._highest)

    def snapshot(self) -> "list[int]":
        """What `resume` takes."""
        return [self._number] + list(self._lowest) + list(self._highest)

    def resume(self, kept: "array[int]") -> None:
        """Go on at uptime 0 with what `snapshot` gave, as if no time had passed since."""
        self._number = self._base = kept[0]
        self._lowest, self._highest = kept[1 : BINS + 1], kept[BINS + 1 :]

    def age(self, passed_ms: int) -> None:
        """So much time has passed that was not counted."""
        self._base += max(0, passed_ms) // self._bin_ms


class Quantity:
    """What the fields of a zone (docs/site.md, "What the gateway reads") make of its readings.

    `warnings`: bit n is code n of docs/record.md.
    """

    def __init__(self, config: "dict[str, Any]") -> None:
        get = config.get
        self._low, self._high = low, high = get("low_milli", -_FAR), get("high_milli", _FAR)
        # A narrow range must be left, too: half of it always counts as normal again.
        self._hysteresis = min(config["hysteresis_milli"], (high - low) // 4)
        self._least, self._most = get("least_milli", -_FAR), get("most_milli", _FAR)
        self._change, self._rise = get("change_milli", 0), get("rise_milli", 0)
        self._span = Span(config["span_s"] * 1000) if self._change or self._rise else None
        self._mould_ms = get("mould_s", 0) * 1000
        self._stuck_ms = get("stuck_s", 0) * 1000
        self._damp_ms = self._last_ms = self._moved_ms = 0
        self._value: "int | None" = None
        self._is_off = self._is_rising = False
        # Of what was kept last: how far the span reached, warnings, and the UTC in minutes if it was before this start.
        self._kept = [0, 0, 0]
        self._kept_at_ms = 0
        self.warnings = 0

    def snapshot(self, now_ms: int, utc_ms: int) -> bytes:
        """What of it must survive a power cut, for `resume`; nothing while what was kept last is good enough.

        `utc_ms` is 0 while unknown; the first one tells how old is what was kept before this start.
        """
        span, warnings, utc_min = self._span, self.warnings & _KEPT, utc_ms // _MINUTE_MS
        if utc_min and self._kept[2]:
            if span:
                span.age(utc_ms - self._kept[2] * _MINUTE_MS - now_ms)
            self._kept[2] = 0
        width = span.highest() - span.lowest() if span else 0
        has_moved = warnings != self._kept[1] or (width - self._kept[0]) * 4 > self._change
        if not has_moved and now_ms - self._kept_at_ms < _KEEP_EVERY_MS:
            return b""
        self._kept_at_ms = now_ms
        self._kept[:2] = width, warnings
        kept = [utc_min, self._damp_ms // 1000, warnings]
        return bytes(array("i", kept + span.snapshot() if span else kept))

    def resume(self, data: bytes) -> None:
        """Go on with what `snapshot` gave before a restart. What another quantity's gave is left alone."""
        kept, span = array("i", data), self._span
        if len(kept) == (_HEAD + 1 + 2 * BINS if span else _HEAD):
            self._damp_ms = kept[1] * 1000
            self.warnings = kept[2]
            if span:
                span.resume(kept[_HEAD:])
            self._kept = [span.highest() - span.lowest() if span else 0, kept[2], kept[0]]

    def take(self, reading: "int | None", now_ms: int) -> int:
        """Take a reading, None when the sensor gave none; return the state."""
        if reading is None:
            self._last_ms = self._moved_ms = now_ms
            self._value = None
            self._is_off = False
            return STATE_FAULT
        inside = self._hysteresis if self._is_off else 0
        self._is_off = not self._low + inside <= reading <= self._high - inside
        state = STATE_ALARM if self._is_off else STATE_NORMAL
        if self._is_stuck(reading, now_ms) or not self._least <= reading <= self._most:
            state = STATE_FAULT
        elif self._span:
            self._span.take(reading, now_ms)
            change = self._span.highest() - self._span.lowest()
            self._warn(_CHANGE, self._change and change > self._change)
            if self._rise:
                limit = self._rise * 3 // 4 if self._is_rising else self._rise
                self._is_rising = reading - self._span.lowest() > limit
                if self._is_rising and state == STATE_NORMAL:
                    state = STATE_ALARM
        if self._mould_ms:
            self._count_mould(reading, now_ms)
        self._last_ms = now_ms
        return state

    def _is_stuck(self, reading: int, now_ms: int) -> bool:
        """Whether the very same reading has stood for too long."""
        if reading != self._value or not self._stuck_ms:
            self._value, self._moved_ms = reading, now_ms
        is_stuck = bool(self._stuck_ms) and now_ms - self._moved_ms >= self._stuck_ms
        self._warn(_STUCK, is_stuck)
        return is_stuck

    def _count_mould(self, reading: int, now_ms: int) -> None:
        """Time above 75 %RH counts up, drier time counts down as fast."""
        passed_ms = now_ms - self._last_ms
        if reading > _MOULD_FROM_MILLI:
            self._damp_ms = min(self._damp_ms + passed_ms, 2 * self._mould_ms)
        else:
            self._damp_ms = max(self._damp_ms - passed_ms, 0)
        self._warn(_MOULD, self._damp_ms >= self._mould_ms)

    def _warn(self, code: int, is_so: "bool | int") -> None:
        self.warnings = self.warnings | 1 << code if is_so else self.warnings & ~(1 << code)
