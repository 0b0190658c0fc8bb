"""Slots and headers: their bytes, and that nothing else passes for one."""

from binascii import crc32

from tocsin.record import Record, pack
from tocsin.slot import (
    BLANK,
    NO_SEQ,
    PAGE_BYTES,
    RECORD_END,
    SECTOR_BYTES,
    SLOT_BYTES,
    SLOTS,
    WIPED,
    decode_header,
    encode_header,
    fill_slot,
    seq_in,
    slot_offset,
)

RECORD = pack(Record(2, 9, 1, 0x01020304, 1, 5, 6, -7, 8, bytes(range(16))))
MAC_BEFORE = bytes(range(100, 116))


def _slot():
    slot = bytearray(SLOT_BYTES)
    fill_slot(slot, memoryview(slot)[:RECORD_END], MAC_BEFORE, RECORD)
    return slot


def test_slots_lie_one_behind_the_other_and_never_across_a_page():
    offsets = [slot_offset(slot) for slot in range(SLOTS)]
    assert offsets[:5] == [0, 84, 168, 256, 340] and offsets[-1] + SLOT_BYTES <= SECTOR_BYTES
    assert all(offset // PAGE_BYTES == (offset + SLOT_BYTES - 1) // PAGE_BYTES for offset in offsets)


def test_a_slot_holds_the_mac_before_the_record_and_a_crc_over_both():
    body = MAC_BEFORE + RECORD
    assert bytes(_slot()) == body + crc32(body).to_bytes(4, "little")
    assert seq_in(_slot()) == 0x01020304


def test_blank_wiped_or_changed_slots_hold_no_record():
    assert seq_in(BLANK) == NO_SEQ and seq_in(WIPED) == NO_SEQ
    for bit in range(8 * SLOT_BYTES):
        slot = _slot()
        slot[bit // 8] ^= 1 << bit % 8
        assert seq_in(slot) == NO_SEQ, bit


def test_a_header_comes_back_and_is_no_record():
    header = encode_header(2, 0xFFFFFFFF, 99_999)
    assert len(header) == SLOT_BYTES and decode_header(header) == (2, 0xFFFFFFFF, 99_999)
    assert seq_in(header) == NO_SEQ and decode_header(_slot()) is None


def test_header_bytes_are_those_of_the_layout():
    body = b"TOCSINJ2\x01\x02\x00\x00\x00\x03\x00\x00\x00" + bytes(63)
    assert encode_header(1, 2, 3) == body + crc32(body).to_bytes(4, "little")


def test_blank_wiped_or_changed_headers_are_none():
    assert decode_header(BLANK) is None and decode_header(WIPED) is None
    for bit in range(8 * SLOT_BYTES):
        header = bytearray(encode_header(1, 2, 3))
        header[bit // 8] ^= 1 << bit % 8
        assert decode_header(header) is None, bit
