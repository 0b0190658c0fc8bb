"""What stands inside a frame: hello, records, acknowledgements, time, commands (docs/link.md).

Role in the flow: stage 8 and 9. Shared: gateway and host. Context: task.
Positional bytes with explicit checks: MicroPython's struct truncates silently, so no value enters unchecked.
"""

import struct

from .compat import ct_equal
from .errors import SessionError
from .record import MAC_BYTES, RECORD_BYTES
from .seal import hmac_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WIRE_VERSION = 2

HELLO = 0x01
RECORD = 0x02
TIME_ASK = 0x03
GONE = 0x04
PING = 0x7E
PONG = 0x7F
WELCOME = 0x81
ACK = 0x82
TIME = 0x83
COMMAND = 0x84
WHO = 0x85
REFUSED = 0x86

REFUSED_UNKNOWN_GATEWAY = 1
REFUSED_WRONG_LINK_KEY = 2
REFUSED_WIRE_VERSION = 3
REFUSED_KEY_REVOKED = 4

REFUSAL_TEXTS = {
    REFUSED_UNKNOWN_GATEWAY: "the host does not know this gateway",
    REFUSED_WRONG_LINK_KEY: "the link key is not the one the host holds",
    REFUSED_WIRE_VERSION: "gateway and host speak different wire versions",
    REFUSED_KEY_REVOKED: "the gateway's keys were revoked",
}

# Records that one ack can speak of, and that may be on their way unacknowledged.
WINDOW_RECORDS = 32
TAG_BYTES = 8
NONCE_BYTES = 8
NAME_MAX_BYTES = 32

_HELLO_FIXED = "<BB8s8sIIII8s"
_HELLO_FIXED_BYTES = 42
# As docs/record.md has it: what anybody on the wire can say is shown to people and stored.
_NAME_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789-"


def tag(key: bytes, data: bytes) -> bytes:
    """HMAC8 of docs/link.md: the first 8 bytes of HMAC-SHA256."""
    return hmac_sha256(key, data)[:TAG_BYTES]


def session_key(link_key: bytes, gateway_nonce: bytes, host_nonce: bytes) -> bytes:
    """The 32-byte key of one session, fresh for both ends."""
    return hmac_sha256(link_key, b"tocsin session" + gateway_nonce + host_nonce)


class Hello:
    """What a gateway says of itself. `key_id`, `lib_hash`, `nonce`: 8 bytes each; the rest integers and a name."""

    def __init__(
        self,
        name: str,
        key_id: bytes,
        lib_hash: bytes,
        boot: int,
        oldest_seq: int,
        next_seq: int,
        command_counter: int,
        nonce: bytes,
    ) -> None:
        self.wire_version = WIRE_VERSION
        self.name = name
        self.key_id = key_id
        self.lib_hash = lib_hash
        self.boot = boot
        self.oldest_seq = oldest_seq
        self.next_seq = next_seq
        self.command_counter = command_counter
        self.nonce = nonce

    def encode(self, link_key: bytes) -> bytes:
        """The body of this hello, sealed."""
        head = struct.pack(
            _HELLO_FIXED,
            HELLO,
            self.wire_version,
            self.key_id,
            self.lib_hash,
            _u32(self.boot),
            _u32(self.oldest_seq),
            _u32(self.next_seq),
            _u32(self.command_counter),
            self.nonce,
        )
        body = head + self.name.encode()
        return body + tag(link_key, body)


def decode_hello(body: bytes) -> Hello:
    """The hello in `body`; its seal is not checked here (see `is_sealed`), because the name tells the key.

    Raises: SessionError when it is malformed.
    """
    name = body[_HELLO_FIXED_BYTES:-TAG_BYTES]
    if not 1 <= len(name) <= NAME_MAX_BYTES or any(byte not in _NAME_LETTERS for byte in name):
        raise SessionError("hello without a usable gateway name")
    fields = struct.unpack(_HELLO_FIXED, body[:_HELLO_FIXED_BYTES])
    hello = Hello(name.decode(), fields[2], fields[3], fields[4], fields[5], fields[6], fields[7], fields[8])
    hello.wire_version = fields[1]
    return hello


def is_sealed(key: bytes, body: bytes) -> bool:
    """Whether the last 8 bytes of `body` are the right tag over the rest under `key`."""
    return len(body) > TAG_BYTES and ct_equal(tag(key, body[:-TAG_BYTES]), body[-TAG_BYTES:])


