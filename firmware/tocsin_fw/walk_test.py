"""The walk test: a person walks through the building, and every zone has to show that it sees.

Role in the flow: stage 5, beside the guard, which raises no alarm meanwhile. Context: task. Brought in when somebody
begins one, or where the site says how often; docs/people.md, "Walk test".
"""

import json

from tocsin.compat import const
from tocsin.event import SOURCE_GATEWAY, TYPE_TEST, VERDICT_DONE, VERDICT_REFUSED
from tocsin.local_time import local_min
from tocsin.zone import NO_WALK_TEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tocsin.guard import Guard

    from .hal import UptimeMs
    from .memory import Memory
    from .recorder import Recorder

# It ends by itself when so long no zone was hit.
_IDLE_S = const(1800)
# Steps of a test (docs/record.md).
_BEGUN = const(0)
_WORKS = const(1)
_ENDED = const(2)
_UNTESTED = const(3)
_OVERDUE = const(4)
_NEVER = 0xFFFFFFFF
_NAME = "walk"


class WalkTest:
    """`hits`: how often each zone was hit in the test that runs, or ran last; `days`: when each was hit last."""

    def __init__(
        self, guard: "Guard", recorder: "Recorder", memory: "Memory", offsets: "list[int]", uptime_ms: "UptimeMs"
    ) -> None:
        self.hits: "dict[int, int]" = {}
        self.days: "dict[int, int]" = {}
        self._overdue_day = -1
        self._guard = guard
        self._recorder = recorder
        self._memory = memory
        self._offsets = offsets
        self._uptime_ms = uptime_ms
        self._numbers = [zone.number for zone in guard.zones.values() if not zone.does & NO_WALK_TEST]
        self._resume()
        guard.on_test_hit = self.hit
        guard.on_test_over = self.end

    def begin(self, person: int, now_ms: int) -> int:
        """Begin one; the verdict."""
        verdict = self._guard.test_begin(person, now_ms)
        if verdict == VERDICT_DONE:
            self.hits = {}
            self._recorder.record(TYPE_TEST, SOURCE_GATEWAY, 0, 0, _BEGUN, person, now_ms)
            self._go_on(now_ms)
        return verdict

    def toggle(self, person: int, now_ms: int) -> None:
        """A technician's touch."""
        if self._guard.testing:
            self.end(person, now_ms)
        else:
            self.begin(person, now_ms)

    def hit(self, number: int) -> None:
        """The guard saw a zone move."""
        now_ms = self._uptime_ms()
        self.hits[number] = self.hits.get(number, 0) + 1
        self.days[number] = self._today(now_ms)
        self._guard.tell(TYPE_TEST, number, _WORKS, self.hits[number], now_ms)
        self._go_on(now_ms)

    def end(self, person: int, now_ms: int) -> int:
        """End it, and tell of each zone that was not seen to work; the verdict. `person` 0: it ends by itself."""
        if not self._guard.testing:
            return VERDICT_REFUSED
        untested = [number for number in self._numbers if number not in self.hits]
        for number in untested:
            self._guard.tell(TYPE_TEST, number, _UNTESTED, self._days_since(number, self._today(now_ms)), now_ms)
        self._recorder.record(TYPE_TEST, SOURCE_GATEWAY, 0, 0, _ENDED, len(untested) | person << 8, now_ms)
        self._guard.test_end(person, now_ms)
        return VERDICT_DONE

    def tell_overdue(self, day: int, test_days: int, now_ms: int) -> None:
        """Once a day: the zones that nobody tested for `test_days`. A new gateway has its first day to be tested."""
        if day == self._overdue_day:
            return
        is_first = self._overdue_day < 0
        self._overdue_day = day
        for number in self._numbers:
            days = self._days_since(number, day)
            if days >= test_days and not is_first:
                self._guard.tell(TYPE_TEST, number, _OVERDUE, days, now_ms)
        self._keep()

    def _go_on(self, now_ms: int) -> None:
        self._guard.test_until(_IDLE_S, now_ms)
        self._keep()

    def _today(self, now_ms: int) -> int:
        """Local day since 1970; 0 while the time is unknown."""
        return max(0, local_min(self._recorder.clock.utc_ms(now_ms), self._offsets)) // 1440

    def _days_since(self, number: int, day: int) -> int:
        last = self.days.get(number, 0)
        return max(0, day - last) if last and day else _NEVER

    def _keep(self) -> None:
        kept = [self._overdue_day, list(self.hits.items()), list(self.days.items())]
        self._memory.keep(_NAME, json.dumps(kept).encode())

    def _resume(self) -> None:
        kept = self._memory.load(_NAME)
        try:
            if kept:
                overdue_day, hits, days = json.loads(kept)
                self.hits, self.days, self._overdue_day = dict(hits), dict(days), overdue_day + 0
        except (ValueError, TypeError):
            pass  # as if nobody ever tested: that is told
