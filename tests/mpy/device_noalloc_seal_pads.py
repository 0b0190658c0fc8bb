"""The sealer's inner loop in machine code: it equals the plain one, and does not allocate."""

import micropython
from tocsin import seal
from tocsin_fw.seal_pads import set_key


def _keyed(how, key):
    step, message, outer = bytearray(b"\x01" + bytes(32)), bytearray(b"\x36" * 128), bytearray(b"\x5c" * 96)
    how(key, step, message, outer)
    return step, message, outer


def test_it_is_the_twin_of_the_plain_one():
    for key in (bytes(32), b"\xff" * 32, bytes(range(7, 256, 7))[:32]):
        assert _keyed(set_key, key) == _keyed(seal.set_key, key)


def test_it_does_not_allocate():
    key, step, message, outer = bytes(32), bytearray(33), bytearray(128), bytearray(96)
    micropython.heap_lock()
    try:
        for _ in range(1000):
            set_key(key, step, message, outer)
    finally:
        micropython.heap_unlock()
