"""Debouncer.feed, EdgeRing.push and EdgeRing.pop_into do not allocate: an interrupt may call them."""

from array import array

import micropython
from tocsin.debounce import ALARM, Debouncer
from tocsin.edge_ring import INDEX_MASK, EdgeRing


def _locked(action):
    """Run `action` with the heap locked; a MemoryError is the failure."""
    micropython.heap_lock()
    try:
        action()
    finally:
        micropython.heap_unlock()


def test_push_and_pop_into_do_not_allocate():
    ring = EdgeRing(4)
    out = array("I", [0] * 4)

    def action():
        for index in range(1000):
            ring.push(INDEX_MASK - index, INDEX_MASK, INDEX_MASK, 1)
            if index & 3 == 3:
                ring.pop_into(out)

    _locked(action)
    assert ring.dropped > 0 and out[1] == INDEX_MASK


def test_feed_does_not_allocate():
    ring = EdgeRing(64)
    debouncer = Debouncer(ring, 0)

    def action():
        index = INDEX_MASK - 300
        for step in range(1000):
            debouncer.feed(INDEX_MASK if step & 7 else step, 1, (index - INDEX_MASK + step - 1) & INDEX_MASK)
        debouncer.feed(0, 1 << 29, 0)
        debouncer.feed(INDEX_MASK, 10000, 1 << 29)

    _locked(action)
    assert debouncer.levels(ALARM) == INDEX_MASK and debouncer.settled() and len(ring) > 4
