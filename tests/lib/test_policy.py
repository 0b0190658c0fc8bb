"""What the mode makes of an alarm."""

from tocsin import event
from tocsin.policy import Policy
from tocsin.zone import Zone

KINDS = (event.TYPE_ALARM, event.TYPE_TAMPER, event.TYPE_FAULT, event.TYPE_RESTORE)
ALARM, TAMPER, FAULT, RESTORE = KINDS
OPEN, CLOSED, LOCKDOWN, REOPENING = range(4)


def judged(mode, modes, kinds=KINDS):
    """What policy makes of transitions, one after the other, of a zone with these responses."""
    policy, zone = Policy(mode), Zone(1, modes)
    return [policy.judge(zone, kind) for kind in kinds]


def test_without_a_mode_or_with_one_that_is_none_it_is_closed():
    assert [Policy().mode, Policy(7).mode, Policy(REOPENING).mode] == [CLOSED, CLOSED, REOPENING]


def test_each_mode_has_its_response():
    for mode in range(4):
        for response, told in (("0", 0), ("1", event.TYPE_ACTIVITY), ("2", ALARM), ("3", ALARM)):
            modes = "".join([response if other == mode else "3" for other in range(4)])
            assert judged(mode, modes) == [told, TAMPER, FAULT, RESTORE], (mode, response)


def test_a_restore_is_told_of_what_was_told():
    assert judged(OPEN, "0333", (ALARM, RESTORE, ALARM, TAMPER, RESTORE)) == [0, 0, 0, TAMPER, RESTORE]
    policy, zone = Policy(CLOSED), Zone(1, "0333")
    assert policy.judge(zone, ALARM) == ALARM
    policy.mode = OPEN
    assert policy.judge(zone, RESTORE) == RESTORE


def test_setting_names_what_stands_in_alarm_and_was_not_told_as_one():
    zones = []
    for number, (state, modes) in enumerate([(1, "1333"), (0, "1333"), (1, "3333"), (2, "1333"), (1, "0200")]):
        zone = Zone(number, modes)
        zone.observe(state)
        zones.append(zone)
    assert [zone.number for zone in Policy(CLOSED).open_on_setting(zones, OPEN)] == [0, 4]
    assert [zone.number for zone in Policy(LOCKDOWN).open_on_setting(zones, CLOSED)] == []
    assert [zone.number for zone in Policy(OPEN).open_on_setting(zones, CLOSED)] == []
