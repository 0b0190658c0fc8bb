"""Whatever happens to a guard, in whatever order: no alarm condition is lost, and nothing is set unseen.

The oracle below knows the promises of docs/modes.md, and nothing of how the guard keeps them: it looks at what the
world shows, what was asked for and granted, and at the records.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tocsin import event
from tocsin.guard import Guard
from tocsin.guard_resume import resume
from tocsin.guard_state import snapshot
from tocsin.zone import Zone
from tocsin_fw.outputs import Outputs

NORMAL, ALARM, TAMPER, FAULT = range(4)
SET = (event.MODE_CLOSED, event.MODE_LOCKDOWN)
ENTRY_MS, EXIT_MS = 20_000, 30_000
# Number -> (responses, what it does): a door with entry delay, a hall, one that is off in open hours, a work of art,
# water, a panic button, the lid of a box.
ZONES = {
    1: ("1221", 2),
    2: ("1331", 0),
    3: ("0330", 0),
    4: ("3333", 8),
    5: ("3333", 128 | 16),
    6: ("3333", 33),
    7: ("3333", 36),
}
STATE_TYPES = (
    event.TYPE_ALARM,
    event.TYPE_RESTORE,
    event.TYPE_TAMPER,
    event.TYPE_FAULT,
    event.TYPE_ACTIVITY,
)
LIMIT_S = 25
SIREN = {"output": 1, "pin": 0, "active": 1, "shows": 0x103, "limit_s": LIMIT_S, "quiet": 1}
LAMP = {"output": 2, "pin": 1, "active": 0, "shows": 512, "limit_s": 0}
numbers = st.sampled_from(sorted(ZONES))
persons = st.sampled_from((0, 5))


class Tape:
    """A recorder."""

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.test = 0
        self.records: list[tuple[int, ...]] = []

    def record(self, *record: int) -> None:
        self.records.append(record)


class GuardMachine(RuleBasedStateMachine):
    """World, guard, and what the oracle has read in the records."""

    def __init__(self) -> None:
        super().__init__()
        self.world = dict.fromkeys(ZONES, NORMAL)
        self.now_ms = 1000
        self.tape = Tape(event.MODE_CLOSED)
        self.read = 0
        # By the records alone: what each zone was last said to be, until when it is excused, the mode.
        self.said = dict.fromkeys(ZONES, 0)
        self.inhibited: dict[int, int] = {}
        self.released: dict[int, int] = {}
        self.waiting: dict[int, int] = {}
        self.mode = event.MODE_CLOSED
        self.test_until = 0
        # Level of each output's pin, and since when the siren is on by it.
        self.pins = [0, 1]
        self.siren_since = -1
        self._make(None)

    def _make(self, kept: "list | None") -> None:
        zones = [Zone(number, modes, does) for number, (modes, does) in ZONES.items()]
        self.guard = Guard(zones, self.tape, EXIT_MS // 1000, ENTRY_MS // 1000, 60)
        spent = self.outputs.kept() if kept is not None else [0, 0]
        self.outputs = Outputs([SIREN, LAMP], self._drive, self.tape)
        self.outputs.resume(spent)
        self._show()
        assert self.pins == [0, 1], "on before the start is over"
        if kept is not None:
            resume(self.guard, kept, self.now_ms)
        for number, state in self.world.items():
            if state:
                self._announce(number, 1)
        self.guard.start([zone for zone in zones if not self.world[zone.number]], self.now_ms)
        self._show()

    def _drive(self, pin: int, level: int) -> None:
        if pin == 0 and level != self.pins[0]:
            self.siren_since = self.now_ms if level else -1
        self.pins[pin] = level

    def _show(self) -> int:
        shows = self.guard.shows()
        if not shows:
            return 0
        fresh, self.guard.memory.fresh = self.guard.memory.fresh, 0
        return self.outputs.update(shows, fresh, self.guard.mode, self.now_ms)

    def _announce(self, number: int, count: int = 0) -> None:
        self.guard.announce(self.guard.zones[number], self.world[number], 0, count, self.now_ms)

    @rule(number=numbers, state=st.sampled_from((NORMAL, ALARM, ALARM, ALARM, TAMPER, FAULT)))
    def zone_moves(self, number: int, state: int) -> None:
        self.world[number] = state
        self._announce(number)
        self._settle()
        is_tripped = state == ALARM and not self._is_excused(number)
        if is_tripped and self._response(number) == 2 and not self._is_tested(number) and self.said[number] != 2:
            assert self.guard.entry_at, f"zone {number} waits for nothing"
            self.waiting.setdefault(number, self.guard.entry_at)

    @rule(mode=st.integers(0, 3), person=persons, override=st.booleans(), at_once=st.booleans())
    def order_mode(self, mode: int, person: int, override: bool, at_once: bool) -> None:
        self._settle()
        was_set = self.mode in SET
        in_the_way = [
            n
            for n in ZONES
            if self.world[n] and not self._is_excused(n) and ZONES[n][0][mode] in "23" and not ZONES[n][1] & 128
        ]
        verdict = self.guard.set_mode(mode, person, override, self.now_ms, at_once)
        if mode in SET and not was_set and in_the_way and not (person and override):
            # Setting is already under way to this mode, or it must be refused, zone by zone.
            if verdict == event.VERDICT_REFUSED:
                told = {record[1] for record in self.tape.records if record[0] == event.TYPE_REFUSAL}
                assert set(in_the_way) <= told
            else:
                assert self.guard.exit_at
        if mode not in SET:
            assert verdict == event.VERDICT_DONE
            self.waiting = {}
        self._settle()

    @rule(number=numbers, seconds=st.sampled_from((0, 1, 30, 600, 604_800, 604_801)), person=persons)
    def inhibit(self, number: int, seconds: int, person: int) -> None:
        verdict = self.guard.inhibit(number, seconds, person, self.now_ms)
        assert (verdict == event.VERDICT_DONE) == (seconds <= 604_800 and number not in (6, 7))
        self._settle()

    @rule(number=numbers, seconds=st.sampled_from((0, 1, 30, 600, 86_401)), person=persons)
    def release(self, number: int, seconds: int, person: int) -> None:
        verdict = self.guard.release(number, seconds, person, self.now_ms)
        assert (verdict == event.VERDICT_DONE) == (seconds <= 86_400 and number == 4)
        self._settle()

    @rule(person=persons)
    def begin_test(self, person: int) -> None:
        if self.guard.test_begin(person, self.now_ms) == event.VERDICT_DONE:
            self.test_until = self.now_ms + 14_400_000
            # What a test shows is told anew after it.
        self._settle()

    @rule()
    def end_test(self) -> None:
        self.guard.test_end(0, self.now_ms)
        self._settle()

    @rule(ms=st.sampled_from((1, 500, 1000, 19_999, 20_000, 30_000, 600_000, 14_400_000, 90_000_000)))
    def time_passes(self, ms: int) -> None:
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms:
            due_ms = self.guard.next_ms(self.now_ms)
            # Nothing happens between: leap where `next_ms` only asks to be called once a second.
            ends = [at for at in (self.guard.exit_at, self.guard.entry_at, *self.guard.excuses.ends.values()) if at]
            ends += [at for at in (self._show(),) if at]
            if due_ms == self.now_ms + 1000:
                due_ms = min([until_ms, *(at for at in ends if at > self.now_ms)])
            self.now_ms = min(until_ms, max(due_ms, self.now_ms + 1))
            self.guard.tick(self.now_ms, 0)
            self._show()
            self._settle()

    @rule(moved=st.dictionaries(numbers, st.sampled_from((NORMAL, ALARM, TAMPER, FAULT)), max_size=2))
    def power_cut(self, moved: dict[int, int]) -> None:
        """Uptime goes on here, as the oracle's: what counts is what is left of each excuse, which is the same."""
        kept, first = snapshot(self.guard, self.now_ms, 0), len(self.tape.records)
        self.world.update(moved)
        self._make(kept)
        # A delay begins anew: it is longer by what had passed of it.
        self.waiting = {number: self.guard.entry_at for number in self.waiting if self.guard.entry_at}
        ends = self.guard.excuses.ends
        self.inhibited = {n: max(at, ends.get(n, 0), ends.get(n + 512, 0)) for n, at in self.inhibited.items()}
        self.released = {n: max(at, ends.get(n + 256, 0)) for n, at in self.released.items()}
        self.test_until = max(self.test_until, ends.get(768, 0)) if self.test_until else 0
        self._settle()
        self._log_tells_how_every_zone_stands(first)

    def _log_tells_how_every_zone_stands(self, first: int) -> None:
        """As docs/record.md has it: the last record of a zone's state, or its boot record, if from `first` on."""
        told = dict.fromkeys(ZONES, NORMAL)
        for index, (kind, source, _, after, *_) in enumerate(self.tape.records):
            if kind in STATE_TYPES or (kind == event.TYPE_BOOT and index >= first):
                told[source] = after
        assert told == {n: TAMPER if n == 7 and state == ALARM else state for n, state in self.world.items()}

    def _response(self, number: int) -> int:
        return int(ZONES[number][0][self.mode])

    def _is_tested(self, number: int) -> bool:
        return self.tape.test == 1 and not ZONES[number][1] & 16

    def _is_excused(self, number: int) -> bool:
        return number in self.inhibited or number in self.released

    def _settle(self) -> None:
        """Read what was recorded since."""
        for kind, source, _, after, value, count, _ in self.tape.records[self.read :]:
            if kind in (event.TYPE_ALARM, event.TYPE_TAMPER, event.TYPE_FAULT, event.TYPE_ACTIVITY):
                # Who came in is told of also where the zone is by now in another state, which was told before.
                if kind != event.TYPE_ALARM or count != 2 or after == ALARM:
                    self.said[source] = kind
                if kind == event.TYPE_ALARM and count == 2:
                    self.waiting.pop(source, None)
            elif kind == event.TYPE_RESTORE:
                self.said[source] = 0
            elif kind == event.TYPE_MODE:
                self.mode = value
            elif kind in (event.TYPE_INHIBIT, event.TYPE_RELEASE):
                table = self.inhibited if kind == event.TYPE_INHIBIT else self.released
                if count:
                    table[source] = self.now_ms + count * 1000
                else:
                    table.pop(source, None)
        self.read = len(self.tape.records)

    @invariant()
    def nothing_open_is_untold(self) -> None:
        """A zone that is not at rest, and that nothing excuses, was said to be so by a record."""
        self._settle()
        for number, state in self.world.items():
            if number in self.inhibited or self._is_tested(number):
                continue
            said = self.said[number]
            if state == ALARM and number == 7:
                state = TAMPER
            if state in (TAMPER, FAULT):
                assert said == {TAMPER: event.TYPE_TAMPER, FAULT: event.TYPE_FAULT}[state], number
            elif state == ALARM and self._response(number) >= 2 and number not in self.released:
                assert said == event.TYPE_ALARM or number in self.waiting, number

    @invariant()
    def every_wait_has_an_end(self) -> None:
        """Who came in and did not unset is an alarm when the delay is over, also if the door is closed again."""
        for number, until_ms in self.waiting.items():
            assert self.now_ms < until_ms, f"zone {number} was forgotten"

    @invariant()
    def every_excuse_has_an_end(self) -> None:
        for table in (self.inhibited, self.released):
            for number, until_ms in table.items():
                assert self.now_ms < until_ms, f"the excuse of zone {number} outlived its end"
        if self.tape.test:
            assert self.now_ms < self.test_until

    @invariant()
    def no_siren_is_on_beyond_its_limit_nor_after_unsetting(self) -> None:
        self._show()
        if self.siren_since >= 0:
            assert self.now_ms - self.siren_since < LIMIT_S * 1000
            assert self.mode != event.MODE_OPEN, "it is silent in open hours"

    @invariant()
    def a_lamp_for_the_hold_up_shows_it(self) -> None:
        """Lit since the button at the desk was an alarm, until somebody unset."""
        self._show()
        if self.said[6] == event.TYPE_ALARM and self.mode in SET:
            assert self.pins[1] == 0

    @invariant()
    def the_guard_says_what_it_recorded(self) -> None:
        assert self.guard.mode == self.mode == self.tape.mode
        assert bool(self.tape.test) == self.guard.testing


GuardMachine.TestCase.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
test_guard_machine = GuardMachine.TestCase
