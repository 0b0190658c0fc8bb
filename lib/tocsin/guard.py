"""Who may change what is guarded, and when it ends: modes, exit delay, inhibits, releases, the walk test.

Role in the flow: stage 5, on top of `judge.py`. Shared: gateway and host (its tests). Context: task. Times are uptimes
in ms. Reference: docs/modes.md.
It must never: set with a zone open that no record tells of, or let an excuse outlive its end.
"""

from . import event
from .compat import const
from .judge import Judge, is_set
from .policy import in_the_way
from .zone import NO_INHIBIT, NO_WALK_TEST, RELEASABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .judge import Recorder
    from .zone import Zone

_INHIBIT_MAX_S = const(604_800)
_RELEASE_MAX_S = const(86_400)
# One that was set in spite of: until the next unsetting, and no longer than this.
_OVERRIDE_S = const(86_400)
# A walk test that nobody ends.
_TEST_MAX_S = const(14_400)

# Keys of excuses, as in `excuses.py`: private constants cost no heap.
_INHIBIT = const(0)
_RELEASE = const(256)
_OVERRIDE = const(512)
_TEST = const(768)

# Steps of a delay (docs/record.md).
_EXIT_BEGUN = const(1)
_EXIT_OVER = const(2)
_ENTRY_ENDED = const(4)
_EXIT_BROKEN_OFF = const(5)


