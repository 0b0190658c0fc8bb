"""The journal's segments: a header that chains, then up to 63 records.

Role in the flow: stage 7, the layout of what lies in flash. Shared: gateway and host. Context: task.
A segment is 4096 bytes at most, one flash sector. Its header carries the mac of the record before its first, so
that the records of a segment can be proven even when every segment before it is gone.
"""

from binascii import crc32

from .record import RECORD_BYTES, is_intact, seq_of

SEGMENT_RECORDS = 63
_MAGIC = b"TOCSINJ1"


def encode_header(first_seq: int, mac_before: bytes) -> bytes:
    """64 bytes: magic 8, first seq 4, mac of the record before it 16, zeros 32, CRC-32 of all that 4."""
    body = _MAGIC + first_seq.to_bytes(4, "little") + mac_before + bytes(32)
    return body + crc32(body).to_bytes(4, "little")


def decode_header(header: bytes) -> "tuple[int, bytes] | None":
    """(first seq, mac before it), or None when this is no intact header."""
    if len(header) != RECORD_BYTES or header[:8] != _MAGIC:
        return None
    if crc32(header[:60]) != int.from_bytes(header[60:64], "little"):
        return None
    return int.from_bytes(header[8:12], "little"), header[12:28]


def intact_records(slots: bytes, first_seq: int) -> int:
    """How many records from the start of `slots` (64 bytes each) are intact and numbered from `first_seq` on."""
    count = 0
    while (count + 1) * RECORD_BYTES <= len(slots):
        record = slots[count * RECORD_BYTES : (count + 1) * RECORD_BYTES]
        if not is_intact(record) or seq_of(record) != first_seq + count:
            break
        count += 1
    return count
