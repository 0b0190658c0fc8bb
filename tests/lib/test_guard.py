"""The guard: setting and unsetting, delays, excuses, tests, confirmed alarms, restarts."""

from tocsin import event
from tocsin.guard import Guard
from tocsin.guard_resume import resume
from tocsin.guard_state import snapshot
from tocsin.zone import Zone

NORMAL, ALARM, TAMPER, FAULT = range(4)
OPEN, CLOSED, LOCKDOWN, REOPENING = range(4)
DONE, BAD, REFUSED = event.VERDICT_DONE, event.VERDICT_BAD_ARGUMENT, event.VERDICT_REFUSED
DOOR, HALL, WATER, PICTURE, PANIC = 1, 2, 3, 4, 5
ANNA = 7


class Tape:
    """A recorder that only notes: (type name, source, value, count) and whether it was marked as test."""

    def __init__(self, mode):
        self.mode = mode
        self.test = 0
        self.records = []

    def record(self, kind, source, before=0, after=0, value=0, count=0, at_ms=-1):
        self.records.append((kind, source, before, after, value, count, at_ms))


class Bench:
    def __init__(self, mode=OPEN, exit_s=0, entry_s=0, confirm_s=0, kept=None):
        self.now_ms = 0
        self.tape = Tape(mode)
        self.zones = [
            Zone(DOOR, "1221", 2),
            Zone(HALL, "1331"),
            Zone(WATER, "3333", 128),
            Zone(PICTURE, "3333", 8),
            Zone(PANIC, "3333", 33),
        ]
        self.guard = Guard(self.zones, self.tape, exit_s, entry_s, confirm_s)
        if kept is not None:
            resume(self.guard, kept, 0)
        self.started = False

    def start(self, *seen):
        """Begin, with what the sensors say at start: (number, state)."""
        for number, state in seen:
            self.see(number, state, 1)
        moved = [number for number, _ in seen]
        self.guard.start([zone for zone in self.zones if zone.number not in moved], self.now_ms)
        return self.take()

    def see(self, number, state, count=0):
        self.guard.announce(self.guard.zones[number], state, 0, count, self.now_ms)

    def wait(self, ms):
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms:
            self.now_ms = min(until_ms, max(self.now_ms + 1, self.guard.next_ms(self.now_ms)))
            self.guard.tick(self.now_ms, 0)

    def mode(self, mode, person=0, override=False):
        return self.guard.set_mode(mode, person, override, self.now_ms)

    def take(self):
        """[(type, source, value, count)] since the last time."""
        records, self.tape.records = self.tape.records, []
        return [(r[0], r[1], r[4], r[5]) for r in records]


def bench(**options):
    made = Bench(**options)
    made.start()
    return made


MODE, CONFIRMED, DELAY, REFUSAL, WARNING = (
    event.TYPE_MODE,
    event.TYPE_CONFIRMED,
    event.TYPE_DELAY,
    event.TYPE_REFUSAL,
    event.TYPE_WARNING,
)
T_ALARM, RESTORE, T_TAMPER, T_FAULT, ACTIVITY = 2, 3, 4, 5, 20
INHIBIT, RELEASE = event.TYPE_INHIBIT, event.TYPE_RELEASE


def test_without_a_mode_that_is_one_it_is_closed():
    assert bench(mode=9).guard.mode == CLOSED


def test_open_hours_are_activity_and_closed_ones_alarm():
    it = bench()
    it.see(HALL, ALARM)
    it.see(HALL, NORMAL)
    assert it.take() == [(ACTIVITY, HALL, 0, 0), (RESTORE, HALL, 0, 0)]
    assert it.mode(CLOSED) == DONE
    it.see(HALL, ALARM)
    assert it.take() == [(MODE, 255, CLOSED, OPEN), (T_ALARM, HALL, 0, 0)]


def test_a_state_that_was_told_as_an_alarm_is_not_told_again_by_another_mode():
    it = bench(mode=CLOSED)
    it.see(HALL, ALARM)
    it.mode(LOCKDOWN)
    it.mode(OPEN, ANNA)
    it.see(HALL, NORMAL)
    kinds = [record[0] for record in it.take()]
    assert kinds == [T_ALARM, MODE, MODE, RESTORE]


