"""Excuses end, whatever the clock and the power do."""

from tocsin.excuses import Excuses

DAY_S = 86_400
MAX_S = 604_800
UTC_MS = 1_800_000_000_000


def restarted(excuses, now_ms, utc_ms):
    """The same after a power cut: uptime begins at 0 again."""
    fresh = Excuses()
    for key, left_s, utc_s in excuses.snapshot(now_ms, utc_ms):
        fresh.resume(key, left_s, utc_s, 0)
    return fresh


def test_one_ends_once_at_its_time():
    excuses = Excuses()
    excuses.begin(7, 10, 5000)
    assert excuses.is_inhibited(7) and not excuses.is_inhibited(8)
    assert excuses.due(14_999, 0) == [] and excuses.due(15_000, 0) == [7]
    assert excuses.end(7) and not excuses.end(7) and not excuses.is_inhibited(7)


def test_a_power_cut_without_a_clock_leaves_what_was_left():
    excuses = Excuses()
    excuses.begin(7, 10, 0)
    again = restarted(excuses, 4000, 0)
    assert again.due(5999, 0) == [] and again.due(6000, 0) == [7]


def test_the_time_without_power_counts_as_soon_as_the_clock_is_known():
    excuses = Excuses()
    excuses.begin(7, DAY_S, 0)
    again = restarted(excuses, 1000, UTC_MS)
    assert again.due(1000, 0) == []
    assert again.due(2000, UTC_MS + (DAY_S - 2) * 1000) == []
    assert again.due(2999, 0) == [] and again.due(3000, 0) == [7]


def test_the_clocks_end_is_kept_over_power_cuts_in_which_nobody_told_the_time():
    excuses = Excuses()
    excuses.begin(7, DAY_S, 0)
    for _ in range(3):
        excuses = restarted(excuses, 1000, UTC_MS) if excuses.due(0, 0) == [] else excuses
        excuses = restarted(excuses, 1000, 0)
    assert excuses.due(1000, UTC_MS + DAY_S * 1000) == [7]


def test_a_clock_that_runs_back_makes_nothing_longer():
    excuses = Excuses()
    excuses.begin(7, 10, 0)
    again = restarted(excuses, 0, UTC_MS)
    assert again.due(10_000, UTC_MS - DAY_S * 1000) == [7]


def test_nonsense_from_a_file_is_held_to_the_longest_there_may_be():
    excuses = Excuses()
    excuses.resume(7, 1 << 40, 0, 0)
    excuses.resume(8, -5, 0, 0)
    assert excuses.due(0, 0) == [8]
    assert excuses.due(MAX_S * 1000, 0) == [7, 8]
