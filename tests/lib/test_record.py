"""The record and its seal against the vectors of docs/record.md."""

import json
from binascii import crc32, hexlify, unhexlify

from tocsin.errors import RecordError
from tocsin.record import Record, is_intact, mac_of, pack, seq_of, unpack
from tocsin.seal import Sealer, evolve, hmac_sha256, is_sealed, key_id

FIELDS = ("type", "source", "flags", "seq", "boot", "uptime_ms", "utc_ms", "value", "count")


def load_vectors():
    with open(__file__.rsplit("/", 2)[0] + "/vectors/record.json") as file:
        return json.loads(file.read())


VECTORS = load_vectors()
K0 = unhexlify(VECTORS["k0"])


def record_of(vector):
    return Record(*[vector[name] for name in FIELDS])


def raises(function, *arguments):
    try:
        function(*arguments)
    except RecordError as error:
        return error
    raise AssertionError("RecordError expected")


def test_sealer_vectors_gives_the_same_bytes():
    sealer = Sealer(K0)
    for vector in VECTORS["records"]:
        v = [vector[name] for name in FIELDS]
        assert hexlify(sealer.seal(v[0], v[1], v[2], *v[4:])).decode() == vector["hex"]
    assert sealer.seq == len(VECTORS["records"])


def test_unpack_vectors_gives_the_same_fields():
    for vector in VECTORS["records"]:
        data = unhexlify(vector["hex"])
        record = unpack(data)
        for name in FIELDS:
            assert getattr(record, name) == vector[name], name
        assert record.mac == mac_of(data)
        assert seq_of(data) == vector["seq"]
        assert pack(record) == data


def test_is_sealed_only_under_its_own_key_and_predecessor():
    key = K0
    for vector in VECTORS["records"]:
        data, previous = unhexlify(vector["hex"]), unhexlify(vector["previous_mac"])
        assert is_sealed(key, data, previous)
        assert not is_sealed(evolve(key), data, previous)
        assert not is_sealed(key, data, b"\xff" * 16)
        key = evolve(key)


def test_pack_field_out_of_range_is_refused_by_name():
    for name, value in VECTORS["refused"]:
        record = record_of(VECTORS["records"][0])
        setattr(record, name, value)
        assert name in str(raises(pack, record)), name


def test_pack_mac_of_wrong_length_is_refused():
    record = record_of(VECTORS["records"][0])
    record.mac = bytes(15)
    assert "mac" in str(raises(pack, record))


def test_unpack_any_bit_flipped_is_refused():
    data = unhexlify(VECTORS["records"][1]["hex"])
    for bit in range(512):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not is_intact(bytes(flipped)), bit
        raises(unpack, bytes(flipped))


def test_unpack_wrong_length_is_refused():
    data = unhexlify(VECTORS["records"][1]["hex"])
    for length in (0, 1, 59, 63):
        raises(unpack, data[:length])
    raises(unpack, data + b"\0")


def test_unpack_reserved_byte_with_right_crc_is_refused():
    data = bytearray(unhexlify(VECTORS["records"][1]["hex"]))
    data[52] = 1
    data[60:] = crc32(data[:60]).to_bytes(4, "little")
    raises(unpack, bytes(data))


def test_keys_vectors_are_the_same():
    key = K0
    for seq in range(1001):
        if str(seq) in VECTORS["keys"]:
            assert hexlify(key).decode() == VECTORS["keys"][str(seq)]
        key = evolve(key)
    assert hexlify(key_id(K0)).decode() == VECTORS["key_id"]


def test_hmac_is_the_one_of_rfc_2104():
    # RFC 4231 has no 32-byte key but pads shorter ones with zeros: its case 2 ("Jefe").
    key = b"Jefe" + bytes(28)
    expected = b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hexlify(hmac_sha256(key, b"what do ya want for nothing?")) == expected


def test_sealer_overwrites_its_key():
    sealer = Sealer(K0)
    assert sealer.key() == K0
    sealer.seal(7, 255, 0, 1, 0, 0, 0, 0)
    assert sealer.key() == evolve(K0)


def test_sealer_refused_field_changes_nothing():
    sealer = Sealer(K0)
    raises(sealer.seal, 0, 255, 0, 1, 0, 0, 0, 0)
    assert (sealer.seq, bytes(sealer.key()), sealer.mac) == (0, K0, bytes(16))


def test_sealer_numbers_used_up_is_refused():
    sealer = Sealer(K0, 0xFFFFFFFF)
    assert "seq" in str(raises(sealer.seal, 7, 255, 0, 1, 0, 0, 0, 0))


def test_sealer_key_or_mac_of_wrong_length_is_refused():
    raises(Sealer, bytes(31))
    raises(Sealer, bytes(32), 0, bytes(15))
