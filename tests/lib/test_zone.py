"""From states to records: the whole table."""

from tocsin import event
from tocsin.zone import Zone, transition

STATES = (event.STATE_NORMAL, event.STATE_ALARM, event.STATE_TAMPER, event.STATE_FAULT)
TELLS = {
    event.STATE_NORMAL: event.TYPE_RESTORE,
    event.STATE_ALARM: event.TYPE_ALARM,
    event.STATE_TAMPER: event.TYPE_TAMPER,
    event.STATE_FAULT: event.TYPE_FAULT,
}


def test_every_change_tells_of_the_state_it_leads_to_and_no_change_of_nothing():
    for before in STATES:
        for after in STATES:
            assert transition(before, after) == (0 if before == after else TELLS[after]), (before, after)


def test_zone_starts_normal_and_keeps_what_it_saw():
    zone = Zone(7, "0123", 5)
    assert (zone.number, zone.does, zone.state) == (7, 5, event.STATE_NORMAL)
    assert [zone.response(mode) for mode in range(4)] == [0, 1, 2, 3]
    seen = [zone.observe(state) for state in (0, 1, 1, 2, 3, 3, 1, 0, 0)]
    assert seen == [
        0,
        event.TYPE_ALARM,
        0,
        event.TYPE_TAMPER,
        event.TYPE_FAULT,
        0,
        event.TYPE_ALARM,
        event.TYPE_RESTORE,
        0,
    ]
    assert zone.state == event.STATE_NORMAL
