"""The guard at work: what it was told last time, the clock it goes by, and keeping what must survive.

Role in the flow: stages 4 and 5. Context: task. What it decides: `tocsin.judge`, `tocsin.guard`.
"""

import asyncio
import json

from tocsin.event import TROUBLE_MEMORY
from tocsin.guard import Guard
from tocsin.guard_state import resume, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tocsin.zone import Zone

    from .hal import Beat, Config, UptimeMs
    from .memory import Memory
    from .recorder import Recorder
    from .sense import Contacts

_NAME = "guard"
# A trouble that lasts is told at once, then this often.
_TROUBLE_EVERY_MS = 60_000


class Guarding:
    """`guard` over the life of a gateway; `announce` is where zones say how they stand."""

    def __init__(
        self, config: "Config", zones: "list[Zone]", recorder: "Recorder", memory: "Memory", uptime_ms: "UptimeMs"
    ) -> None:
        delays = config.get("guard", {})
        self.guard = Guard(
            zones, recorder, delays.get("exit_s", 0), delays.get("entry_s", 0), delays.get("confirm_s", 0)
        )
        self.announce = self.guard.announce
        self.warn = self.guard.warn
        self._recorder = recorder
        self._memory = memory
        self._uptime_ms = uptime_ms
        self._told_at_ms = -_TROUBLE_EVERY_MS
        self._resume()

    async def run(self, contacts: "Contacts", start_until_ms: int, beat: "Beat") -> None:
        """The task."""
        while True:
            beat()
            now_ms = self._uptime_ms()
            if now_ms >= start_until_ms:
                contacts.drain(start_until_ms)
                self.guard.start(contacts.at_rest(), now_ms)
                break
            await asyncio.sleep_ms(start_until_ms - now_ms)
        while True:
            beat()
            now_ms = self._uptime_ms()
            self.tick(now_ms)
            await asyncio.sleep_ms(max(0, self.guard.next_ms(now_ms) - now_ms))

    def tick(self, now_ms: int) -> None:
        """End what is over, and keep what changed."""
        utc_ms = self._recorder.clock.utc_ms(now_ms)
        self.guard.tick(now_ms, utc_ms)
        if self.guard.is_changed:
            self.guard.is_changed = False
            self._memory.keep(_NAME, json.dumps(snapshot(self.guard, now_ms, utc_ms)).encode())
        if not self._recorder.is_waiting():
            self._memory.save()
        if self._memory.lost_count and now_ms - self._told_at_ms >= _TROUBLE_EVERY_MS:
            self._told_at_ms = now_ms
            lost_count, self._memory.lost_count = self._memory.lost_count, 0
            self._recorder.trouble(TROUBLE_MEMORY, lost_count)

    def _resume(self) -> None:
        """Go on with what was kept. A gateway that never made a record has nothing to miss."""
        kept, lost_count = self._memory.load(_NAME), self._memory.lost_count
        try:
            if kept:
                resume(self.guard, json.loads(kept), self._uptime_ms())
            elif not lost_count and self._recorder.next_seq():
                self._memory.lost_count = 1
        except (ValueError, TypeError, IndexError):
            self._memory.lost_count += 1
