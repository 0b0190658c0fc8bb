"""What is wrong, told and stored: the same thing once, and never more than the store can bear.

Role in the flow: stage 10. Context: host. Whoever holds the cable can make findings without end; they must not fill
the disk that the evidence needs.
"""

from collections.abc import Callable
from typing import Any

from .store import Store
from .store_errors import StoreError

Report = Callable[[dict[str, Any]], None]

PER_MINUTE = 20
_MINUTE_MS = 60_000
_REMEMBERED = 1000


class FindingLog:
    """Tells findings to `report` and the store; `clock()` gives UTC in ms."""

    def __init__(self, store: Store, clock: Callable[[], int], report: Report) -> None:
        self._store = store
        self._clock = clock
        self._report = report
        self._told: dict[tuple[str, int, str], None] = {}
        # Port name -> (when its minute began, findings since)
        self._minutes: dict[str, tuple[int, int]] = {}

    def tell(self, port: str, gateway: str, seq: int, kind: str, detail: str) -> None:
        """A finding about `gateway`, made by what came in on `port`; `seq` -1 for no record."""
        if (gateway, seq, kind) in self._told:
            return
        count = self._count(port)
        if count < PER_MINUTE and self._keep(gateway, seq, kind, detail):
            self._told[gateway, seq, kind] = None
            if len(self._told) > _REMEMBERED:
                del self._told[next(iter(self._told))]
        elif count == PER_MINUTE:
            self._keep(
                gateway, -1, "flood", f"{PER_MINUTE} findings on {port} within a minute; the others are left out"
            )

    def note(self, gateway: str, kind: str, detail: str) -> None:
        """What the host noticed by itself: told each time, because no stranger can bring it about at will."""
        self._keep(gateway, -1, kind, detail)

    def _count(self, port: str) -> int:
        """Findings on this port in its present minute, before this one."""
        now_ms = self._clock()
        began_ms, count = self._minutes.get(port, (now_ms, 0))
        if abs(now_ms - began_ms) >= _MINUTE_MS:  # backwards too: the host's clock may be set
            began_ms, count = now_ms, 0
        self._minutes[port] = began_ms, count + 1
        return count

    def _keep(self, gateway: str, seq: int, kind: str, detail: str) -> bool:
        """Store and report; whether it is stored. What is not comes again."""
        self._report({"event": "finding", "gateway": gateway, "seq": seq, "kind": kind, "detail": detail})
        try:
            self._store.finding(gateway, seq, kind, detail, self._clock())
        except StoreError as error:
            self._report({"event": "error", "detail": str(error)})
            return False
        return True
