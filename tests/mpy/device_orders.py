"""Commands: carried out once, refused loudly but not often; and what the mode makes of a zone."""

from support_virtual import Tape
from tocsin.guard import Guard
from tocsin.zone import Zone
from tocsin_fw.orders import Orders

RESTORE, TAMPER, MODE, ACCESS, COMMAND, ACTIVITY, REFUSAL = 3, 4, 10, 11, 16, 20, 28
DONE, STALE, FORGED, UNKNOWN, BAD_ARGUMENT, REFUSED = range(6)
OPEN, CLOSED, LOCKDOWN, REOPENING = range(4)


class _Bench:
    def __init__(self):
        self.now_ms = 0
        self.tape = Tape()
        self.day, self.night = Zone(1, "1331"), Zone(2, "3333")
        self.guard = Guard([self.day, self.night], self.tape, 30)
        self.guard.start([], 0)
        self.beats = 0
        self.tests = []
        self.orders = Orders(self.tape, self.guard, self._heartbeat, lambda: self.now_ms, "/nowhere", lambda: self)

    def begin(self, person, now_ms):
        """As `WalkTest`."""
        self.tests.append(("begin", person, now_ms))
        return DONE

    def end(self, person, now_ms):
        """As `WalkTest`."""
        self.tests.append(("end", person, now_ms))
        return REFUSED

    def _heartbeat(self):
        self.beats += 1

    def verdicts(self):
        """[(verdict, code, counter)] of the command records."""
        return [(r[4] >> 8, r[4] & 255, r[5]) for r in self.tape.records if r[0] == COMMAND]

    def told(self):
        """[(kind, source, before, after, count)] of the others."""
        return [(r[0], r[1], r[2], r[3], r[5]) for r in self.tape.records if r[0] != COMMAND]


def test_a_mode_command_is_carried_out_and_told():
    bench = _Bench()
    bench.orders.take(1, 1, OPEN)
    assert bench.tape.mode == OPEN and bench.tape.counter == 1
    assert bench.verdicts() == [(DONE, 1, 1)] and bench.told() == [(MODE, 255, 0, 0, CLOSED)]


def test_the_mode_it_has_already_is_no_change():
    bench = _Bench()
    bench.orders.take(1, 1, CLOSED)
    assert bench.verdicts() == [(DONE, 1, 1)] and bench.told() == []


def test_a_heartbeat_command_beats_once():
    bench = _Bench()
    bench.orders.take(5, 2, 0)
    assert bench.beats == 1 and bench.verdicts() == [(DONE, 2, 5)]


def test_a_stale_command_is_refused():
    bench = _Bench()
    bench.orders.take(5, 2, 0)
    bench.orders.take(5, 1, OPEN)
    assert bench.tape.mode == CLOSED and bench.tape.counter == 5
    assert bench.verdicts() == [(DONE, 2, 5), (STALE, 1, 5)]


def test_commands_that_overtook_each_other_are_carried_out_by_rising_counter_only():
    bench = _Bench()
    for counter, mode in ((7, OPEN), (6, CLOSED), (8, CLOSED), (7, OPEN)):
        bench.orders.take(counter, 1, mode)
    assert bench.tape.mode == CLOSED and bench.tape.counter == 8
    assert [verdict for verdict in bench.verdicts() if verdict[0] == DONE] == [(DONE, 1, 7), (DONE, 1, 8)]


def test_a_forged_command_moves_nothing():
    bench = _Bench()
    bench.orders.refuse(99, 1)
    assert bench.verdicts() == [(FORGED, 1, 99)] and bench.tape.counter == 0


def test_an_unknown_code_and_a_bad_argument_use_up_their_counter():
    bench = _Bench()
    bench.orders.take(1, 77, 0)
    bench.orders.take(2, 1, 4)
    # Nothing that fits; person 251; override by nobody; override 2.
    for argument in (-1, 251 << 8, 1 << 16, 2 << 16 | 1 << 8):
        bench.orders.take(bench.tape.counter + 1, 1, argument)
    refused = [(BAD_ARGUMENT, 1, counter) for counter in range(2, 7)]
    assert bench.verdicts() == [(UNKNOWN, 77, 1)] + refused
    assert bench.tape.counter == 6 and bench.tape.mode == CLOSED


def test_a_mode_names_the_person_who_wanted_it():
    bench = _Bench()
    bench.orders.take(1, 1, OPEN | 250 << 8)
    bench.orders.take(2, 1, LOCKDOWN | 3 << 8 | 1 << 16)
    assert bench.told() == [(MODE, 255, 0, 0, CLOSED | 250 << 8), (MODE, 255, 0, 0, OPEN | 3 << 8)]