class Guard(Judge):
    """A gateway's zones under its mode. `on_test_over(person, now_ms)`: somebody sets while a walk test
    runs, or it lasted too long (person 0)."""

    def __init__(
        self, zones: "list[Zone]", recorder: "Recorder", exit_s: int = 0, entry_s: int = 0, confirm_s: int = 0
    ) -> None:
        super().__init__(zones, recorder, entry_s, confirm_s)
        self.on_test_over: "Callable[[int, int], object]" = self.test_end
        self.exit_to = 0  # the mode when the exit delay ends + 256 × person
        self._exit_s = exit_s

    def set_mode(self, mode: int, person: int, override: bool, now_ms: int, at_once: bool = False) -> int:
        """Set (closed, lockdown) or unset (open, reopening); the verdict. A person has the exit delay to leave, unless
        `at_once`. `override` needs a person: what stands open is inhibited then."""
        if not 0 <= mode < event.MODES:
            return event.VERDICT_BAD_ARGUMENT
        to = mode | person << 8
        if is_set(mode):
            if self.exit_at and self.exit_to & 255 == mode:
                return event.VERDICT_DONE
            if not is_set(self.mode) and not self._may_set(mode, person, override, now_ms):
                return event.VERDICT_REFUSED
        if self.exit_at:
            self.exit_at = 0
            self.tell_delay(_EXIT_BROKEN_OFF, person, now_ms)
        elif mode == self.mode and not is_set(mode):
            self.silence(person, now_ms)
        if is_set(mode) and not is_set(self.mode) and self._exit_s and person and not at_once:
            self.begin_exit(to, now_ms)
            self.tell_delay(_EXIT_BEGUN, self._exit_s, now_ms)
        else:
            self._apply(to, now_ms)
        return event.VERDICT_DONE

    def inhibit(self, number: int, seconds: int, person: int, now_ms: int) -> int:
        """Leave a zone out for that long, at most 7 days; 0 ends it. The verdict."""
        if number not in self.zones or not 0 <= seconds <= _INHIBIT_MAX_S:
            return event.VERDICT_BAD_ARGUMENT
        if self.zones[number].does & NO_INHIBIT:
            return event.VERDICT_REFUSED
        if not seconds:
            self._end(number + _OVERRIDE, person, now_ms)
        self.excuses.end(number + _OVERRIDE)  # this one is in its place
        return self._excuse(number + _INHIBIT, seconds, person, now_ms)

    def release(self, number: int, seconds: int, person: int, now_ms: int) -> int:
        """Let an object be moved for that long, at most 24 h; 0 ends it. The verdict."""
        if number not in self.zones or not 0 <= seconds <= _RELEASE_MAX_S:
            return event.VERDICT_BAD_ARGUMENT
        if not self.zones[number].does & RELEASABLE:
            return event.VERDICT_REFUSED
        return self._excuse(number + _RELEASE, seconds, person, now_ms)

    def silence(self, person: int, now_ms: int) -> int:
        """Stop what alarms made outputs show; the mode stays, and a further alarm sounds anew. The verdict."""
        gateway, done = event.SOURCE_GATEWAY, event.ACCESS_SILENCED
        self._recorder.record(event.TYPE_ACCESS, gateway, 0, 0, person, done, now_ms)
        self.memory.clear()
        for zone in self.zones.values():
            zone.sounds = 0
        self.is_changed = True
        return event.VERDICT_DONE

    def test_until(self, seconds: int, now_ms: int) -> None:
        """Let a walk test that runs end by itself so long from now."""
        self.excuses.begin(_TEST, seconds, now_ms)
        self.is_changed = True

    def test_begin(self, person: int, now_ms: int) -> int:
        """Begin a walk test: no alarm and no output comes of what is tested. The verdict."""
        if self.testing or self.entry_at or self.exit_at:
            return event.VERDICT_REFUSED
        self.excuses.begin(_TEST, _TEST_MAX_S, now_ms)
        self.set_testing(True)
        return event.VERDICT_DONE

    def test_end(self, person: int, now_ms: int) -> None:
        """End it: what still stands open is an alarm now. Who ended it is told by the walk test."""
        self.excuses.end(_TEST)
        if self.testing:
            self.set_testing(False)
            for zone in self.zones.values():
                if not zone.does & NO_WALK_TEST:
                    self.judge_anew(zone, now_ms)

    def tick(self, now_ms: int, utc_ms: int) -> None:
        """End what is over. Called at `next_ms` at the latest; `utc_ms` is 0 while unknown."""
        if self.exit_at and now_ms >= self.exit_at:
            self.exit_at = 0
            self.tell_delay(_EXIT_OVER, self.exit_to >> 8, now_ms)
            self._apply(self.exit_to, now_ms)
        if self.entry_at and now_ms >= self.entry_at:
            self.entry_over(now_ms)
        if now_ms >= self.chime_until:
            self.chime_until = 0
        for key in self.excuses.due(now_ms, utc_ms):
            if key == _TEST:
                self.on_test_over(0, now_ms)
            else:
                self._end(key, 0, now_ms)

    def next_ms(self, now_ms: int) -> int:
        """When `tick` has something to do, a second from now at the latest."""
        dues_ms = [at_ms for at_ms in (self.exit_at, self.entry_at, self.chime_until) if at_ms]
        return min([now_ms + 1000] + dues_ms + list(self.excuses.ends.values()))

    def begin_exit(self, to: int, now_ms: int) -> None:
        """From now on somebody is leaving."""
        self.exit_to = to
        self.exit_at = max(1, now_ms + self._exit_s * 1000)

    def set_testing(self, testing: bool) -> None:
        """Mark what is recorded of zones, or no longer."""
        self.testing = testing
        self.is_changed = True
        self._recorder.test = int(testing)

    def _may_set(self, mode: int, person: int, override: bool, now_ms: int) -> bool:
        """Whether no zone is in the way, or all that are can be left out by name."""
        if self.testing:
            self.on_test_over(person, now_ms)
        found = in_the_way(list(self.zones.values()), mode, self.excuses)
        refused = [zone for zone in found if not (override and person) or zone.does & NO_INHIBIT]
        for zone in refused:
            self.tell(event.TYPE_REFUSAL, zone.number, person, zone.state, now_ms)
        if not refused:
            for zone in found:
                self._excuse(zone.number + _OVERRIDE, _OVERRIDE_S, person, now_ms)
        return not refused

    def _apply(self, to: int, now_ms: int) -> None:
        """The mode is this from now on."""
        mode, person, before = to & 255, to >> 8, self.mode
        self.mode = self._recorder.mode = mode
        if mode != before:
            self._recorder.record(event.TYPE_MODE, event.SOURCE_GATEWAY, 0, 0, mode, before | person << 8, now_ms)
        if not is_set(mode):
            self._forgive(person, now_ms)
        if mode != before:
            if self.entry_at:
                self.entry_over(now_ms)
            self.judge_all(now_ms)
        self.is_changed = True

    def _forgive(self, person: int, now_ms: int) -> None:
        """Somebody unset: the entry delay ends, outputs stop, alarms are no longer in memory."""
        if self.entry_at:
            self.entry_at = 0
            self.tell_delay(_ENTRY_ENDED, person, now_ms)
        self.memory.clear()
        for zone in self.zones.values():
            zone.pending, zone.sounds = False, 0
            self._end(zone.number + _OVERRIDE, person, now_ms)

    def _excuse(self, key: int, seconds: int, person: int, now_ms: int) -> int:
        if not seconds:
            self._end(key, person, now_ms)
        else:
            self.excuses.begin(key, seconds, now_ms)
            self._tell_excuse(key, person, seconds, now_ms)
        return event.VERDICT_DONE

    def _end(self, key: int, person: int, now_ms: int) -> None:
        """An excuse ends, if there is one."""
        if self.excuses.end(key):
            self._tell_excuse(key, person, 0, now_ms)
            self.judge_anew(self.zones[key & 255], now_ms)

    def _tell_excuse(self, key: int, person: int, seconds: int, now_ms: int) -> None:
        self.is_changed = True
        kind = event.TYPE_RELEASE if key & ~255 == _RELEASE else event.TYPE_INHIBIT
        self.tell(kind, key & 255, person, seconds, now_ms)
