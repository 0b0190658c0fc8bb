"""From a zone's state to its record: the mode, what excuses the zone, the entry delay, the walk test.

Role in the flow: stages 4 and 5. Shared: gateway and host (its tests). Context: task. Times are uptimes in ms.
Reference: docs/modes.md.

One rule holds it together: a zone that is not at rest is judged again whenever something that excused it ends (a mode,
a delay, an inhibit, a release, a test), and is an alarm then. So nothing that stands open is ever forgotten.
"""

from . import event
from .alarm_memory import AlarmMemory
from .compat import const
from .excuses import Excuses
from .policy import TYPES, asked_for
from .zone import CHIME, IS_TAMPER, NO_WALK_TEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from .zone import Zone

    class Recorder(Protocol):
        """Where records go. `mode` survives a restart; `test` marks the records of zones."""

        mode: int
        test: int

        def record(self, kind: int, source: int, before: int, after: int, value: int, count: int, at_ms: int) -> None:
            """Seal one."""


# As in `alarm_memory`.
_SHOW_FAULT = const(4)
_SHOW_ENTRY = const(8)
_SHOW_EXIT = const(16)
_SHOW_CHIME = const(32)
_SHOW_UNSET = const(64)
_SHOW_SET = const(128)
_CHIME_MS = const(1000)

# `count` of an alarm: found so, as a start, a setting or the end of an excuse looked; after the entry delay.
_FOUND = const(1)
_WAITED = const(2)

_ENTRY_BEGUN = const(3)  # step of a delay (docs/record.md)


def is_set(mode: int) -> bool:
    """Whether a mode guards the building: closed or lockdown."""
    return mode in (event.MODE_CLOSED, event.MODE_LOCKDOWN)


