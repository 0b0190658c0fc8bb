"""Wind from the pulses of a cup anemometer: the mean of ten minutes and the gusts in it.

Role in the flow: stage 3. Shared: gateway and host. Context: task. Nothing is allocated for a reading.
Source: WMO-No. 8, volume I, chapter 5: mean over ten minutes, gust = highest mean over three seconds in them.
"""

from array import array

from .compat import const
from .event import STATE_ALARM, STATE_FAULT, STATE_NORMAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_STUCK = const(2)  # code of docs/record.md, "Warnings"
_GUST_S = const(3)
_BINS = const(60)  # of ten seconds
_BIN_S = const(10)


class Wind:
    """Read once a second. `read` gives the highest gust of the last ten minutes in mm/s, `mean_mm_s` their mean."""

    def __init__(self, config: "dict[str, Any]", read: "Callable[[str], int]") -> None:
        """`read` gives the pulses counted since the start; a pulse is `mm_per_pulse` of wind."""
        self._count = read
        self._mm_per_pulse = config["mm_per_pulse"]
        self._mean_limit, self._gust_limit = config["mean_milli"], config["gust_milli"]
        self._calm_s_max = config.get("stuck_s", 0)
        self._counts = array("i", [-1] * (_GUST_S + 1))  # the latest counts, one a second
        self._pulses = array("i", [0] * _BINS)
        self._gusts = array("i", [0] * _BINS)
        self._second = -1
        self._calm_s = 0
        self._state = STATE_NORMAL
        self.mean_mm_s = 0
        self.warnings = 0

    def read(self, sensor: str) -> int:
        """The highest gust, in mm/s. Raises OSError as the counter does."""
        count = self._count(sensor) & 0x3FFFFFFF
        self._second += 1
        second, counts, place = self._second, self._counts, self._second // _BIN_S % _BINS
        if second % _BIN_S == 0:
            self._pulses[place] = self._gusts[place] = 0
        earlier, before = counts[(second + 1) % (_GUST_S + 1)], counts[(second - 1) % (_GUST_S + 1)]
        counts[second % (_GUST_S + 1)] = count
        if before >= 0:
            new = (count - before) & 0x3FFFFFFF
            self._pulses[place] += new
            self._calm_s = 0 if new else self._calm_s + 1
        if earlier >= 0:
            gust_mm_s = ((count - earlier) & 0x3FFFFFFF) * self._mm_per_pulse // _GUST_S
            self._gusts[place] = max(self._gusts[place], gust_mm_s)
        # Until ten minutes are over the mean is that of what there is; of less than a minute there is none.
        seconds = min(second, (_BINS - 1) * _BIN_S + second % _BIN_S + 1)
        self.mean_mm_s = sum(self._pulses) * self._mm_per_pulse // seconds if seconds >= 60 else 0
        return max(self._gusts)

    def take(self, gust_mm_s: "int | None", now_ms: int) -> int:
        """The state: alarm above a limit, until both are an eighth below theirs."""
        if gust_mm_s is None:
            return STATE_FAULT
        is_calm = 0 < self._calm_s_max <= self._calm_s
        self.warnings = int(is_calm) << _STUCK
        keep = 7 if self._state == STATE_ALARM else 8
        is_strong = gust_mm_s * 8 > self._gust_limit * keep or self.mean_mm_s * 8 > self._mean_limit * keep
        self._state = STATE_ALARM if is_strong else STATE_NORMAL
        return self._state
