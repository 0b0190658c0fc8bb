"""The anchor: its bytes, and that nothing else passes for one."""

from tocsin.anchor import ANCHOR_BYTES, Anchor, decode_anchor, first_anchor
from tocsin.event import MODE_CLOSED
from tocsin.record import MAC_NONE

KEY, MAC = bytes(range(32)), bytes(range(100, 116))
FIELDS = (0xFFFFFFFE, 0xFFFFFFFF, 7, 1, KEY, MAC, 0xFFFFFFFD)


def fields(anchor):
    return anchor.seq, anchor.boot, anchor.counter, anchor.mode, anchor.key, anchor.mac, anchor.acked_seq


def test_comes_back_whole():
    data = Anchor(*FIELDS).encode()
    assert len(data) == ANCHOR_BYTES and fields(decode_anchor(data)) == FIELDS


def test_bytes_are_those_of_the_layout():
    data = Anchor(1, 2, 3, 1, KEY, MAC, 4).encode()
    assert data[:73] == b"TOCSINK2" + b"\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\1" + KEY + MAC


def test_first_anchor_is_closed_and_before_everything():
    assert fields(first_anchor(KEY)) == (0, 0, 0, MODE_CLOSED, KEY, MAC_NONE, 0)


def test_torn_zeroed_absent_or_changed_is_none():
    data = Anchor(*FIELDS).encode()
    for length in range(ANCHOR_BYTES):
        assert decode_anchor(data[:length]) is None
    assert decode_anchor(bytes(ANCHOR_BYTES)) is None
    assert decode_anchor(data + b"\0") is None
    for bit in range(8 * ANCHOR_BYTES):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert decode_anchor(bytes(changed)) is None, bit
