"""EdgeRing: order, full, wrap of the free-running indices."""

from array import array

from tocsin.edge_ring import INDEX_MASK, READ, WRITTEN, EdgeRing


def _pop(ring):
    out = array("I", [0, 0, 0, 0])
    return list(out) if ring.pop_into(out) else None


def test_pop_empty_ring_returns_false():
    out = array("I", [9, 9, 9, 9])
    assert EdgeRing(4).pop_into(out) is False
    assert list(out) == [9, 9, 9, 9]


def test_push_then_pop_keeps_order_and_values():
    ring = EdgeRing(4)
    ring.push(7, 1, 3, 0)
    ring.push(INDEX_MASK, 0x3FFFFFFF, 2, 1)
    assert len(ring) == 2
    assert _pop(ring) == [7, 1, 3, 0]
    assert _pop(ring) == [INDEX_MASK, 0x3FFFFFFF, 2, 1]
    assert len(ring) == 0 and _pop(ring) is None


def test_push_full_ring_drops_the_new_entry_and_counts_it():
    ring = EdgeRing(2)
    for index in range(5):
        ring.push(index, 1, 1, 0)
    assert ring.dropped == 3
    assert [_pop(ring)[0], _pop(ring)[0]] == [0, 1]
    ring.push(9, 1, 1, 0)
    assert _pop(ring)[0] == 9 and ring.dropped == 3


def test_indices_wrap_without_losing_an_entry():
    ring = EdgeRing(4)
    ring.control[WRITTEN] = ring.control[READ] = INDEX_MASK - 1
    for index in range(4):
        ring.push(index, 1, 1, 0)
    ring.push(4, 1, 1, 0)
    assert len(ring) == 4 and ring.dropped == 1
    assert [_pop(ring)[0] for _ in range(4)] == [0, 1, 2, 3]
    assert len(ring) == 0


def test_capacity_not_a_power_of_two_is_refused():
    for capacity in (0, -1, 3, 100):
        try:
            EdgeRing(capacity)
        except ValueError as error:
            assert "power of two" in str(error)
        else:
            raise AssertionError("accepted " + str(capacity))
