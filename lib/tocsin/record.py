"""The 64-byte record: fields into bytes and back, with every range checked by hand.

Role in the flow: stage 6, and every later one reads it. Shared: yes. Context: task and host.
Sources: docs/record.md, "The record". MicroPython's struct truncates silently: without the checks here the
device and the host would seal different bytes.
"""

from binascii import crc32
from struct import pack_into, unpack_from

from .compat import const
from .errors import RecordError
from .event import SOURCE_GATEWAY, SOURCE_ZONE_MAX

RECORD_BYTES = const(64)
SEALED_BYTES = const(36)
SEQ_AT = const(4)
MAC_BYTES = const(16)
MAC_AT = const(36)
MAC_END = const(52)
CRC_AT = const(60)
MAGIC = const(0xA5)
# 0xFFFFFFFF means "none" in the trailer of a log, so no record has it.
SEQ_MAX = const(0xFFFFFFFE)
MAC_NONE = bytes(16)
_RESERVED = bytes(8)
# CRC-32 of anything that ends with its own CRC-32, little endian.
_CRC_RESIDUE = 0x2144DF1C
_HEAD = "<BBBBIIQQiI"


class Record:
    """One record as fields: integers as in docs/record.md, `mac` 16 bytes."""

    def __init__(
        self,
        type: int,
        source: int,
        flags: int,
        seq: int,
        boot: int,
        uptime_ms: int,
        utc_ms: int,
        value: int,
        count: int,
        mac: bytes = MAC_NONE,
    ) -> None:
        self.type = type
        self.source = source
        self.flags = flags
        self.seq = seq
        self.boot = boot
        self.uptime_ms = uptime_ms
        self.utc_ms = utc_ms
        self.value = value
        self.count = count
        self.mac = mac


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RecordError("record: %s is %d, allowed is %d to %d" % (name, value, low, high))


def check_fields(record: Record) -> None:
    """Raises: RecordError naming the field that does not fit its bytes."""
    _check("type", record.type, 1, 255)
    if record.source != SOURCE_GATEWAY:
        _check("source", record.source, 1, SOURCE_ZONE_MAX)
    _check("flags", record.flags, 0, 255)
    _check("seq", record.seq, 0, SEQ_MAX)
    _check("boot", record.boot, 1, 0xFFFFFFFF)
    _check("uptime_ms", record.uptime_ms, 0, 0xFFFFFFFFFFFFFFFF)
    _check("utc_ms", record.utc_ms, 0, 0xFFFFFFFFFFFFFFFF)
    _check("value", record.value, -0x80000000, 0x7FFFFFFF)
    _check("count", record.count, 0, 0xFFFFFFFF)
    _check("bytes of mac", len(record.mac), MAC_BYTES, MAC_BYTES)


def pack_head(record: Record) -> bytearray:
    """64 bytes with the sealed part (0 to 35) filled in and the rest zero.

    Raises: RecordError for a field out of range. Allocates: the 64 bytes.
    """
    check_fields(record)
    data = bytearray(RECORD_BYTES)
    pack_into(
        _HEAD,
        data,
        0,
        MAGIC,
        record.type,
        record.source,
        record.flags,
        record.seq,
        record.boot,
        record.uptime_ms,
        record.utc_ms,
        record.value,
        record.count,
    )
    return data


def finish(data: bytearray, mac: bytes) -> bytes:
    """The complete record: `mac` (16 bytes) and CRC put into what pack_head() gave."""
    data[MAC_AT:MAC_END] = mac
    put_crc(data)
    return bytes(data)


def put_crc(data: bytearray) -> None:
    """CRC-32 of bytes 0 to 59 into bytes 60 to 63; all 64-byte blocks of a log end so, but the trailer."""
    pack_into("<I", data, CRC_AT, crc32(data[:CRC_AT]))


def crc_fits(data: bytes) -> bool:
    """Whether a block is 64 bytes long and its CRC is right."""
    return len(data) == RECORD_BYTES and crc32(data) == _CRC_RESIDUE


def is_intact(data: bytes) -> bool:
    """Whether length, magic, reserved bytes and CRC are those of a record. Proves nothing."""
    # Called for every record everywhere, so crc_fits() stands here once more.
    return (
        len(data) == RECORD_BYTES
        and crc32(data) == _CRC_RESIDUE
        and data[0] == MAGIC
        and data[MAC_END:CRC_AT] == _RESERVED
    )


def seq_of(data: bytes) -> int:
    """`seq` of a record's bytes."""
    return int(unpack_from("<I", data, SEQ_AT)[0])


def mac_of(data: "bytes | bytearray") -> bytes:
    """`mac` of a record's bytes."""
    return bytes(data[MAC_AT:MAC_END])


def pack(record: Record) -> bytes:
    """The 64 bytes of a record with the mac it carries. Raises: RecordError for a field out of range."""
    return finish(pack_head(record), record.mac)


def unpack(data: bytes) -> Record:
    """The fields of 64 bytes. Raises: RecordError when they are not an intact record."""
    if not is_intact(data):
        raise RecordError("not an intact record: length, magic, reserved bytes or CRC is wrong")
    head = unpack_from(_HEAD, data, 0)
    return Record(head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8], head[9], bytes(mac_of(data)))
