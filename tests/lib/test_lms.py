"""LMS against the examples of RFC 8554, appendix F, and against whoever changes a byte of them."""

import json
from binascii import unhexlify

from tocsin.lms import is_signed


def load_vectors():
    with open(__file__.rsplit("/", 2)[0] + "/vectors/lms.json") as file:
        found = json.load(file)["signatures"]
    return [[unhexlify(one[field]) for field in ("public_key", "message", "signature")] for one in found]


VECTORS = load_vectors()


def changed(data, at):
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def test_examples_of_the_rfc_are_signed():
    assert len(VECTORS) == 4
    for public_key, message, signature in VECTORS:
        assert is_signed(public_key, message, signature)


def test_one_bit_anywhere_and_nothing_is_signed():
    for public_key, message, signature in VECTORS:
        for at in (0, 3, 7, 8, 23, 24, 55):
            assert not is_signed(changed(public_key, at), message, signature)
        assert not is_signed(public_key, changed(message, 0), signature)
        assert not is_signed(public_key, message + b"\0", signature)
        for at in list(range(0, 44, 5)) + list(range(44, len(signature), 397)) + [len(signature) - 1]:
            assert not is_signed(public_key, message, changed(signature, at)), at


def test_what_is_cut_short_or_too_long_is_not_signed():
    public_key, message, signature = VECTORS[2]
    for length in (0, 1, 7, 8, 40, len(signature) - 1):
        assert not is_signed(public_key, message, signature[:length])
    assert not is_signed(public_key, message, signature + b"\0")
    for length in (0, 8, 55):
        assert not is_signed(public_key[:length], message, signature)
    assert not is_signed(public_key + b"\0", message, signature)


def test_one_examples_signature_is_not_anothers():
    for i, (public_key, message, _) in enumerate(VECTORS):
        for j, (_, _, signature) in enumerate(VECTORS):
            assert is_signed(public_key, message, signature) == (i == j)


def test_a_one_time_key_beyond_the_tree_is_none():
    public_key, message, signature = VECTORS[2]
    assert not is_signed(public_key, message, b"\x00\x00\x04\x00" + signature[4:])
    assert not is_signed(public_key, message, b"\xff\xff\xff\xff" + signature[4:])