def test_setting_refuses_with_what_is_open_faulted_or_tampered_and_names_each():
    it = bench()
    it.see(HALL, ALARM)
    it.see(DOOR, FAULT)
    it.take()
    assert it.mode(CLOSED, ANNA) == REFUSED and it.guard.mode == OPEN
    assert it.take() == [(REFUSAL, DOOR, ANNA, FAULT), (REFUSAL, HALL, ANNA, ALARM)]
    assert it.mode(REOPENING) == DONE


def test_an_override_needs_a_name_and_inhibits_until_somebody_unsets():
    it = bench()
    it.see(HALL, ALARM)
    it.take()
    assert it.mode(CLOSED, 0, True) == REFUSED
    it.take()
    assert it.mode(CLOSED, ANNA, True) == DONE
    assert it.take() == [(INHIBIT, HALL, ANNA, 86_400), (MODE, 255, CLOSED, OPEN | ANNA << 8)]
    it.see(HALL, NORMAL)
    it.see(HALL, ALARM)
    assert it.take() == [(RESTORE, HALL, 0, 0)]
    it.mode(OPEN, ANNA)
    assert it.take() == [
        (MODE, 255, OPEN, CLOSED | ANNA << 8),
        (INHIBIT, HALL, ANNA, 0),
        (ACTIVITY, HALL, 0, 1),
    ]


def test_an_inhibit_takes_the_place_of_an_override():
    it = bench()
    it.see(HALL, ALARM)
    it.mode(CLOSED, ANNA, True)
    it.guard.inhibit(HALL, 60, ANNA, 0)
    it.take()
    it.wait(60_000)
    assert it.take() == [(INHIBIT, HALL, 0, 0), (T_ALARM, HALL, 0, 1)]


def test_an_override_that_nobody_unsets_ends_in_an_alarm():
    it = bench()
    it.see(HALL, ALARM)
    it.mode(CLOSED, ANNA, True)
    it.take()
    it.wait(86_400_000)
    assert it.take() == [(INHIBIT, HALL, 0, 0), (T_ALARM, HALL, 0, 1)]


def test_a_hold_up_zone_is_never_left_out():
    it = bench()
    assert it.guard.inhibit(PANIC, 60, ANNA, 0) == REFUSED
    it.see(PANIC, FAULT)
    assert it.mode(CLOSED, ANNA, True) == REFUSED


def test_an_exit_delay_gives_a_person_time_and_what_stands_open_then_is_an_alarm():
    it = bench(exit_s=30)
    assert it.mode(CLOSED, ANNA) == DONE and it.guard.mode == OPEN
    it.see(DOOR, ALARM)
    it.wait(10_000)
    assert it.mode(CLOSED, ANNA) == DONE
    it.wait(20_000)
    assert it.take() == [
        (DELAY, 255, 1, 30),
        (ACTIVITY, DOOR, 0, 0),
        (DELAY, 255, 2, ANNA),
        (MODE, 255, CLOSED, OPEN | ANNA << 8),
        (T_ALARM, DOOR, 0, 1),
    ]


def test_an_exit_can_be_broken_off_and_the_host_waits_for_none():
    it = bench(exit_s=30)
    it.mode(LOCKDOWN, ANNA)
    it.mode(OPEN, ANNA)
    it.wait(60_000)
    assert it.take() == [(DELAY, 255, 1, 30), (DELAY, 255, 5, ANNA)] and it.guard.mode == OPEN
    it.mode(CLOSED)
    assert it.guard.mode == CLOSED


def test_an_entry_delay_waits_for_a_person():
    it = bench(mode=CLOSED, entry_s=20)
    it.see(DOOR, ALARM)
    it.wait(19_000)
    it.mode(OPEN, ANNA)
    it.wait(60_000)
    assert it.take() == [
        (DELAY, DOOR, 3, 20),
        (MODE, 255, OPEN, CLOSED | ANNA << 8),
        (DELAY, 255, 4, ANNA),
        (ACTIVITY, DOOR, 0, 1),
    ]


def test_an_entry_that_nobody_ended_is_an_alarm_also_of_a_door_that_is_closed_again():
    it = bench(mode=CLOSED, entry_s=20)
    it.see(DOOR, ALARM)
    it.wait(5000)
    it.see(DOOR, NORMAL)
    it.wait(14_999)
    assert it.take() == [(DELAY, DOOR, 3, 20)]
    it.wait(1)
    assert it.take() == [(T_ALARM, DOOR, 0, 2), (RESTORE, DOOR, 0, 0)]


