"""What stands inside a frame, as only a host needs it: it reads what a gateway sends, and builds what it is told.

Role in the flow: stage 9. Shared: yes, but no gateway imports it: its heap has better uses. Context: task or thread.
"""

import struct

from .errors import SessionError
from .messages import (
    ACK,
    COMMAND,
    COMMAND_PAYLOAD_MAX,
    HELLO_FIXED,
    TAG_BYTES,
    TIME,
    WELCOME,
    WIRE_VERSION,
    Hello,
    is_sealed,
    sealed,
    u32,
    unpack_body,
)
from .record import MAC_BYTES, RECORD_BYTES

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

NAME_MAX_BYTES = 32
_HELLO_FIXED_BYTES = 42
# As docs/record.md has it: what anybody on the wire can say is shown to people and stored.
_NAME_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789-"


def decode_hello(body: bytes) -> Hello:
    """The hello in `body`; its seal is not checked here (see `is_sealed`), because the name tells the key.

    Raises: SessionError when it is malformed.
    """
    name = body[_HELLO_FIXED_BYTES:-TAG_BYTES]
    if not 1 <= len(name) <= NAME_MAX_BYTES or any(byte not in _NAME_LETTERS for byte in name):
        raise SessionError("hello without a usable gateway name")
    fields = struct.unpack(HELLO_FIXED, body[:_HELLO_FIXED_BYTES])
    hello = Hello(name.decode(), fields[2], fields[3], fields[4], fields[5], fields[6], fields[7], fields[8])
    hello.wire_version = fields[1]
    return hello


def decode_record(body: bytes) -> "tuple[bytes, bytes | None]":
    """(record, mac of the record before or None). Raises: SessionError for a wrong length."""
    if len(body) == 1 + RECORD_BYTES:
        return body[1:], None
    if len(body) == 1 + MAC_BYTES + RECORD_BYTES:
        return body[1 + MAC_BYTES :], body[1 : 1 + MAC_BYTES]
    raise SessionError("record frame of %d bytes" % len(body))


def decode_time_ask(body: bytes) -> int:
    """Uptime of the asking gateway in ms."""
    return int(unpack_body("<BQ", body)[1])


def decode_gone(body: bytes) -> "tuple[int, int]":
    """(first, last) of the records that will never come."""
    fields = unpack_body("<BII8s", body)
    return fields[1], fields[2]


def decode_update_state(key: bytes, body: bytes) -> "tuple[int, int]":
    """(status, offset) of what a gateway says of an update under `key`. Raises: SessionError."""
    fields = unpack_body("<BBI8s", body)
    if not is_sealed(key, body):
        raise SessionError("update state with a wrong tag")
    return fields[1], fields[2]


def encode_welcome(key: bytes, lib_hash: bytes, next_seq: int, host_nonce: bytes) -> bytes:
    """Body of the host's welcome under session key `key`; frame number 0 of the session."""
    return sealed(key, struct.pack("<BIB8sI8s", WELCOME, 0, WIRE_VERSION, lib_hash, u32(next_seq), host_nonce))


def encode_ack(key: bytes, number: int, next_seq: int, from_seq: int, has: int) -> bytes:
    """Body of an acknowledgement: all below `next_seq` is stored; bit i of `has`: so is, or is held, `from_seq` + i."""
    return sealed(
        key,
        struct.pack("<BIIII", ACK, u32(number), u32(next_seq), u32(from_seq), u32(has)),
    )


def encode_time(key: bytes, number: int, asked_uptime_ms: int, utc_ms: int) -> bytes:
    """Body of the host's answer to a time ask."""
    return sealed(key, struct.pack("<BIQQ", TIME, u32(number), asked_uptime_ms, utc_ms))


def encode_command(link_key: bytes, counter: int, code: int, argument: int, payload: bytes = b"") -> bytes:
    """Body of a command; `code` 0 … 255, `argument` a signed 32-bit integer, `payload` at most 96 bytes."""
    if not 0 <= code <= 255 or not -(1 << 31) <= argument < 1 << 31:
        raise SessionError("command %d with argument %d does not fit" % (code, argument))
    if len(payload) > COMMAND_PAYLOAD_MAX:
        raise SessionError("command %d with %d bytes of payload" % (code, len(payload)))
    return sealed(link_key, struct.pack("<BIBi", COMMAND, u32(counter), code, argument) + payload)
