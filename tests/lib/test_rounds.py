"""Rounds: every checkpoint is told of, as it was reached or as it was not."""

from tocsin.rounds import BEGUN, COMPLETE, LATE, MISSED, OUT_OF_ORDER, REACHED, Rounds

# 2 March 2026 was a Monday.
MONDAY = 20514
START = 22 * 60
ROUND = {"round": 3, "zones": [11, 12, 13], "start": START, "days": 0b0011111, "within": 10}


class Bench:
    """A night on Monday; minutes are counted from the start of the round. Local time is UTC."""

    def __init__(self, *rounds):
        self.told = []
        self.rounds = Rounds(list(rounds or (ROUND,)), self._emit)

    def _emit(self, kind, source, before, after, value, count, at_ms):
        assert (kind, before, after) == (26, 0, 0)
        self.told.append((source, value, count & 255, count >> 8))

    def utc_s(self, minute):
        return (MONDAY * 1440 + START) * 60 + int(minute * 60)

    def tick(self, minute):
        utc_s = self.utc_s(minute)
        self.rounds.tick(utc_s, utc_s // 60, 0)
        return self.taken()

    def reach(self, minute, zone, person=7):
        utc_s = self.utc_s(minute)
        self.rounds.tick(utc_s, utc_s // 60, 0)
        self.rounds.reach(zone, person, utc_s, 0)
        return self.taken()

    def taken(self):
        told, self.told = self.told, []
        return told


BEGIN = (255, BEGUN, 0, 3)
END = (255, COMPLETE, 0, 3)


def test_a_round_in_time_is_complete():
    bench = Bench()
    assert bench.tick(-1) == []
    assert bench.tick(0) == [BEGIN]
    assert bench.tick(1) == []
    assert bench.reach(9, 11) == [(11, REACHED, 7, 3)]
    assert bench.reach(19, 12) == [(12, REACHED, 7, 3)]
    assert bench.reach(20, 13, 0) == [(13, REACHED, 0, 3), END]
    assert bench.reach(21, 11) == []
    assert bench.tick(100) == []


def test_late_is_told_and_the_next_leg_begins_there():
    bench = Bench()
    bench.tick(0)
    assert bench.reach(10.5, 11) == [(11, LATE, 7, 3)]
    assert bench.reach(20, 12) == [(12, REACHED, 7, 3)]
    assert bench.reach(39, 13) == [(13, LATE, 7, 3), END]


def test_nobody_goes_round():
    bench = Bench()
    assert bench.tick(0) == [BEGIN]
    assert bench.tick(19.9) == []
    assert bench.tick(20) == [(11, MISSED, 0, 3)]
    assert bench.tick(40) == [(12, MISSED, 0, 3)]
    assert bench.tick(60) == [(13, MISSED, 0, 3)]
    assert bench.tick(600) == []


def test_a_clock_that_leaps_misses_all_of_them_at_once():
    bench = Bench()
    bench.tick(0)
    assert bench.tick(500) == [(11, MISSED, 0, 3), (12, MISSED, 0, 3), (13, MISSED, 0, 3)]


def test_a_missed_one_that_is_reached_in_the_end_is_late():
    bench = Bench()
    bench.tick(0)
    assert bench.tick(20) == [(11, MISSED, 0, 3)]
    assert bench.reach(21, 11) == [(11, LATE, 7, 3)]
    assert bench.reach(22, 12) == [(12, REACHED, 7, 3)]
    assert bench.reach(23, 13) == [(13, REACHED, 7, 3), END]


def test_out_of_order():
    bench = Bench()
    bench.tick(0)
    assert bench.reach(1, 13) == [(13, OUT_OF_ORDER, 7, 3)]
    assert bench.reach(2, 13) == []
    assert bench.reach(3, 12) == [(12, OUT_OF_ORDER, 7, 3)]
    assert bench.reach(4, 11) == [(11, REACHED, 7, 3), END]


def test_days_and_once_a_day():
    bench = Bench()
    assert bench.tick(-2 * 1440) == []
    assert bench.tick(0) == [BEGIN]
    for zone in (11, 12, 13):
        bench.reach(1, zone)
    assert bench.tick(2) == []
    for day in (1, 2, 3):
        assert bench.tick(day * 1440) == [BEGIN]
        assert bench.tick(day * 1440 + 60) == [(zone, MISSED, 0, 3) for zone in (11, 12, 13)]
    assert bench.tick(4 * 1440) == [BEGIN]
    assert bench.tick(5 * 1440)[-1:] == [(13, MISSED, 0, 3)]
    assert bench.tick(6 * 1440) == []


def test_a_start_that_power_was_out_for_is_made_up_for_within_the_first_leg():
    bench = Bench()
    assert bench.tick(9) == [BEGIN]
    assert bench.reach(11, 11) == [(11, LATE, 7, 3)]
    bench = Bench()
    assert bench.tick(10) == [], "a new one has nothing to make up for"


def restarted(bench):
    """The rounds as a restart finds them."""
    kept = bench.rounds.states
    bench.rounds = Rounds([ROUND], bench._emit)
    bench.rounds.resume(kept)
    return bench


def test_a_start_that_power_was_out_for_is_told_of_whenever_it_comes_back():
    bench = Bench()
    assert bench.tick(-30) == []
    assert restarted(bench).tick(15) == [BEGIN]
    assert bench.reach(16, 11) == [(11, LATE, 7, 3)]
    bench = Bench()
    assert bench.tick(-30) == []
    missed = [(zone, MISSED, 0, 3) for zone in (11, 12, 13)]
    assert restarted(bench).tick(45) == [BEGIN] + missed[:2]
    assert bench.reach(46, 13) == [(13, REACHED, 7, 3)]
    assert bench.tick(46) == []
    bench = Bench()
    bench.reach(1, 11)
    # Off from Monday to Friday: Monday's round and those of three more days that nobody made.
    assert restarted(bench).tick(4 * 1440 - 5) == missed[1:] + 3 * ([BEGIN] + missed)
    assert restarted(bench).tick(4 * 1440 + 1) == [BEGIN]


def test_more_than_a_week_is_not_made_up_for_and_a_clock_that_was_ahead_blocks_nothing():
    bench = Bench()
    assert bench.tick(0) == [BEGIN]
    assert [one for one in bench.tick(70 * 1440) if one == BEGIN] == [BEGIN] * 5, "of the last seven days"
    assert bench.tick(7 * 1440)[-1] == BEGIN
    assert bench.tick(7 * 1440 - 1) == [] == bench.tick(7 * 1440 + 1)


def test_a_round_goes_on_after_a_restart():
    bench = Bench()
    bench.reach(1, 11)
    states, bench = bench.rounds.states, Bench()
    bench.rounds.resume(states)
    assert bench.reach(5, 12) == [(12, REACHED, 7, 3)]
    bench.rounds.resume([[1, 2, 3]])
    assert bench.reach(6, 13) == [(13, REACHED, 7, 3), END]


def test_the_next_start_ends_the_round_before():
    daily = {"round": 1, "zones": [11, 12], "start": START, "days": 127, "within": 720}
    bench = Bench(daily)
    assert bench.tick(0) == [(255, BEGUN, 0, 1)]
    assert bench.tick(1440) == [(11, MISSED, 0, 1), (12, MISSED, 0, 1), (255, BEGUN, 0, 1)]


def test_two_rounds_share_a_checkpoint():
    bench = Bench(ROUND, {"round": 4, "zones": [12], "start": START, "days": 127, "within": 30})
    bench.tick(0)
    assert bench.reach(1, 12) == [(12, OUT_OF_ORDER, 7, 3), (12, REACHED, 7, 4), (255, COMPLETE, 0, 4)]


def test_a_start_before_midnight_is_that_days():
    bench = Bench({"round": 5, "zones": [11], "start": 23 * 60 + 55, "days": 1, "within": 10})
    assert bench.tick(122) == [(255, BEGUN, 0, 5)]
    assert bench.tick(123) == []
