"""The log file of one gateway (.tlog): header, gap entry, trailer; and the key file that opens it.

Role in the flow: stage 10 (export) and whoever verifies. Shared: yes. Context: host.
Sources: docs/record.md, "The log file" and "The verification key file".
"""

import json
from binascii import hexlify, unhexlify
from hashlib import sha256
from struct import pack_into, unpack_from

from .compat import const
from .errors import ConfigError, RecordError
from .record import (
    MAC_AT,
    MAC_BYTES,
    MAC_END,
    MAC_NONE,
    RECORD_BYTES,
    SEQ_MAX,
    crc_fits,
    mac_of,
    put_crc,
    seq_of,
)
from .seal import KEY_BYTES, hmac_sha256, key_id

BLOCK_BYTES = RECORD_BYTES
HEADER_MAGIC = b"TOCSINLG"
TRAILER_MAGIC = b"TOCSINEN"
GAP_MAGIC = const(0xA6)
FORMAT_VERSION = const(1)
NAME_BYTES = const(32)
NO_SEQ = 0xFFFFFFFF
KEY_FORMAT = "tocsin-verification-key-1"
_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def check_name(gateway: str) -> None:
    """Raises: RecordError unless it is 1 to 32 of a-z, 0-9 and "-": it is printed and names files."""
    strange = [letter for letter in gateway if letter not in _NAME_LETTERS]
    if strange or not 1 <= len(gateway) <= NAME_BYTES:
        raise RecordError(f"gateway name {gateway!r}: use 1 to 32 of the letters a-z, the digits and '-'")


def pack_header(gateway: str, log_key_id: bytes) -> bytes:
    """The 64 bytes a log begins with. Raises: RecordError for a bad name."""
    check_name(gateway)
    data = bytearray(BLOCK_BYTES)
    data[0:8] = HEADER_MAGIC
    data[8] = FORMAT_VERSION
    data[9] = len(gateway)
    data[10 : 10 + len(gateway)] = gateway.encode()
    data[42:50] = log_key_id
    put_crc(data)
    return bytes(data)


def unpack_header(data: bytes) -> "tuple[str, bytes]":
    """(gateway name, key_id) of a header. Raises: RecordError saying what is wrong with it."""
    if len(data) != BLOCK_BYTES or data[:8] != HEADER_MAGIC:
        raise RecordError("the header does not begin with TOCSINLG")
    if not crc_fits(data):
        raise RecordError("the CRC of the header is wrong")
    if data[8] != FORMAT_VERSION:
        raise RecordError("log format version %d, known is %d" % (data[8], FORMAT_VERSION))
    length = data[9]
    if not 1 <= length <= NAME_BYTES or any(data[10 + length : 42]) or any(data[50:60]):
        raise RecordError("the name or the zero bytes of the header are wrong")
    gateway = "".join([chr(byte) for byte in data[10 : 10 + length]])
    check_name(gateway)
    return gateway, data[42:50]


def pack_gap(first: int, last: int, mac: bytes) -> bytes:
    """A gap entry: records `first` to `last` are missing, `mac` (16 bytes) is the last one's, as given."""
    if not 0 <= first <= last <= SEQ_MAX or len(mac) != MAC_BYTES:
        raise RecordError("gap entry from %d to %d with a mac of %d bytes" % (first, last, len(mac)))
    data = bytearray(BLOCK_BYTES)
    data[0] = GAP_MAGIC
    pack_into("<II", data, 4, first, last)
    data[MAC_AT:MAC_END] = mac
    put_crc(data)
    return bytes(data)


def is_intact_gap(data: bytes) -> bool:
    """Whether these bytes are a gap entry as an exporter wrote it. Proves nothing."""
    if not crc_fits(data) or data[0] != GAP_MAGIC:
        return False
    return not any(data[1:4]) and not any(data[12:MAC_AT]) and not any(data[MAC_END:60])


