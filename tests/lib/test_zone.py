"""A zone: what it is told to do."""

from tocsin import event
from tocsin.zone import Zone


def test_a_zone_starts_normal_and_has_a_response_for_each_mode():
    zone = Zone(7, "0123", 5)
    assert (zone.number, zone.does, zone.state, zone.told, zone.pending) == (7, 5, event.STATE_NORMAL, 0, False)
    assert [zone.response(mode) for mode in range(4)] == [0, 1, 2, 3]