def encode_record(record: bytes, previous_mac: "bytes | None") -> bytes:
    """Body of a record frame: 65 bytes, or 81 with the mac of the record before."""
    return bytes((RECORD,)) + (previous_mac or b"") + bytes(record)


def decode_record(body: bytes) -> "tuple[bytes, bytes | None]":
    """(record, mac of the record before or None). Raises: SessionError for a wrong length."""
    if len(body) == 1 + RECORD_BYTES:
        return body[1:], None
    if len(body) == 1 + MAC_BYTES + RECORD_BYTES:
        return body[1 + MAC_BYTES :], body[1 : 1 + MAC_BYTES]
    raise SessionError("record frame of %d bytes" % len(body))


def encode_time_ask(uptime_ms: int) -> bytes:
    """Body of the gateway's question what time it is."""
    return struct.pack("<BQ", TIME_ASK, uptime_ms)


def decode_time_ask(body: bytes) -> int:
    """Uptime of the asking gateway in ms."""
    return int(_unpack("<BQ", body)[1])


def encode_gone(key: bytes, first_seq: int, last_seq: int) -> bytes:
    """Body of the gateway's word that it no longer has these records, under session key `key`."""
    return _sealed(key, struct.pack("<BII", GONE, _u32(first_seq), _u32(last_seq)))


def decode_gone(body: bytes) -> "tuple[int, int]":
    """(first, last) of the records that will never come."""
    fields = _unpack("<BII8s", body)
    return fields[1], fields[2]


def encode_welcome(key: bytes, lib_hash: bytes, next_seq: int, host_nonce: bytes) -> bytes:
    """Body of the host's welcome under session key `key`; frame number 0 of the session."""
    return _sealed(key, struct.pack("<BIB8sI8s", WELCOME, 0, WIRE_VERSION, lib_hash, _u32(next_seq), host_nonce))


def decode_welcome(body: bytes) -> "tuple[int, bytes, int, bytes]":
    """(wire version, lib hash, next seq, host nonce)."""
    fields = _unpack("<BIB8sI8s8s", body)
    return fields[2], fields[3], fields[4], fields[5]


def encode_ack(key: bytes, number: int, next_seq: int, from_seq: int, has: int) -> bytes:
    """Body of an acknowledgement: all below `next_seq` is stored; bit i of `has`: so is, or is held, `from_seq` + i."""
    return _sealed(key, struct.pack("<BIIII", ACK, _u32(number), _u32(next_seq), _u32(from_seq), _u32(has)))


def decode_ack(body: bytes) -> "tuple[int, int, int]":
    """(next seq, from seq, bits of what the host has from there on)."""
    fields = _unpack("<BIIII8s", body)
    return fields[2], fields[3], fields[4]


def encode_time(key: bytes, number: int, asked_uptime_ms: int, utc_ms: int) -> bytes:
    """Body of the host's answer to a time ask."""
    return _sealed(key, struct.pack("<BIQQ", TIME, _u32(number), asked_uptime_ms, utc_ms))


def decode_time(body: bytes) -> "tuple[int, int]":
    """(uptime the ask was sent with, UTC in ms)."""
    fields = _unpack("<BIQQ8s", body)
    return fields[2], fields[3]


def encode_command(link_key: bytes, counter: int, code: int, argument: int) -> bytes:
    """Body of a command; `code` 0 … 255, `argument` a signed 32-bit integer."""
    if not 0 <= code <= 255 or not -(1 << 31) <= argument < 1 << 31:
        raise SessionError("command %d with argument %d does not fit" % (code, argument))
    return _sealed(link_key, struct.pack("<BIBi", COMMAND, _u32(counter), code, argument))


def decode_command(body: bytes) -> "tuple[int, int, int]":
    """(counter, code, argument)."""
    fields = _unpack("<BIBi8s", body)
    return fields[1], fields[2], fields[3]


def frame_number(body: bytes) -> int:
    """The number `n` of a tagged frame from the host."""
    return int.from_bytes(body[1:5], "little")


def _sealed(key: bytes, body: bytes) -> bytes:
    return body + tag(key, body)


def _u32(number: int) -> int:
    if not 0 <= number < 1 << 32:
        raise SessionError("%d does not fit 32 bits" % number)
    return number


def _unpack(layout: str, body: bytes) -> "tuple[Any, ...]":
    if len(body) != struct.calcsize(layout):
        raise SessionError("frame of type 0x%02x with %d bytes" % (body[0], len(body)))
    return struct.unpack(layout, body)
