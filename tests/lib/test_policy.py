"""What a zone's state asks for: modes and excuses."""

from tocsin import event
from tocsin.excuses import Excuses
from tocsin.policy import asked_for, in_the_way
from tocsin.zone import Zone

NORMAL, ALARM, TAMPER, FAULT = range(4)
INHIBIT, RELEASE, OVERRIDE = 0, 256, 512
OPEN, CLOSED, LOCKDOWN, REOPENING = range(4)


def zone_of(modes, state=ALARM, does=0, number=1):
    zone = Zone(number, modes, does)
    zone.state = state
    return zone


def test_each_mode_has_its_response():
    wanted = {"0": 0, "1": event.TYPE_ACTIVITY, "2": event.TYPE_DELAY, "3": event.TYPE_ALARM}
    for mode in range(4):
        for response in "0123":
            modes = "".join([response if other == mode else "3" for other in range(4)])
            assert asked_for(zone_of(modes), mode, Excuses(), False) == wanted[response], (mode, response)


def test_tamper_and_fault_are_told_in_every_mode_and_normal_asks_for_nothing():
    for modes in ("0000", "1111", "3333"):
        kinds = [asked_for(zone_of(modes, state), OPEN, Excuses(), False) for state in (NORMAL, TAMPER, FAULT)]
        assert kinds == [0, event.TYPE_TAMPER, event.TYPE_FAULT]


def test_an_inhibit_silences_every_state_and_a_release_the_alarm_only():
    for key, wanted in ((INHIBIT, (0, 0, 0)), (OVERRIDE, (0, 0, 0)), (RELEASE, (20, 4, 5))):
        excuses = Excuses()
        excuses.begin(1 + key, 5, 0)
        kinds = [asked_for(zone_of("3333", state), CLOSED, excuses, False) for state in (ALARM, TAMPER, FAULT)]
        assert tuple(kinds) == wanted, key
        assert asked_for(zone_of("3333", number=2), CLOSED, excuses, False) == event.TYPE_ALARM


def test_a_test_makes_hits_of_alarms_but_of_no_zone_that_takes_no_part():
    assert asked_for(zone_of("3333"), CLOSED, Excuses(), True) == event.TYPE_TEST
    assert asked_for(zone_of("3333", does=16), CLOSED, Excuses(), True) == event.TYPE_ALARM
    assert asked_for(zone_of("3333", TAMPER), CLOSED, Excuses(), True) == event.TYPE_TAMPER
    assert asked_for(zone_of("3333", TAMPER, 4), CLOSED, Excuses(), True) == event.TYPE_TEST


def test_in_the_way_of_a_mode_is_what_it_would_guard_and_is_not_at_rest():
    zones = []
    for number, (state, modes) in enumerate([(1, "1331"), (0, "1331"), (2, "1331"), (1, "1011"), (3, "1231")]):
        zones.append(zone_of(modes, state, number=number))
    zones.append(zone_of("3333", FAULT, 128, number=5))
    excuses = Excuses()
    assert [zone.number for zone in in_the_way(zones, CLOSED, excuses)] == [0, 2, 4]
    assert [zone.number for zone in in_the_way(zones, REOPENING, excuses)] == []
    excuses.begin(0 + RELEASE, 5, 0)
    excuses.begin(2 + INHIBIT, 5, 0)
    assert [zone.number for zone in in_the_way(zones, CLOSED, excuses)] == [4]