def test_refusals_are_told_at_most_once_a_minute():
    bench = _Bench()
    for bench.now_ms in (0, 1, 59_999, 60_000, 60_001, 120_000):
        bench.orders.refuse(bench.now_ms, 1)
    assert [counter for _, _, counter in bench.verdicts()] == [0, 60_000, 120_000]


def test_refusals_do_not_keep_a_right_command_from_being_told():
    bench = _Bench()
    bench.orders.refuse(1, 1)
    bench.orders.take(1, 2, 0)
    assert bench.verdicts() == [(FORGED, 1, 1), (DONE, 2, 1)]


def test_closing_with_an_open_door_is_refused():
    bench = _Bench()
    bench.orders.take(1, 1, OPEN)
    bench.guard.announce(bench.day, 1, 0, 0, 500)
    assert bench.told()[1:] == [(ACTIVITY, 1, 0, 1, 0)]
    bench.orders.take(2, 1, CLOSED)
    assert bench.told()[2:] == [(REFUSAL, 1, 1, 1, 1)]
    assert bench.verdicts() == [(DONE, 1, 1), (REFUSED, 1, 2)] and bench.tape.mode == OPEN


def test_every_mode_is_taken_and_tells_the_one_before():
    bench = _Bench()
    for counter, mode in ((1, LOCKDOWN), (2, REOPENING), (3, CLOSED)):
        bench.orders.take(counter, 1, mode)
    assert bench.told() == [(MODE, 255, 0, 0, CLOSED), (MODE, 255, 0, 0, LOCKDOWN), (MODE, 255, 0, 0, REOPENING)]


def test_a_tamper_contact_that_leaves_rest_is_a_tamper():
    bench = _Bench()
    bench.night.does = 4
    for state in (1, 0):
        bench.guard.announce(bench.night, state, 0, 0, 500)
    assert bench.told() == [(TAMPER, 2, 0, 2, 0), (RESTORE, 2, 2, 0, 0)]


def test_tamper_is_never_softened_and_a_state_is_told_once():
    bench = _Bench()
    bench.orders.take(1, 1, OPEN)
    for state in (2, 2, 0, 0):
        bench.guard.announce(bench.day, state, 0, 0, 500)
    assert bench.told()[1:] == [(TAMPER, 1, 0, 2, 0), (RESTORE, 1, 2, 0, 0)]


def test_what_is_ordered_for_a_person_names_them():
    bench = _Bench()
    bench.night.does = 8
    bench.orders.take(1, 3, 3600, bytes((1, 7)))
    bench.orders.take(2, 4, 60, bytes((2, 8)))
    bench.orders.take(3, 3, 0, bytes((1, 9)))
    told = [(r[0], r[1], r[4], r[5]) for r in bench.tape.records if r[0] != COMMAND]
    assert told == [(22, 1, 7, 3600), (23, 2, 8, 60), (22, 1, 9, 0)]
    assert bench.verdicts() == [(DONE, 3, 1), (DONE, 4, 2), (DONE, 3, 3)]


def test_orders_for_nobody_no_zone_and_too_long_are_refused():
    bench = _Bench()
    for code, argument, payload in (
        (3, 60, b""),
        (3, 60, bytes((1, 7, 0))),
        (3, 60, bytes((99, 7))),
        (3, 60, bytes((1, 251))),
        (3, 604_801, bytes((1, 7))),
        (3, -1, bytes((1, 7))),
        (4, 86_401, bytes((2, 7))),
        (5, 251, b""),
        (7, -1, b""),
    ):
        bench.orders.take(bench.tape.counter + 1, code, argument, payload)
    assert [verdict for verdict, _, _ in bench.verdicts()] == [BAD_ARGUMENT] * 9
    bench.orders.take(20, 4, 60, bytes((1, 7)))
    assert bench.verdicts()[-1] == (REFUSED, 4, 20)


def test_walk_tests_and_silence():
    bench = _Bench()
    bench.guard.announce(bench.night, 1, 0, 0, 500)
    bench.now_ms = 1000
    bench.orders.take(1, 5, 7)
    bench.orders.take(2, 6, 7)
    assert bench.tests == [("begin", 7, 1000), ("end", 7, 1000)]
    assert bench.guard.memory.latched
    bench.orders.take(3, 7, 7)
    assert not bench.guard.memory.latched and bench.tape.mode == CLOSED
    assert [(r[1], r[4], r[5]) for r in bench.tape.records if r[0] == ACCESS] == [(255, 7, 6)]
    assert bench.verdicts() == [(DONE, 5, 1), (REFUSED, 6, 2), (DONE, 7, 3)]
