"""What time it is in the world, from what the host said (docs/link.md, "A session", step 7).

Role in the flow: stage 6, the time that is sealed into a record. Shared: gateway and host. Context: task.
The gateway never asks a clock chip: it counts its own milliseconds and adds an offset, and says how good that is.
"""

from .compat import micropython
from .event import QUALITY_DRIFTING, QUALITY_HOST_SIGNED, QUALITY_NONE

# Below this a correction is within what a round trip can say, and the clock is left alone; above, it is a step.
STEP_MS = 50
# What a host may believe the time to be: 2020 to 2100. One without a clock of its own says 1970.
UTC_FROM_MS = 1_577_836_800_000
UTC_TO_MS = 4_102_444_800_000
# A crystal may be 50 parts in a million off: a millisecond in 20 s, a second in five hours and a half.
_DRIFTS_A_MS_IN_MS = 20_000
# An estimated error above this is called drifting.
SIGNED_WITHIN_MS = 1000


class WallClock:
    """UTC as offset from the uptime. All arguments and results in milliseconds.

    `refused_count`: times that were so far off that they were not taken.
    """

    def __init__(self) -> None:
        self.refused_count = 0
        self._offset_ms = 0
        self._set_at_ms = -1
        self._error_ms = 0
        self._signed_ms = 0

    @micropython.native
    def utc_ms(self, uptime_ms: int) -> int:
        """UTC at `uptime_ms`; 0 while unknown."""
        return uptime_ms + self._offset_ms if self._set_at_ms >= 0 else 0

    @micropython.native
    def quality(self, uptime_ms: int) -> int:
        """Time quality (docs/record.md) at `uptime_ms`."""
        if self._set_at_ms < 0:
            return QUALITY_NONE
        # As error_ms() would say, in fewer steps.
        return QUALITY_HOST_SIGNED if abs(uptime_ms - self._set_at_ms) <= self._signed_ms else QUALITY_DRIFTING

    def error_ms(self, uptime_ms: int) -> int:
        """How far `utc_ms` may be from the host's clock, once it is set: what it was then, and the drift since."""
        return self._error_ms + (abs(uptime_ms - self._set_at_ms) + _DRIFTS_A_MS_IN_MS - 1) // _DRIFTS_A_MS_IN_MS

    def set(self, uptime_ms: int, utc_ms: int, error_ms: int) -> "int | None":
        """Take the host's time, known within `error_ms`; return the step made, 0 for the first, None when none was."""
        if not UTC_FROM_MS <= utc_ms <= UTC_TO_MS:
            self.refused_count += 1
            return None
        offset_ms = utc_ms - uptime_ms
        step_ms = 0
        if self._set_at_ms >= 0:
            step_ms = offset_ms - self._offset_ms
            known_ms = self.error_ms(uptime_ms)
            if error_ms >= known_ms and abs(step_ms) <= error_ms + known_ms:
                return None  # over a slow link came less than was known, and nothing that contradicts it
            if abs(step_ms) <= STEP_MS:
                self._know(uptime_ms, abs(step_ms) + error_ms)
                return None
        self._know(uptime_ms, error_ms)
        self._offset_ms = offset_ms
        return step_ms

    def _know(self, uptime_ms: int, error_ms: int) -> None:
        self._set_at_ms, self._error_ms = uptime_ms, error_ms
        self._signed_ms = (SIGNED_WITHIN_MS - error_ms) * _DRIFTS_A_MS_IN_MS
