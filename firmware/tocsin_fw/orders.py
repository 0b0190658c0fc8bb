"""Commands from the host: carried out once, in order, and every outcome recorded.

Role in the flow: the way back, from the link (stage 8) to policy (stage 5). Context: task.
"""

from tocsin.command import (
    HEARTBEAT_NOW,
    INHIBIT,
    RELEASE,
    ROSTER_BEGIN,
    ROSTER_COMMIT,
    SET_MODE,
    SILENCE,
    TEST_BEGIN,
    TEST_END,
)
from tocsin.event import (
    MODES,
    PERSON_MAX,
    SOURCE_GATEWAY,
    TYPE_COMMAND,
    VERDICT_BAD_ARGUMENT,
    VERDICT_DONE,
    VERDICT_FORGED,
    VERDICT_STALE,
    VERDICT_UNKNOWN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.guard import Guard

    from .hal import UptimeMs
    from .recorder import Recorder
    from .roster_orders import RosterOrders
    from .walk_test import WalkTest

# Refusals are recorded at most this often, so that nobody fills the journal with them.
REFUSAL_EVERY_MS = 60_000


class Orders:
    """Judges and carries out commands."""

    def __init__(
        self,
        recorder: "Recorder",
        guard: "Guard",
        heartbeat: "Callable[[], None]",
        uptime_ms: "UptimeMs",
        storage: str,
        walk_test: "Callable[[], WalkTest]",
    ) -> None:
        self._recorder = recorder
        self._guard = guard
        self._heartbeat = heartbeat
        self._uptime_ms = uptime_ms
        self._storage = storage
        self._walk_test = walk_test
        self._roster: "RosterOrders | None" = None
        self._refused_at_ms = -REFUSAL_EVERY_MS

    def take(self, counter: int, code: int, argument: int, payload: bytes = b"") -> None:
        """A command with a right seal."""
        if counter <= self._recorder.counter:
            self.refuse(counter, code, VERDICT_STALE)
            return
        verdict = self._carry_out(code, argument, payload)
        self._recorder.counter = counter
        self._tell(counter, code, verdict)

    def refuse(self, counter: int, code: int, verdict: int = VERDICT_FORGED) -> None:
        """A command that was not even looked at: forged or stale."""
        now_ms = self._uptime_ms()
        if now_ms - self._refused_at_ms >= REFUSAL_EVERY_MS:
            self._refused_at_ms = now_ms
            self._tell(counter, code, verdict)

    def _carry_out(self, code: int, argument: int, payload: bytes) -> int:
        if code == SET_MODE:
            mode, person, override = argument & 255, argument >> 8 & 255, argument >> 16
            if mode >= MODES or person > PERSON_MAX or override not in (0, 1) or override > person:
                return VERDICT_BAD_ARGUMENT
            return self._guard.set_mode(mode, person, bool(override), self._uptime_ms(), True)
        if code == HEARTBEAT_NOW:
            self._heartbeat()
            return VERDICT_DONE
        if INHIBIT <= code <= SILENCE:
            return self._for_person(code, argument, payload)
        if ROSTER_BEGIN <= code <= ROSTER_COMMIT:
            if self._roster is None:
                from .roster_orders import RosterOrders

                self._roster = RosterOrders(self._storage, self._recorder)
            return self._roster.take(code, argument, payload)
        return VERDICT_UNKNOWN

    def _for_person(self, code: int, argument: int, payload: bytes) -> int:
        """What changes how zones are judged, and names who wanted it."""
        guard, now_ms = self._guard, self._uptime_ms()
        if code <= RELEASE:
            if len(payload) != 2 or payload[1] > PERSON_MAX:
                return VERDICT_BAD_ARGUMENT
            excuse = guard.inhibit if code == INHIBIT else guard.release
            return excuse(payload[0], argument, payload[1], now_ms)
        if not 0 <= argument <= PERSON_MAX:
            return VERDICT_BAD_ARGUMENT
        if code == TEST_BEGIN:
            return self._walk_test().begin(argument, now_ms)
        if code == TEST_END:
            return self._walk_test().end(argument, now_ms)
        return guard.silence(argument, now_ms)

    def _tell(self, counter: int, code: int, verdict: int) -> None:
        self._recorder.record(TYPE_COMMAND, SOURCE_GATEWAY, value=verdict << 8 | code, count=counter)
