"""Segments of the journal: the header, and how far a segment can be trusted."""

from tocsin.record import RECORD_BYTES
from tocsin.seal import Sealer
from tocsin.segment import SEGMENT_RECORDS, decode_header, encode_header, intact_records

MAC = bytes(range(16))


def records(first, count):
    sealer = Sealer(bytes(32), first)
    return [sealer.seal(6, 255, 0, 1, 10_000 * n, 0, 0, 0) for n in range(count)]


def test_header_comes_back_and_a_segment_fits_a_flash_sector():
    for first in (0, 63, 0xFFFFFFFE):
        header = encode_header(first, MAC)
        assert len(header) == RECORD_BYTES and decode_header(header) == (first, MAC)
    assert (1 + SEGMENT_RECORDS) * RECORD_BYTES == 4096


def test_header_torn_or_changed_is_none():
    header = encode_header(5, MAC)
    for length in range(RECORD_BYTES):
        assert decode_header(header[:length]) is None
    for bit in range(8 * RECORD_BYTES):
        changed = bytearray(header)
        changed[bit // 8] ^= 1 << bit % 8
        assert decode_header(bytes(changed)) is None, bit
    assert decode_header(records(0, 1)[0]) is None


def test_intact_records_stop_at_the_first_that_is_torn_damaged_or_misnumbered():
    slots = records(10, 4)
    whole = b"".join(slots)
    assert intact_records(whole, 10) == 4
    assert intact_records(b"", 10) == 0
    for cut in range(len(whole)):
        assert intact_records(whole[:cut], 10) == cut // RECORD_BYTES
    assert intact_records(whole, 11) == 0
    assert intact_records(slots[0] + slots[2] + slots[1] + slots[3], 10) == 1
    damaged = slots[1][:20] + bytes((slots[1][20] ^ 1,)) + slots[1][21:]
    assert intact_records(slots[0] + damaged + slots[2], 10) == 1
    assert intact_records(slots[0] + b"\xff" * RECORD_BYTES + slots[2], 10) == 1
