"""The layout of a flash sector of the journal or the key area: a header, and slots that are each whole in themselves.

Role in the flow: stage 7. Shared: gateway and host. Context: task.
Sources: docs/journal.md. A sector has 16 pages of 256 bytes, a page three slots of 84 bytes; the last four bytes of a
page stay blank. A slot of the journal holds the mac of the record before, the record, and a CRC over both: whatever
else is lost, a record that is left can be proven. Flash programs ones to zeros only, and erases whole sectors.
"""

from binascii import crc32
from struct import pack_into, unpack_from

from .compat import const, micropython
from .record import CRC_RESIDUE, MAC_BYTES, MAGIC

SECTOR_BYTES = const(4096)
PAGE_BYTES = const(256)
SLOT_BYTES = const(84)
SLOTS_PER_PAGE = const(3)
SLOTS = const(48)
# Slot 0 of a journal sector is its header.
SECTOR_RECORDS = const(47)
RECORD_AT = const(16)
RECORD_END = const(80)
_SEQ_AT = const(20)
# What is said of a slot without an intact record, and of a sector without one.
NO_SEQ = const(0xFFFFFFFF)
BLANK = b"\xff" * 84
WIPED = bytes(84)
_HEADER_MAGIC = b"TOCSINJ2"


def slot_offset(slot: int) -> int:
    """Where slot 0 … 47 begins in its sector, in bytes; never across a page."""
    return slot // 3 * 256 + slot % 3 * 84


@micropython.native
def fill_slot(slot: bytearray, checked: memoryview, mac_before: bytes, record: "bytes | memoryview") -> None:
    """Put a record (64 bytes) and the mac before it (16) into `slot` (84 bytes); `checked` views all but its CRC."""
    slot[:MAC_BYTES] = mac_before
    slot[RECORD_AT:RECORD_END] = record
    pack_into("<I", slot, RECORD_END, crc32(checked))


def seq_in(slot: "bytes | bytearray") -> int:
    """Number of the record in an intact slot; NO_SEQ for one that is blank, wiped, torn or damaged."""
    if slot[RECORD_AT] != MAGIC or not _crc_fits(slot):
        return NO_SEQ
    return int(unpack_from("<I", slot, _SEQ_AT)[0])


def encode_header(ring: int, generation: int, erase_count: int) -> bytes:
    """84 bytes: magic 8, ring 1, generation 4, erases of this sector 4, zeros 63, CRC-32 of all that 4.

    It is written right after the erase: a sector without it was not erased to the end. The generation rises by one
    from each sector of a ring to the next that is written.
    """
    body = _HEADER_MAGIC + bytes((ring,)) + generation.to_bytes(4, "little") + erase_count.to_bytes(4, "little")
    body += bytes(RECORD_END - len(body))
    return body + crc32(body).to_bytes(4, "little")


def decode_header(slot: "bytes | bytearray") -> "tuple[int, int, int] | None":
    """(ring, generation, erases of this sector), or None when this is no intact header."""
    if slot[:8] != _HEADER_MAGIC or not _crc_fits(slot):
        return None
    return slot[8], int.from_bytes(slot[9:13], "little"), int.from_bytes(slot[13:17], "little")


def _crc_fits(slot: "bytes | bytearray") -> bool:
    return crc32(slot) == CRC_RESIDUE