def test_a_door_whose_wire_is_cut_during_the_entry_is_an_alarm_and_stays_a_tamper():
    it = bench(mode=CLOSED, entry_s=20)
    it.see(DOOR, ALARM)
    it.see(DOOR, TAMPER)
    it.wait(20_000)
    assert it.take() == [(DELAY, DOOR, 3, 20), (T_TAMPER, DOOR, 0, 0), (T_ALARM, DOOR, 0, 2)]
    it.see(DOOR, ALARM)
    it.see(DOOR, NORMAL)
    assert it.take() == [(DELAY, DOOR, 3, 20), (RESTORE, DOOR, 0, 0)]


def test_an_instant_zone_does_not_wait_for_the_entry():
    it = bench(mode=CLOSED, entry_s=20)
    it.see(DOOR, ALARM)
    it.see(HALL, ALARM)
    assert it.take() == [(DELAY, DOOR, 3, 20), (T_ALARM, HALL, 0, 0)]
    it.wait(20_000)
    assert it.take() == [(T_ALARM, DOOR, 0, 2)]


def test_a_lockdown_ordered_during_an_entry_makes_it_an_alarm():
    it = bench(mode=CLOSED, entry_s=20)
    it.see(DOOR, ALARM)
    it.mode(LOCKDOWN)
    assert it.take()[1:] == [(MODE, 255, LOCKDOWN, CLOSED), (T_ALARM, DOOR, 0, 2)]


def test_an_inhibit_ends_by_itself_and_what_is_open_is_an_alarm():
    it = bench(mode=CLOSED)
    assert it.guard.inhibit(HALL, 60, ANNA, it.now_ms) == DONE
    it.see(HALL, ALARM)
    it.see(HALL, FAULT)
    it.see(HALL, ALARM)
    it.wait(60_000)
    assert it.take() == [(INHIBIT, HALL, ANNA, 60), (INHIBIT, HALL, 0, 0), (T_ALARM, HALL, 0, 1)]


def test_an_inhibit_ended_by_a_person_tells_again_what_was_told_before_it():
    it = bench(mode=CLOSED)
    it.see(HALL, ALARM)
    it.guard.inhibit(HALL, 60, ANNA, 0)
    it.take()
    it.guard.inhibit(HALL, 0, ANNA, 0)
    assert it.take() == [(INHIBIT, HALL, ANNA, 0), (T_ALARM, HALL, 0, 1)]
    it.see(HALL, NORMAL)
    assert it.take() == [(RESTORE, HALL, 0, 0)]


def test_arguments_of_excuses_are_looked_at():
    it = bench()
    assert [it.guard.inhibit(*args, 0, 0) for args in ((9, 5), (HALL, -1), (HALL, 604_801))] == [BAD, BAD, BAD]
    assert [it.guard.release(*args, 0, 0) for args in ((9, 5), (PICTURE, 86_401), (HALL, 5))] == [BAD, BAD, REFUSED]
    assert it.take() == [] and it.mode(4) == BAD and it.mode(-1) == BAD
    assert it.guard.inhibit(HALL, 0, 0, 0) == DONE and it.take() == []


def test_a_released_object_is_activity_until_the_release_ends():
    it = bench(mode=CLOSED)
    assert it.guard.release(PICTURE, 600, ANNA, 0) == DONE
    it.see(PICTURE, ALARM)
    assert it.take() == [(RELEASE, PICTURE, ANNA, 600), (ACTIVITY, PICTURE, 0, 0)]
    it.wait(600_000)
    assert it.take() == [(RELEASE, PICTURE, 0, 0), (T_ALARM, PICTURE, 0, 1)]


def test_a_walk_test_counts_hits_and_alarms_of_nothing_but_what_takes_no_part():
    it, hits = bench(mode=CLOSED), []
    it.guard.on_test_hit = hits.append
    assert it.guard.test_begin(ANNA, 0) == DONE and it.guard.test_begin(ANNA, 0) == REFUSED
    assert it.tape.test == 1
    it.zones[2].does = 16
    for number in (DOOR, WATER):
        it.see(number, ALARM)
    it.see(HALL, TAMPER)
    assert hits == [DOOR] and it.take() == [(T_ALARM, WATER, 0, 0), (T_TAMPER, HALL, 0, 0)]
    assert it.guard.shows() & 2 == 0 and it.guard.shows() & 1
    it.guard.test_end(ANNA, 0)
    assert it.tape.test == 0
    assert it.take() == [(T_ALARM, DOOR, 0, 1), (T_TAMPER, HALL, 0, 1)]