def unpack_gap(data: bytes) -> "tuple[int, int, bytes]":
    """(first missing seq, last missing seq, mac of the last). Raises: RecordError for no intact gap entry."""
    if not is_intact_gap(data):
        raise RecordError("not an intact gap entry")
    first, last = unpack_from("<II", data, 4)
    return first, last, data[MAC_AT:MAC_END]


def trailer_seal(k0: bytes, header: bytes, entries: bytes, trailer_head: bytes) -> bytes:
    """The 32 bytes that end a trailer; `trailer_head` are its first 32."""
    key = sha256(b"tocsin export" + k0).digest()
    return hmac_sha256(key, header + sha256(entries).digest() + trailer_head)


def pack_trailer(k0: bytes, header: bytes, entries: bytes, seq: int, mac: bytes) -> bytes:
    """The 64 bytes a log ends with: `seq` and `mac` of the highest record, NO_SEQ and MAC_NONE for none."""
    head = bytearray(32)
    head[0:8] = TRAILER_MAGIC
    pack_into("<II", head, 8, len(entries) // BLOCK_BYTES, seq)
    head[16:32] = mac
    return bytes(head) + trailer_seal(k0, header, entries, bytes(head))


def unpack_trailer(data: bytes) -> "tuple[int, int, bytes, bytes]":
    """(number of entries, highest seq, its mac, seal). Raises: RecordError when it is no trailer."""
    if len(data) != BLOCK_BYTES or data[:8] != TRAILER_MAGIC:
        raise RecordError("not a trailer")
    count, seq = unpack_from("<II", data, 8)
    return count, seq, data[16:32], data[32:]


def build_log(k0: bytes, gateway: str, entries: "list[bytes]") -> bytes:
    """A whole log of ready entries (records and gap entries, rising): header, entries, trailer."""
    header = pack_header(gateway, key_id(k0))
    seq, mac = NO_SEQ, MAC_NONE
    if entries:
        seq, mac = seq_of(entries[-1]), mac_of(entries[-1])
    body = b"".join(entries)
    return header + body + pack_trailer(k0, header, body, seq, mac)


def key_file_text(gateway: str, k0: bytes) -> str:
    """The text of a verification key file: one JSON object and a line end."""
    fields = (
        ("format", KEY_FORMAT),
        ("gateway", gateway),
        ("key_id", hexlify(key_id(k0)).decode()),
        ("k0", hexlify(k0).decode()),
    )
    return "{" + ", ".join(['"{}": "{}"'.format(*field) for field in fields]) + "}\n"


def parse_key_file(text: str) -> "tuple[str, bytes]":
    """(gateway, k0) of a verification key file. Raises: ConfigError saying what is wrong and what to do."""
    try:
        fields = json.loads(text)
    except ValueError:
        raise ConfigError("not a verification key file: no JSON in it; give the .keys file of the gateway") from None
    if not isinstance(fields, dict) or fields.get("format") != KEY_FORMAT:
        raise ConfigError(f'not a verification key file: "format" must be "{KEY_FORMAT}"')
    gateway = _text(fields, "gateway")
    k0 = _hex(fields, "k0", KEY_BYTES)
    try:
        check_name(gateway)
    except RecordError as error:
        raise ConfigError(f"verification key file: {error}") from None
    if _hex(fields, "key_id", 8) != key_id(k0):
        raise ConfigError('verification key file: "key_id" does not belong to "k0"; export the key again')
    return gateway, k0


def _text(fields: "dict[str, object]", name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ConfigError(f'verification key file: "{name}" is missing or no text')
    return value


def _hex(fields: "dict[str, object]", name: str, length: int) -> bytes:
    text = _text(fields, name)
    try:
        value = unhexlify(text)
    except ValueError:
        value = b""
    if len(value) != length:
        raise ConfigError('verification key file: "%s" must be %d hexadecimal digits' % (name, 2 * length))
    return value
