"""What stands inside a frame: hello, records, acknowledgements, time, commands (docs/link.md).

Role in the flow: stage 8 and 9. Shared: gateway and host. Context: task.
Positional bytes with explicit checks: MicroPython's struct truncates silently, so no value enters unchecked.
"""

import struct

from .compat import ct_equal
from .errors import SessionError
from .seal import hmac_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WIRE_VERSION = 3

HELLO = 0x01
RECORD = 0x02
TIME_ASK = 0x03
GONE = 0x04
SERVICE_CHALLENGE = 0x05
SERVICE_STATE = 0x06
UPDATE_STATE = 0x07
PING = 0x7E
PONG = 0x7F
WELCOME = 0x81
ACK = 0x82
TIME = 0x83
COMMAND = 0x84
WHO = 0x85
REFUSED = 0x86
SERVICE_ASK = 0x87
SERVICE_OPEN = 0x88
UPDATE_BEGIN = 0x89
UPDATE_DATA = 0x8A

# What a command may carry behind its argument.
COMMAND_PAYLOAD_MAX = 96
# Records that one ack can speak of, and that may be on their way unacknowledged.
WINDOW_RECORDS = 32
TAG_BYTES = 8
NONCE_BYTES = 8

_RECORD = bytes((RECORD,))
HELLO_FIXED = "<BB8s8sIIII8s"
_COMMAND_HEAD = 10


def tag(key: bytes, data: bytes) -> bytes:
    """HMAC8 of docs/link.md: the first 8 bytes of HMAC-SHA256."""
    return hmac_sha256(key, data)[:TAG_BYTES]


def session_key(link_key: bytes, gateway_nonce: bytes, host_nonce: bytes) -> bytes:
    """The 32-byte key of one session, fresh for both ends."""
    return hmac_sha256(link_key, b"tocsin session" + gateway_nonce + host_nonce)


def update_key(link_key: bytes, gateway_nonce: bytes) -> bytes:
    """The 32-byte key of what is sent of an update to a gateway that said this nonce."""
    return hmac_sha256(link_key, b"tocsin update" + gateway_nonce)


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
            HELLO_FIXED,
            HELLO,
            self.wire_version,
            self.key_id,
            self.lib_hash,
            u32(self.boot),
            u32(self.oldest_seq),
            u32(self.next_seq),
            u32(self.command_counter),
            self.nonce,
        )
        body = head + self.name.encode()
        return body + tag(link_key, body)


def is_sealed(key: bytes, body: bytes) -> bool:
    """Whether the last 8 bytes of `body` are the right tag over the rest under `key`."""
    return len(body) > TAG_BYTES and ct_equal(tag(key, body[:-TAG_BYTES]), body[-TAG_BYTES:])


def encode_record(record: bytes, previous_mac: "bytes | None") -> bytes:
    """Body of a record frame: 65 bytes, or 81 with the mac of the record before."""
    return _RECORD + previous_mac + record if previous_mac else _RECORD + record


def encode_time_ask(uptime_ms: int) -> bytes:
    """Body of the gateway's question what time it is."""
    return struct.pack("<BQ", TIME_ASK, uptime_ms)


def encode_gone(key: bytes, first_seq: int, last_seq: int) -> bytes:
    """Body of the gateway's word that it no longer has these records, under session key `key`."""
    return sealed(key, struct.pack("<BII", GONE, u32(first_seq), u32(last_seq)))


def decode_welcome(body: bytes) -> "tuple[int, bytes, int, bytes]":
    """(wire version, lib hash, next seq, host nonce)."""
    fields = unpack_body("<BIB8sI8s8s", body)
    return fields[2], fields[3], fields[4], fields[5]


def decode_ack(body: bytes) -> "tuple[int, int, int]":
    """(next seq, from seq, bits of what the host has from there on)."""
    fields = unpack_body("<BIIII8s", body)
    return fields[2], fields[3], fields[4]


def decode_time(body: bytes) -> "tuple[int, int]":
    """(uptime the ask was sent with, UTC in ms)."""
    fields = unpack_body("<BIQQ8s", body)
    return fields[2], fields[3]


def decode_command(body: bytes) -> "tuple[int, int, int, bytes]":
    """(counter, code, argument, payload)."""
    payload = body[_COMMAND_HEAD:-TAG_BYTES]
    if len(payload) > COMMAND_PAYLOAD_MAX:
        raise SessionError("command with %d bytes of payload" % len(payload))
    fields = unpack_body("<BIBi8s", body[:_COMMAND_HEAD] + body[_COMMAND_HEAD + len(payload) :])
    return fields[1], fields[2], fields[3], payload


def frame_number(body: bytes) -> int:
    """The number `n` of a tagged frame from the host."""
    return int.from_bytes(body[1:5], "little")


def sealed(key: bytes, body: bytes) -> bytes:
    """`body` with its tag under `key`."""
    return body + tag(key, body)


def u32(number: int) -> int:
    """`number`, if it fits. Raises: SessionError."""
    if not 0 <= number < 1 << 32:
        raise SessionError("%d does not fit 32 bits" % number)
    return number


def unpack_body(layout: str, body: bytes) -> "tuple[Any, ...]":
    """The fields of a body that has exactly the length of `layout`. Raises: SessionError."""
    if len(body) != struct.calcsize(layout):
        raise SessionError("frame of type 0x%02x with %d bytes" % (body[0], len(body)))
    return struct.unpack(layout, body)
