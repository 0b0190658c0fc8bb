"""The guard at work: what it was told last time, the clock it goes by, and keeping what must survive.

Role in the flow: stages 4 and 5. Context: task. What it decides: `tocsin.judge`, `tocsin.guard`.
"""

import asyncio
import json
import sys

from tocsin.event import TROUBLE_MEMORY
from tocsin.guard import Guard
from tocsin.guard_state import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tocsin.zone import Zone

    from .hal import Beat, Config, UptimeMs
    from .memory import Memory
    from .outputs import Outputs
    from .recorder import Recorder
    from .sense import Contacts

_NAME = "guard"
_OUTPUTS = "outputs"
# What is left of an excuse is kept this often, so that power cuts make none much longer, clock or no clock.
_KEEP_EVERY_MS = 600_000
# A trouble that lasts is told at once, then this often.
_TROUBLE_EVERY_MS = 60_000


class Guarding:
    """`guard` over the life of a gateway; `announce` is where zones say how they stand."""

    def __init__(
        self,
        config: "Config",
        zones: "list[Zone]",
        recorder: "Recorder",
        memory: "Memory",
        uptime_ms: "UptimeMs",
        outputs: "Outputs | None" = None,
    ) -> None:
        delays = config.get("guard", {})
        self.guard = Guard(
            zones, recorder, delays.get("exit_s", 0), delays.get("entry_s", 0), delays.get("confirm_s", 0)
        )
        self._outputs = outputs
        self.announce = self._announce_and_show if outputs else self.guard.announce
        self.warn = self.guard.warn
        self._recorder = recorder
        self._memory = memory
        self._uptime_ms = uptime_ms
        self._told_at_ms = -_TROUBLE_EVERY_MS
        self._outputs_due_ms = self._kept_at_ms = 0
        self._take(_NAME, self._resume)
        if outputs:
            self._take(_OUTPUTS, outputs.resume)

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
            next_ms = self.guard.next_ms(now_ms)
            if self._outputs_due_ms:
                next_ms = min(next_ms, self._outputs_due_ms)
            await asyncio.sleep_ms(max(0, next_ms - now_ms))

    def tick(self, now_ms: int) -> None:
        """End what is over, and keep what changed."""
        utc_ms = self._recorder.clock.utc_ms(now_ms)
        self.guard.tick(now_ms, utc_ms)
        self.show(now_ms)
        is_old = self.guard.excuses.ends and now_ms - self._kept_at_ms >= _KEEP_EVERY_MS
        if self.guard.is_changed or is_old:
            self.guard.is_changed = False
            self._kept_at_ms = now_ms
            self._memory.keep(_NAME, json.dumps(snapshot(self.guard, now_ms, utc_ms)).encode())
            if self._outputs:
                self._memory.keep(_OUTPUTS, json.dumps(self._outputs.kept()).encode())
        if not self._recorder.is_waiting():
            self._memory.save()
        if self._memory.lost_count and now_ms - self._told_at_ms >= _TROUBLE_EVERY_MS:
            self._told_at_ms = now_ms
            lost_count, self._memory.lost_count = self._memory.lost_count, 0
            self._recorder.trouble(TROUBLE_MEMORY, lost_count)

    def show(self, now_ms: int) -> None:
        """Switch outputs as the guard now stands. Called after whatever changed it, and every second."""
        if self._outputs:
            guard = self.guard
            shows = guard.shows()
            # Before the start is over nothing is shown, and nothing that is fresh is used up.
            if shows:
                fresh, guard.memory.fresh = guard.memory.fresh, 0
                self._outputs_due_ms = self._outputs.update(shows, fresh, guard.mode, now_ms)
                guard.is_changed |= self._outputs.is_changed
                self._outputs.is_changed = False

    def _announce_and_show(self, zone: "Zone", state: int, value: int, count: int, at_ms: int) -> None:
        self.guard.announce(zone, state, value, count, at_ms)
        self.show(self._uptime_ms())

    def _resume(self, kept: "Any") -> None:
        from tocsin import guard_resume

        guard_resume.resume(self.guard, kept, self._uptime_ms())
        package = sys.modules["tocsin"]
        del sys.modules["tocsin.guard_resume"], package.guard_resume

    def _take(self, name: str, resume: "Callable[[Any], None]") -> None:
        """Go on with what was kept. A gateway that never made a record has nothing to miss."""
        lost_count = self._memory.lost_count
        kept = self._memory.load(name)
        try:
            if kept:
                resume(json.loads(kept))
            elif name == _NAME and lost_count == self._memory.lost_count and self._recorder.next_seq():
                self._memory.lost_count += 1
        except (ValueError, TypeError, IndexError):
            self._memory.lost_count += 1
