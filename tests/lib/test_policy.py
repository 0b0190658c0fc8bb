"""What the mode makes of an alarm."""

from tocsin import event
from tocsin.policy import Policy
from tocsin.zone import Zone

KINDS = (event.TYPE_ALARM, event.TYPE_RESTORE, event.TYPE_TAMPER, event.TYPE_FAULT)
DOOR, WATER = Zone(1, False), Zone(2, True)


def test_without_a_mode_it_is_closed():
    assert Policy().mode == event.MODE_CLOSED


def test_closed_softens_nothing():
    for zone in (DOOR, WATER):
        assert [Policy(event.MODE_CLOSED).judge(zone, kind) for kind in KINDS] == list(KINDS)


def test_open_softens_the_alarm_of_a_zone_that_is_not_guarded_around_the_clock_and_nothing_else():
    policy = Policy(event.MODE_OPEN)
    assert [policy.judge(WATER, kind) for kind in KINDS] == list(KINDS)
    assert [policy.judge(DOOR, kind) for kind in KINDS] == [event.TYPE_ACTIVITY] + list(KINDS[1:])


def test_unknown_mode_softens_nothing():
    assert Policy(7).judge(DOOR, event.TYPE_ALARM) == event.TYPE_ALARM


def test_open_on_closing_names_what_stands_in_alarm_and_was_not_told_as_one():
    zones = []
    for number, (state, around_the_clock) in enumerate([(1, False), (0, False), (1, True), (2, False), (3, False)]):
        zone = Zone(number, around_the_clock)
        zone.observe(state)
        zones.append(zone)
    assert [zone.number for zone in Policy().open_on_closing(zones)] == [0]
