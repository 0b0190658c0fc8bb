"""Which gateways are heard, and which fell silent.

Role in the flow: stage 9. Context: host. A gateway makes a heartbeat every 10 s (docs/record.md), so one that brings
no new record for three times as long is cut off, without power or gone. Only a record never seen before counts: noise,
a recorded hello and records sent again are no life sign.
"""

from collections.abc import Callable, Iterable

SILENT_AFTER_S = 30


class SilenceWatch:
    """Judges by `uptime_ms()`, a clock that nobody sets; silence begins with the watch for those never heard."""

    def __init__(self, gateways: Iterable[str], uptime_ms: Callable[[], int], limit_ms: int) -> None:
        self._uptime_ms = uptime_ms
        self._limit_ms = limit_ms
        self._heard_ms = dict.fromkeys(gateways, uptime_ms())
        self._silent: set[str] = set()

    def heard(self, gateway: str) -> int | None:
        """A new record of `gateway` came; for how many ms it was silent, if that was told."""
        now_ms = self._uptime_ms()
        silent_ms = now_ms - self._heard_ms[gateway]
        self._heard_ms[gateway] = now_ms
        if gateway not in self._silent:
            return None
        self._silent.remove(gateway)
        return silent_ms

    def fallen_silent(self) -> list[tuple[str, int]]:
        """Gateways silent for too long, each told once, with the ms since they were heard."""
        now_ms = self._uptime_ms()
        late = [(name, now_ms - at_ms) for name, at_ms in self._heard_ms.items() if now_ms - at_ms >= self._limit_ms]
        new = [(name, silent_ms) for name, silent_ms in late if name not in self._silent]
        self._silent.update(name for name, _ in new)
        return new
