"""The two anchors: they take turns, and a cut at any byte of a write leaves one of them."""

from support_flash import K0, KEYS, damage, fresh, get, provision, put
from tocsin.anchor import ANCHOR_BYTES, Anchor, first_anchor
from tocsin_fw.keystore import Keystore

A, B = KEYS + "/anchor.a", KEYS + "/anchor.b"


def _anchor(seq, boot=1):
    return Anchor(seq, boot, 0, 1, bytes([seq]) * 32, bytes([seq]) * 16)


def _loaded():
    anchor, damaged = Keystore(KEYS).load()
    return (None if anchor is None else anchor.seq), damaged


def test_no_anchor_is_no_damage():
    fresh()
    assert Keystore(KEYS).load() == (None, False)


def test_anchors_take_turns_and_the_older_one_becomes_zeros():
    provision()
    keystore = Keystore(KEYS)
    keystore.load()
    for seq, newer, older in ((5, B, A), (6, A, B), (7, B, A)):
        keystore.save(_anchor(seq))
        assert get(newer) == _anchor(seq).encode() and get(older) == bytes(ANCHOR_BYTES)
        assert _loaded() == (seq, False)


def test_the_first_key_is_gone_after_the_first_anchor():
    provision()
    keystore = Keystore(KEYS)
    keystore.load()
    keystore.save(_anchor(0, 1))
    assert K0 not in get(A) and K0 not in get(B)


def test_a_start_after_a_start_does_not_lose_the_turn():
    provision()
    for seq in range(1, 6):
        keystore = Keystore(KEYS)
        keystore.load()
        keystore.save(_anchor(seq))
        assert _loaded() == (seq, False)


def test_a_cut_while_the_newer_anchor_is_written_leaves_the_older():
    old, new = _anchor(5).encode(), _anchor(6).encode()
    fresh()
    put(A, old)
    for cut in range(ANCHOR_BYTES):
        for there_before in (b"", bytes(ANCHOR_BYTES)):
            put(B, new[:cut] + there_before[cut:])
            assert _loaded()[0] == 5


def test_a_cut_while_the_older_anchor_is_destroyed_leaves_the_newer():
    old, new = _anchor(5).encode(), _anchor(6).encode()
    fresh()
    put(B, new)
    for cut in range(ANCHOR_BYTES + 1):
        put(A, bytes(cut) + old[cut:])
        assert _loaded()[0] == 6


def test_of_two_anchors_before_the_same_record_the_later_start_counts():
    fresh()
    for first, second in ((A, B), (B, A)):
        put(first, _anchor(9, 3).encode())
        put(second, _anchor(9, 4).encode())
        keystore = Keystore(KEYS)
        assert keystore.load()[0].boot == 4
        keystore.save(_anchor(10, 5))
        assert get(first) == _anchor(10, 5).encode() and get(second) == bytes(ANCHOR_BYTES)


def test_a_damaged_anchor_is_told():
    fresh()
    put(A, _anchor(5).encode())
    put(B, _anchor(6).encode())
    damage(B, 30)
    assert _loaded() == (5, True)
    damage(A, 30)
    assert _loaded() == (None, True)


def test_both_damaged_can_be_saved_over():
    fresh()
    put(A, b"\xff" * ANCHOR_BYTES)
    put(B, b"\xff" * 10)
    keystore = Keystore(KEYS)
    keystore.load()
    keystore.save(_anchor(3))
    assert _loaded() == (3, False)


def test_other_keys_are_zeros_when_they_are_missing_or_cut():
    fresh()
    assert Keystore(KEYS).link_key() == bytes(32) and Keystore(KEYS).key_id() == bytes(8)
    put(KEYS + "/link.key", bytes(31))
    put(KEYS + "/key.id", b"x" * 9)
    assert Keystore(KEYS).link_key() == bytes(32) and Keystore(KEYS).key_id() == bytes(8)
    put(KEYS + "/link.key", b"k" * 32)
    put(KEYS + "/key.id", b"i" * 8)
    assert Keystore(KEYS).link_key() == b"k" * 32 and Keystore(KEYS).key_id() == b"i" * 8


def test_a_fresh_anchor_is_what_provisioning_wrote():
    provision()
    anchor, damaged = Keystore(KEYS).load()
    assert not damaged and anchor.encode() == first_anchor(K0).encode()
