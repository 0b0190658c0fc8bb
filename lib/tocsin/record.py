"""The 64-byte record: fields into bytes and back, with every range checked by hand.

Role in the flow: stage 6, and every later one reads it. Shared: yes. Context: task and host.
Sources: docs/record.md, "The record". MicroPython's struct truncates silently: without the checks here the
device and the host would seal different bytes.
"""

from binascii import crc32
from struct import pack_into, unpack_from

from .compat import const, micropython
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
CRC_RESIDUE = 0x2144DF1C
_SEALED = "<BBBBIIQQiI"
_U32_MAX = 0xFFFFFFFF
_U64_MAX = 0xFFFFFFFFFFFFFFFF
_RANGES = (
    ("type", 1, 255),
    ("source", 1, SOURCE_GATEWAY),
    ("flags", 0, 255),
    ("seq", 0, SEQ_MAX),
    ("boot", 1, _U32_MAX),
    ("uptime_ms", 0, _U64_MAX),
    ("utc_ms", 0, _U64_MAX),
    ("value", -0x80000000, 0x7FFFFFFF),
    ("count", 0, _U32_MAX),
)


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


@micropython.native
def pack_sealed_into(
    into: bytearray,
    at: int,
    type: int,
    source: int,
    flags: int,
    seq: int,
    boot: int,
    uptime_ms: int,
    utc_ms: int,
    value: int,
    count: int,
) -> None:
    """The sealed part of a record, 36 bytes, into `into` from `at` on.

    Raises: RecordError naming the field that does not fit its bytes; then nothing was written.
    """
    # One expression, and several fields at once, because every record comes through here on the device. What is
    # shifted out of a negative number is -1, never 0.
    if (
        (type | source | flags) >> 8
        or (seq | boot | count) >> 32
        or uptime_ms >> 64
        or utc_ms >> 64
        or not -1 <= value >> 31 <= 0
        or not (type and boot and source and (source <= SOURCE_ZONE_MAX or source == SOURCE_GATEWAY))
        or seq == SEQ_MAX + 1
    ):
        _refuse(type, source, flags, seq, boot, uptime_ms, utc_ms, value, count)
    pack_into(_SEALED, into, at, MAGIC, type, source, flags, seq, boot, uptime_ms, utc_ms, value, count)


def put_crc(data: bytearray) -> None:
    """CRC-32 of bytes 0 to 59 into bytes 60 to 63; all 64-byte blocks of a log end so, but the trailer."""
    pack_into("<I", data, CRC_AT, crc32(data[:CRC_AT]))


def crc_fits(data: bytes) -> bool:
    """Whether a block is 64 bytes long and its CRC is right."""
    return len(data) == RECORD_BYTES and crc32(data) == CRC_RESIDUE


def is_intact(data: bytes) -> bool:
    """Whether length, magic, reserved bytes and CRC are those of a record. Proves nothing."""
    # Called for every record everywhere, so crc_fits() stands here once more.
    return (
        len(data) == RECORD_BYTES
        and crc32(data) == CRC_RESIDUE
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
    r = record
    if len(r.mac) != MAC_BYTES:
        raise RecordError("record: bytes of mac is %d, allowed is %d" % (len(r.mac), MAC_BYTES))
    data = bytearray(RECORD_BYTES)
    pack_sealed_into(data, 0, r.type, r.source, r.flags, r.seq, r.boot, r.uptime_ms, r.utc_ms, r.value, r.count)
    data[MAC_AT:MAC_END] = r.mac
    put_crc(data)
    return bytes(data)


def unpack(data: bytes) -> Record:
    """The fields of 64 bytes. Raises: RecordError when they are not an intact record."""
    if not is_intact(data):
        raise RecordError("not an intact record: length, magic, reserved bytes or CRC is wrong")
    head = unpack_from(_SEALED, data, 0)
    return Record(head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8], head[9], bytes(mac_of(data)))


def _refuse(*fields: int) -> None:
    for i in range(len(fields)):
        name, low, high = _RANGES[i]
        if not low <= fields[i] <= high:
            raise RecordError("record: %s is %d, allowed is %d to %d" % (name, fields[i], low, high))
    raise RecordError("record: source is %d, allowed is 1 to %d and %d" % (fields[1], SOURCE_ZONE_MAX, SOURCE_GATEWAY))
