"""What excuses a zone from being judged, until when: inhibits, releases, the walk test.

Role in the flow: stage 5. Shared: gateway and host (its tests). Context: task. Times are uptimes in ms.
Every excuse has an end. Over a power cut it goes on for what it had left when it was last kept, and not beyond its end
by the clock, once that is known: a power cut may shorten an excuse, and never makes one longer.
"""

from .compat import const

# The longest there is.
_MAX_S = const(604_800)

# Keys: zone number + one of these. That of the walk test is 768 (`guard.py`).
_INHIBIT = const(0)
_RELEASE = const(256)
_OVERRIDE = const(512)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Excuses:
    """`ends`: key -> uptime at which it ends."""

    def __init__(self) -> None:
        self.ends: "dict[int, int]" = {}
        self._utc_ends: "dict[int, int]" = {}

    def is_inhibited(self, number: int) -> bool:
        """Whether the zone is left out, for any reason."""
        return number + _INHIBIT in self.ends or number + _OVERRIDE in self.ends

    def is_released(self, number: int) -> bool:
        """Whether the object may be moved."""
        return number + _RELEASE in self.ends

    def begin(self, key: int, seconds: int, now_ms: int) -> None:
        """From now on, for so long."""
        self.ends[key] = now_ms + seconds * 1000
        self._utc_ends.pop(key, None)

    def end(self, key: int) -> bool:
        """Whether there was one to end."""
        return self.ends.pop(key, None) is not None

    def due(self, now_ms: int, utc_ms: int) -> "list[int]":
        """Keys of those that are over. `utc_ms` is 0 while unknown."""
        if utc_ms and self._utc_ends:
            for key, end_s in self._utc_ends.items():
                if key in self.ends:
                    self.ends[key] = min(self.ends[key], now_ms + end_s * 1000 - utc_ms)
            self._utc_ends = {}
        return sorted([key for key, at_ms in self.ends.items() if now_ms >= at_ms])

    def snapshot(self, now_ms: int, utc_ms: int) -> "list[Any]":
        """[key, seconds left, UTC of the end in seconds or 0] of each."""
        kept = []
        for key, at_ms in self.ends.items():
            left_s = max(0, at_ms - now_ms + 999) // 1000
            utc_s = (utc_ms + at_ms - now_ms) // 1000 if utc_ms else self._utc_ends.get(key, 0)
            kept.append([key, left_s, utc_s])
        return kept

    def resume(self, key: int, left_s: int, utc_s: int, now_ms: int) -> None:
        """Go on with one that was kept."""
        self.ends[key] = now_ms + min(max(0, left_s), _MAX_S) * 1000
        if utc_s:
            self._utc_ends[key] = utc_s