class Judge:
    """The zones of a gateway, and what is told of them.

    `testing`: a walk test runs; `on_test_hit(zone number)` is called instead of an alarm then. `is_changed`: there is
    something to keep. `exit_at`, `entry_at`: when a delay ends, 0 while none runs.
    """

    def __init__(self, zones: "list[Zone]", recorder: "Recorder", entry_s: int, confirm_s: int) -> None:
        self.zones = {zone.number: zone for zone in zones}
        self.mode = recorder.mode if 0 <= recorder.mode < event.MODES else event.MODE_CLOSED
        self.excuses = Excuses()
        self.memory = AlarmMemory(confirm_s * 1000)
        self.testing = self.is_changed = False
        self.on_test_hit: "Callable[[int], None] | None" = None
        self.exit_at = self.entry_at = self.chime_until = 0
        self._entry_s = entry_s
        self._recorder = recorder
        # Until `start`: what was seen of each zone.
        self._held: "dict[int, list[Any]] | None" = {}

    def start(self, at_rest: "list[Zone]", now_ms: int) -> None:
        """All is known that can be at a start: judge what differs from what was kept, and what nobody told.

        `at_rest`: zones that say nothing as long as they are at rest, and are so now.
        """
        held, self._held = self._held or {}, None
        for zone in at_rest:
            if zone.number not in held:
                self.announce(zone, event.STATE_NORMAL, 0, _FOUND, now_ms)
        for number in sorted(held):
            for one in held[number]:
                self.announce(*one)
        self.judge_all(now_ms)
        for zone in self.zones.values():
            # What is excused is no news, but the log must say how every zone stands at a start.
            if zone.told != TYPES[zone.state] and (zone.told, zone.state) != (event.TYPE_ACTIVITY, 1):
                self.tell(event.TYPE_BOOT, zone.number, 0, 0, now_ms)
        self.is_changed = True

    def announce(self, zone: "Zone", state: int, value: int, count: int, at_ms: int) -> None:
        """Take the state (0 … 3) of `zone` seen at `at_ms`; `value` and `count` as docs/record.md gives them."""
        if self._held is not None:
            # What takes three readings to be sure may have said normal before it knew better.
            seen = self._held.get(zone.number, [])
            if not seen or seen[-1][1] != state:
                before_it = seen if state == event.STATE_NORMAL else []
                self._held[zone.number] = before_it + [(zone, state, value, count, at_ms)]
            return
        if state == event.STATE_ALARM and zone.does & IS_TAMPER:
            state = event.STATE_TAMPER
        before = zone.state
        if state != before:
            zone.state = state
            self.is_changed = True
            self._judge(zone, before, value, count, at_ms, False)

    def warn(self, number: int, code: int, value: int, at_ms: int) -> None:
        """Record a warning about a zone that is no alarm."""
        self.tell(event.TYPE_WARNING, number, value, code, at_ms)

    def shows(self) -> int:
        """What outputs may show now: bits as `alarm_memory` has them; none before the start is over."""
        if self._held is not None:
            return 0
        bits = self.memory.latched | (_SHOW_SET if is_set(self.mode) else _SHOW_UNSET)
        for zone in self.zones.values():
            if zone.state == event.STATE_FAULT and not self.excuses.is_inhibited(zone.number):
                bits |= _SHOW_FAULT
        for bit, at_ms in ((_SHOW_ENTRY, self.entry_at), (_SHOW_EXIT, self.exit_at), (_SHOW_CHIME, self.chime_until)):
            if at_ms:
                bits |= bit
        return bits

    def begin_entry(self, now_ms: int) -> None:
        """From now on somebody is coming in."""
        self.entry_at = max(1, now_ms + self._entry_s * 1000)

    def entry_over(self, now_ms: int) -> None:
        """Nobody unset in time: each zone that waited is an alarm, also one that is closed again."""
        self.entry_at = 0
        for zone in self.zones.values():
            if zone.pending:
                zone.pending = False
                state, told = zone.state, zone.told
                self._alarm(zone, event.TYPE_ALARM, state, state or event.STATE_ALARM, 0, _WAITED, now_ms)
                if state == event.STATE_NORMAL:
                    self._restore(zone, event.STATE_ALARM, 0, 0, now_ms)
                elif state != event.STATE_ALARM:
                    zone.told = told  # of the tamper or fault that it is by now

    def judge_all(self, now_ms: int) -> None:
        """What they are judged by is another: each that stands open is what it is now."""
        for zone in self.zones.values():
            self._judge(zone, zone.state, 0, _FOUND, now_ms, True)

    def judge_anew(self, zone: "Zone", now_ms: int) -> None:
        """What was told of it was told before an excuse, or under one: tell it again."""
        if zone.state and zone.told:
            zone.told = event.TYPE_RESTORE
        self._judge(zone, zone.state, 0, _FOUND, now_ms, True)

    def tell(self, kind: int, number: int, value: int, count: int, at_ms: int) -> None:
        """Record something about a zone whose state stays as it is."""
        state = self.zones[number].state
        self._recorder.record(kind, number, state, state, value, count, at_ms)

    def tell_delay(self, step: int, count: int, now_ms: int, source: int = event.SOURCE_GATEWAY) -> None:
        """Record a step of a delay."""
        self.is_changed = True
        self._recorder.record(event.TYPE_DELAY, source, 0, 0, step, count, now_ms)

    def _judge(self, zone: "Zone", before: int, value: int, count: int, at_ms: int, is_found: bool) -> None:
        """Make the records that the zone's state asks for now. `is_found`: it is not new, so no delay begins."""
        state = zone.state
        if state == event.STATE_NORMAL:
            if zone.told:
                self._restore(zone, before, value, count, at_ms)
            return
        kind = asked_for(zone, self.mode, self.excuses, self.testing)
        if kind == event.TYPE_DELAY:
            if self._entry_s and not is_found:
                if not self.entry_at:
                    self.begin_entry(at_ms)
                    self.tell_delay(_ENTRY_BEGUN, self._entry_s, at_ms, zone.number)
                zone.pending = True
                return
            kind = event.TYPE_ALARM
        if kind == event.TYPE_TEST:
            if not is_found and self.on_test_hit:
                self.on_test_hit(zone.number)
        elif kind and kind != zone.told and not (kind == event.TYPE_ACTIVITY and zone.told == event.TYPE_ALARM):
            self._alarm(zone, kind, before, state, value, count, at_ms)
        if zone.does & CHIME and kind in (0, event.TYPE_ACTIVITY) and not is_found:
            self.chime_until = at_ms + _CHIME_MS

    def _alarm(self, zone: "Zone", kind: int, before: int, after: int, value: int, count: int, at_ms: int) -> None:
        """Record it, and let outputs show it."""
        zone.told = kind
        self.is_changed = True
        self._recorder.record(kind, zone.number, before, after, value, count, at_ms)
        if kind not in (event.TYPE_ALARM, event.TYPE_TAMPER) or (self.testing and not zone.does & NO_WALK_TEST):
            return
        self.memory.take(zone, kind)
        confirmed = self.memory.confirms(zone, at_ms) if kind == event.TYPE_ALARM else None
        if confirmed:
            self.tell(event.TYPE_CONFIRMED, zone.number, confirmed[0], confirmed[1], at_ms)

    def _restore(self, zone: "Zone", before: int, value: int, count: int, at_ms: int) -> None:
        zone.told = 0
        self.is_changed = True
        self._recorder.record(event.TYPE_RESTORE, zone.number, before, event.STATE_NORMAL, value, count, at_ms)
