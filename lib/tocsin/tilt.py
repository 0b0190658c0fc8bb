"""A work that must not move, by an accelerometer on it: how far it leans, and whether it was shaken.

Role in the flow: stage 3. Shared: gateway and host. Context: task.
"""

from .compat import const
from .event import STATE_ALARM, STATE_FAULT, STATE_NORMAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PERIOD_MS = const(250)
CONFIRMATIONS = const(2)  # readings alike: half a second
SHAKEN_MS = const(10_000)  # a blow is an alarm for this long: it leaves no state behind


class Tilt:
    """`read` gives thousandths of a degree that the work leans; after a blow that was too strong, its mg as a negative.

    Tilt counts after two readings alike; a blow at once.
    """

    def __init__(self, config: "dict[str, Any]", read: "Callable[[str], int]") -> None:
        self._read = read
        self._tilt_limit, self._shake_limit = config.get("tilt_milli", 0), config.get("shake_milli", 0)
        self._seen = 0
        self._missing = 0
        self._shaken_until_ms = -1
        self._state = STATE_NORMAL
        self.warnings = 0

    def read(self, sensor: str) -> int:
        """See the class. Raises OSError as the sensor does."""
        if self._shake_limit:
            shake_mg = self._read(sensor + "/shake")
            if shake_mg >= self._shake_limit:
                return -shake_mg
        return self._read(sensor + "/tilt")

    def take(self, reading: "int | None", now_ms: int) -> int:
        """The state after one more reading."""
        if reading is None:
            self._missing += 1
            return STATE_FAULT if self._missing >= CONFIRMATIONS else self._state
        self._missing = 0
        if reading < 0:
            self._shaken_until_ms = now_ms + SHAKEN_MS
        limit = self._tilt_limit * 3 // 4 if self._state == STATE_ALARM else self._tilt_limit
        is_off = bool(limit) and reading > limit
        was_off = self._state == STATE_ALARM
        self._seen = self._seen + 1 if is_off != was_off else 0
        if now_ms <= self._shaken_until_ms:
            self._state = STATE_ALARM
        elif self._seen >= CONFIRMATIONS:
            self._seen = 0
            self._state = STATE_ALARM if is_off else STATE_NORMAL
        return self._state