def test_a_walk_test_that_nobody_ends_ends_by_itself_and_before_setting():
    it = bench()
    it.guard.test_begin(ANNA, 0)
    it.wait(14_400_000)
    assert not it.guard.testing
    it.guard.test_begin(ANNA, it.now_ms)
    over = []
    it.guard.on_test_over = lambda person, now_ms: over.append(person) or it.guard.test_end(person, now_ms)
    it.mode(CLOSED, ANNA)
    assert not it.guard.testing and it.guard.mode == CLOSED
    it.mode(OPEN)
    it.guard.test_begin(ANNA, it.now_ms)
    it.wait(14_400_000)
    assert over == [ANNA, 0], "who set ended it, and nobody did"


def test_who_resets_what_alarms_started_is_told():
    it = bench(mode=CLOSED)
    it.see(HALL, ALARM)
    it.take()
    assert it.guard.silence(ANNA, 0) == DONE
    assert it.take() == [(event.TYPE_ACCESS, 255, ANNA, 6)] and not it.guard.memory.latched
    it.mode(CLOSED, ANNA)
    assert it.take() == [], "setting what is set resets nothing"
    it.mode(OPEN, ANNA)
    assert it.take() == [(MODE, 255, OPEN, CLOSED | ANNA << 8)], "unsetting names who"
    it.see(WATER, ALARM)
    it.take()
    it.mode(OPEN, ANNA)
    assert it.take() == [(event.TYPE_ACCESS, 255, ANNA, 6)] and not it.guard.memory.latched


def test_two_zones_within_the_window_confirm_each_other():
    it = bench(mode=CLOSED, confirm_s=60)
    it.see(DOOR, ALARM)
    it.wait(59_000)
    it.see(WATER, ALARM)
    it.see(HALL, ALARM)
    assert it.take()[2:] == [(T_ALARM, HALL, 0, 0), (CONFIRMED, HALL, DOOR, 59_000)]
    it.see(HALL, NORMAL)
    it.see(HALL, ALARM)
    it.wait(61_000)
    it.see(PICTURE, ALARM)
    assert CONFIRMED not in [record[0] for record in it.take()]


def test_what_is_shown_is_latched_until_somebody_unsets():
    it = bench(mode=CLOSED, entry_s=5)
    assert it.guard.shows() == 128
    it.see(PANIC, ALARM)
    assert it.guard.shows() == 128 | 512 and it.guard.memory.fresh == 512
    it.see(HALL, ALARM)
    it.see(HALL, NORMAL)
    it.see(DOOR, ALARM)
    it.see(WATER, FAULT)
    assert it.guard.shows() == 128 | 512 | 1 | 8 | 4
    it.mode(OPEN, ANNA)
    assert it.guard.shows() == 64 | 4


def test_one_zone_sounds_three_times_and_no_more():
    it = bench(mode=CLOSED)
    for fresh in (1, 1, 1, 0):
        it.see(HALL, ALARM)
        assert it.guard.memory.fresh == fresh
        it.guard.memory.fresh = 0
        it.see(HALL, NORMAL)


def test_a_chime_sounds_for_a_second_in_open_hours_only():
    it = bench()
    it.see(DOOR, ALARM)
    assert it.guard.shows() & 32
    it.wait(1000)
    assert not it.guard.shows() & 32
    it.see(DOOR, NORMAL)
    it.mode(CLOSED)
    it.see(DOOR, ALARM)
    assert not it.guard.shows() & 32


def test_a_warning_moves_nothing():
    it = bench()
    it.guard.warn(HALL, 3, 17, 0)
    assert it.take() == [(WARNING, HALL, 17, 3)]


def restarted(it, utc_ms=0, **options):
    return Bench(mode=it.tape.mode, kept=snapshot(it.guard, it.now_ms, utc_ms), **options)


