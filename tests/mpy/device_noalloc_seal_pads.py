"""The sealer's inner loop in machine code: it equals the plain one, and does not allocate."""

import micropython
from tocsin import seal
from tocsin_fw.seal_pads import set_pads


def _padded(how, key):
    inner, outer = bytearray(b"\x36" * 116), bytearray(b"\x5c" * 96)
    how(bytearray(b"\x01" + key), inner, outer)
    return inner, outer


def test_it_is_the_twin_of_the_plain_one():
    for key in (bytes(32), b"\xff" * 32, bytes(range(7, 256, 7))[:32]):
        assert _padded(set_pads, key) == _padded(seal.set_pads, key)


def test_it_does_not_allocate():
    step, inner, outer = bytearray(33), bytearray(116), bytearray(96)
    micropython.heap_lock()
    try:
        for _ in range(1000):
            set_pads(step, inner, outer)
    finally:
        micropython.heap_unlock()
