"""What time it is in the world, from what the host said (docs/link.md, "A session", step 6).

Role in the flow: stage 6, the time that is sealed into a record. Shared: gateway and host. Context: task.
The gateway never asks a clock chip: it counts its own milliseconds and adds an offset, and says how good that is.
"""

from .event import QUALITY_DRIFTING, QUALITY_HOST_SET, QUALITY_NONE

# Below this a correction is within what a round trip can say, and the clock is left alone; above, it is a step.
STEP_MS = 50
# What no calendar holds is no time (the year 10000), and would not fit a record once the uptime is added.
_UTC_END_MS = 253_402_300_800_000
# A crystal of 50 parts in a million is 4.3 s off after a day: from then on the time is called drifting.
DRIFTING_AFTER_MS = 24 * 3600 * 1000


class WallClock:
    """UTC as offset from the uptime. All arguments and results in milliseconds."""

    def __init__(self) -> None:
        self._offset_ms = 0
        self._set_at_ms = -1

    def utc_ms(self, uptime_ms: int) -> int:
        """UTC at `uptime_ms`; 0 while unknown. Never negative: a host may believe that it is 1970."""
        return max(0, uptime_ms + self._offset_ms) if self._set_at_ms >= 0 else 0

    def quality(self, uptime_ms: int) -> int:
        """Time quality (docs/record.md) at `uptime_ms`."""
        if self._set_at_ms < 0:
            return QUALITY_NONE
        if uptime_ms - self._set_at_ms > DRIFTING_AFTER_MS:
            return QUALITY_DRIFTING
        return QUALITY_HOST_SET

    def set(self, uptime_ms: int, utc_ms: int) -> "int | None":
        """Take the host's time; return the step made, 0 for the first setting, None when none was made."""
        if not 0 <= utc_ms < _UTC_END_MS:
            return None
        first = self._set_at_ms < 0
        offset_ms = utc_ms - uptime_ms
        step_ms = 0 if first else offset_ms - self._offset_ms
        self._set_at_ms = uptime_ms
        if not first and abs(step_ms) <= STEP_MS:
            return None
        self._offset_ms = offset_ms
        return step_ms