def test_a_restart_with_an_open_door_is_no_alarm_and_its_closing_is_a_restore():
    it = bench(mode=CLOSED)
    it.see(HALL, ALARM)
    again = restarted(it)
    assert again.guard.shows() == 0
    assert again.start((HALL, ALARM)) == [] and again.guard.shows() == 128 | 1
    assert restarted(it).start() == [(RESTORE, HALL, 0, 1)]


def test_a_restart_finds_what_opened_meanwhile():
    it = bench(mode=CLOSED)
    assert restarted(it).start((HALL, ALARM)) == [(T_ALARM, HALL, 0, 1)]
    it.see(WATER, ALARM)
    it.see(HALL, TAMPER)
    assert restarted(it).start((WATER, ALARM), (HALL, ALARM)) == [(T_ALARM, HALL, 0, 1)]


def test_a_loop_that_says_normal_before_it_knows_better_makes_no_restore_and_a_short_opening_is_not_lost():
    it = bench(mode=CLOSED)
    it.see(HALL, ALARM)
    again = restarted(it)
    assert again.start((HALL, NORMAL), (HALL, ALARM)) == []
    again = Bench(mode=CLOSED)
    assert again.start((HALL, ALARM), (HALL, ALARM), (HALL, NORMAL)) == [(T_ALARM, HALL, 0, 1), (RESTORE, HALL, 0, 1)]


def test_without_what_was_kept_everything_open_is_an_alarm():
    again = Bench(mode=CLOSED)
    assert again.start((HALL, ALARM), (DOOR, ALARM)) == [(T_ALARM, DOOR, 0, 1), (T_ALARM, HALL, 0, 1)]


def test_delays_begin_anew_after_a_restart():
    it = bench(mode=CLOSED, entry_s=20)
    it.see(DOOR, ALARM)
    again = restarted(it, entry_s=20)
    again.start((DOOR, NORMAL))
    again.wait(20_000)
    assert again.take() == [(T_ALARM, DOOR, 0, 2), (RESTORE, DOOR, 0, 0)]
    it = bench(exit_s=20)
    it.mode(LOCKDOWN, ANNA)
    again = restarted(it, exit_s=20)
    again.start()
    again.wait(20_000)
    assert again.take() == [(DELAY, 255, 2, ANNA), (MODE, 255, LOCKDOWN, OPEN | ANNA << 8)]


def test_inhibits_releases_and_tests_go_on_after_a_restart():
    it = bench(mode=CLOSED)
    it.guard.inhibit(HALL, 60, ANNA, 0)
    it.guard.release(PICTURE, 90, ANNA, 0)
    it.guard.test_begin(ANNA, 0)
    it.wait(30_000)
    again = restarted(it)
    assert again.guard.testing and again.tape.test == 1
    again.guard.test_end(ANNA, 0)
    assert again.start((HALL, ALARM), (PICTURE, ALARM)) == [(ACTIVITY, PICTURE, 0, 1), (event.TYPE_BOOT, HALL, 0, 0)]
    again.wait(60_000)
    assert again.take() == [
        (INHIBIT, HALL, 0, 0),
        (T_ALARM, HALL, 0, 1),
        (RELEASE, PICTURE, 0, 0),
        (T_ALARM, PICTURE, 0, 1),
    ]


def test_nonsense_is_refused_and_leaves_the_guard_as_it_was():
    good = [[[HALL, 1, 2, 0, 1]], [[HALL, 5, 0]], [0, 0], 1]
    for place, bad in (
        (0, [[HALL, 4, 2, 0, 1]]),
        (0, [[HALL, 1, 2]]),
        (0, [[HALL, "1", 2, 0, 1]]),
        (0, 5),
        (1, [[HALL, "5", 0]]),
        (1, [5]),
        (2, [0]),
        (2, ["x", 0]),
        (3, None),
    ):
        it, kept = Bench(), list(good)
        kept[place] = bad
        try:
            resume(it.guard, kept, 0)
        except (ValueError, TypeError, IndexError):
            assert it.zones[1].state == NORMAL and not it.guard.excuses.ends and not it.guard.memory.latched
        else:
            raise AssertionError(bad)
    it = Bench()
    resume(it.guard, good, 0)
    assert it.zones[1].state == ALARM
    resume(it.guard, [[[99, 1, 2, 0, 1]], [[99, 5, 0]], [0, 0], 0], 0)
