"""Make link.json: examples of docs/link.md, frames and whole conversations, sound and unsound.

Written from the page alone, with the standard library's hmac, struct and zlib and nothing of Tocsin: the vectors are a
second opinion, not an echo.
"""

import hmac
import json
import struct
import zlib
from pathlib import Path

LINK_KEY = bytes(range(64, 96))
OTHER_KEY = bytes(range(1, 33))
GATEWAY_NONCE = bytes.fromhex("a0a1a2a3a4a5a6a7")
HOST_NONCE = bytes.fromhex("b0b1b2b300b5b6b7")
KEY_ID = bytes.fromhex("0102030405060708")
LIB_HASH = bytes.fromhex("1112131415161718")
NAME = b"gallery"
# Any 64 bytes do: the link does not look into a record. Full of zeros, as records are.
RECORD = b"\0" + bytes((255, 0)) * 31 + b"\0"
MAC = bytes(range(16))
PAYLOAD = bytes(range(96))


def stuff(data):
    """COBS, byte by byte: each run of non-zero bytes behind its length plus one."""
    out = bytearray((0,))
    code_at = 0
    for byte in data:
        if byte:
            out.append(byte)
            if len(out) - code_at == 255:
                out[code_at] = 255
                code_at = len(out)
                out.append(0)
        else:
            out[code_at] = len(out) - code_at
            code_at = len(out)
            out.append(0)
    out[code_at] = len(out) - code_at
    return bytes(out)


def frame(body):
    """COBS(body || CRC-32) || 0."""
    return stuff(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


def hmac8(key, data):
    """The first 8 bytes of HMAC-SHA256."""
    return hmac.digest(key, data, "sha256")[:8]


def sealed(key, body):
    """A body with its tag."""
    return body + hmac8(key, body)


SESSION_KEY = hmac.digest(LINK_KEY, b"tocsin session" + GATEWAY_NONCE + HOST_NONCE, "sha256")


def hello(nonce=GATEWAY_NONCE, name=NAME, key=LINK_KEY, version=3, oldest=3, next_seq=40, counter=5):
    """A hello of boot 2."""
    head = struct.pack("<BB8s8sIIII8s", 0x01, version, KEY_ID, LIB_HASH, 2, oldest, next_seq, counter, nonce)
    return sealed(key, head + name)


def welcome(key=SESSION_KEY, next_seq=38, nonce=HOST_NONCE, version=3):
    """A welcome: frame 0 of its session."""
    return sealed(key, struct.pack("<BIB8sI8s", 0x81, 0, version, LIB_HASH, next_seq, nonce))


def ack(number, next_seq, has=0, from_seq=None, key=SESSION_KEY):
    """An acknowledgement."""
    from_seq = next_seq if from_seq is None else from_seq
    return sealed(key, struct.pack("<BIIII", 0x82, number, next_seq, from_seq, has))


def gone(first, last, key=SESSION_KEY):
    """The gateway's word that records are gone."""
    return sealed(key, struct.pack("<BII", 0x04, first, last))


def time(number, asked_ms, utc_ms, key=SESSION_KEY):
    """An answer to a time ask."""
    return sealed(key, struct.pack("<BIQQ", 0x83, number, asked_ms, utc_ms))


def command(counter, code, argument, key=LINK_KEY, payload=b""):
    """A command."""
    return sealed(key, struct.pack("<BIBi", 0x84, counter, code, argument) + payload)


EXAMPLE = ack(1, 7, 0b1100, key=b"\x11" * 32)

# Name, body, and what a reader of the body must find in it.
BODIES = [
    ("hello", hello(), {"name": "gallery", "boot": 2, "oldest": 3, "next": 40, "counter": 5}),
    ("hello of the longest name", hello(name=b"a" * 32), {"name": "a" * 32}),
    ("record", b"\x02" + RECORD, {"previous_mac": None}),
    ("record with the mac before it", b"\x02" + MAC + RECORD, {"previous_mac": MAC.hex()}),
    ("time ask", struct.pack("<BQ", 0x03, 1 << 40), {"uptime_ms": 1 << 40}),
    ("ping", b"\x7e\0\0\1", {}),
    ("pong", b"\x7f", {}),
    ("welcome", welcome(), {"next": 38, "host_nonce": HOST_NONCE.hex()}),
    ("gone", gone(7, 299), {"first": 7, "last": 299}),
    ("ack", ack(1, 39), {"next": 39, "from": 39, "has": 0}),
    ("ack with later records", ack(2, 39, 0x8000000C), {"next": 39, "from": 39, "has": 0x8000000C}),
    ("ack of an urgent record far ahead", ack(3, 39, 1, 5000), {"next": 39, "from": 5000, "has": 1}),
    ("time", time(3, 1000, 1_790_000_000_123), {"asked_ms": 1000, "utc_ms": 1_790_000_000_123}),
    ("command", command(6, 1, -2), {"counter": 6, "code": 1, "argument": -2, "payload": ""}),
    (
        "command with the longest payload",
        command(7, 9, 96, payload=PAYLOAD),
        {"counter": 7, "code": 9, "argument": 96, "payload": PAYLOAD.hex()},
    ),
    ("who", b"\x85", {}),
    ("refused", b"\x86\x02", {}),
    ("longest body", b"\x6f" + bytes(159), {}),
    ("longest body without a zero", b"\x6f" + bytes((255,)) * 159, {}),
]


def service_answer(challenge, minutes, person):
    """What opens a console, under the link key here for want of another."""
    said = bytes((minutes, person)) if person else bytes((minutes,))
    return hmac.new(LINK_KEY, b"tocsin service" + challenge + said, "sha256").hexdigest()[:32]


def streams():
    """(name, bytes on the wire, bodies a receiver must deliver, damaged frames it must count)."""
    good, other = ack(1, 39), b"\x85"
    wire = frame(good)
    # No body of 161 … bytes may be sent, so these are made without frame().
    long_by_one = stuff(b"\x55" * 161 + struct.pack("<I", zlib.crc32(b"\x55" * 161))) + b"\0"
    yield "two frames", frame(good) + frame(other), [good, other], 0
    yield "empty frames", b"\0\0\0" + wire + b"\0\0", [good], 0
    yield "wrong CRC", frame(good)[:-3] + bytes((frame(good)[-3] ^ 0x80,)) + frame(good)[-2:] + frame(other), [other], 1
    yield "CRC of another body", stuff(good + struct.pack("<I", zlib.crc32(other))) + b"\0" + wire, [good], 1
    yield "COBS run beyond the end", b"\x05\x01\x02\0" + wire, [good], 1
    yield "COBS code that no short frame has", b"\xff" + b"\x01" * 20 + b"\0" + wire, [good], 1
    yield "CRC without a body", stuff(struct.pack("<I", 0)) + b"\0" + wire, [good], 1
    yield "shorter than a CRC", b"\x02\x55\0\x01\0" + wire, [good], 2
    yield "body of 161 bytes", long_by_one + wire, [good], 1
    yield "165 bytes of noise", b"\x55" * 165 + b"\0" + wire, [good], 1
    yield "166 bytes of noise", b"\x55" * 166 + b"\0" + wire, [good], 1
    yield "10,000 bytes of noise", b"\x55" * 10_000 + b"\0" + wire, [good], 1
    yield "noise without an end", wire + b"\x55" * 200, [good], 1
    yield "truncated frame", wire[:9] + b"\0" + wire, [good], 1
    yield "truncated frame that runs into the next", wire[:9] + wire + wire, [good], 1
    yield "frame without its end", wire + wire[:-1], [good], 0
    yield "unknown type", frame(b"\x6f\x01\x02") + wire, [b"\x6f\x01\x02", good], 0


def conversations():
    """What a gateway is told after its hello, frame by frame, and what it must make of it.

    It keeps records 3 to 39. `up`: whether it has a session afterwards; `damaged`: frames counted; `acked`: all below
    this seq is acknowledged; `events`: as lists.
    """
    up = [welcome()]
    other_key = hmac.digest(OTHER_KEY, b"tocsin session" + GATEWAY_NONCE + HOST_NONCE, "sha256")
    yield "welcome", [welcome()], True, 0, 38, []
    yield "welcome twice", [welcome(), welcome()], True, 0, 38, []
    yield "welcome under another link key", [welcome(other_key)], False, 1, 0, []
    yield "welcome to another hello", [welcome(nonce=HOST_NONCE[::-1])], False, 1, 0, []
    yield "welcome of another wire version", [welcome(version=1)], False, 1, 0, []
    yield "welcome of a host that is ahead", [welcome(next_seq=4_000_000_000)], True, 0, 40, []
    yield "ack outside a session", [ack(1, 39)], False, 1, 0, []
    yield "acks", [*up, ack(1, 39), ack(2, 40)], True, 0, 40, []
    yield "ack repeated", [*up, ack(1, 39), ack(1, 39)], True, 1, 39, []
    yield "ack numbered 0", [*up, ack(0, 39)], True, 1, 38, []
    yield "ack with a number left out", [*up, ack(7, 39)], True, 0, 39, []
    yield "older number", [*up, ack(7, 39), ack(6, 40)], True, 1, 39, []
    yield "ack with a wrong tag", [*up, ack(1, 40, key=other_key)], True, 1, 38, []
    yield "ack of what was never sent", [*up, ack(1, 4_000_000_000)], True, 0, 40, []
    yield "ack going back", [*up, ack(1, 40), ack(2, 39)], True, 0, 40, []
    yield "ack cut short", [*up, ack(1, 39)[:-1]], True, 1, 38, []
    yield "ack of wire version 1", [*up, sealed(SESSION_KEY, struct.pack("<BIIB", 0x82, 1, 39, 0))], True, 1, 38, []
    yield "forged ack leaves the number", [*up, ack(9, 40, key=other_key), ack(1, 39)], True, 1, 39, []
    yield "a later record lets nothing be forgotten", [*up, ack(1, 38, 0b10)], True, 0, 38, []
    yield "a record far ahead lets nothing be forgotten", [*up, ack(1, 38, 1, 5000)], True, 0, 38, []
    yield "gone is the gateway's word", [*up, gone(38, 39)], True, 0, 38, []
    yield "who", [*up, b"\x85"], False, 0, 38, []
    yield "welcome of the session before who", [*up, b"\x85", welcome()], False, 1, 38, []
    in_time = [["time", 1_790_000_001_000, 1001]]
    yield "time in time", [*up, time(1, 8_000, 1_790_000_000_000)], True, 0, 38, in_time
    yield "time too late", [*up, time(1, 7_999, 1_790_000_000_000)], True, 0, 38, []
    yield "time for an ask not made yet", [*up, time(1, 10_001, 1_790_000_000_000)], True, 0, 38, []
    yield "command outside a session", [command(6, 1, -2)], False, 0, 0, [["command", 6, 1, -2, ""]]
    yield "command twice", [command(6, 1, 0), command(6, 1, 0)], False, 0, 0, [["command", 6, 1, 0, ""]] * 2
    carried = [["command", 6, 9, 0, PAYLOAD.hex()]]
    yield "command with a payload", [command(6, 9, 0, payload=PAYLOAD)], False, 0, 0, carried
    yield "command with too long a payload", [command(6, 9, 0, payload=PAYLOAD + b"x")], False, 1, 0, []
    yield "command cut short", [command(6, 1, 0)[:17]], False, 1, 0, []
    changed = command(6, 9, 0, payload=b"a").replace(b"a", b"b", 1)
    yield "payload changed on the way", [changed], False, 1, 0, [["forged command", 6, 9]]
    yield "forged command", [command(6, 1, 0, OTHER_KEY)], False, 1, 0, [["forged command", 6, 1]]
    yield "refused", [b"\x86\x02"], False, 0, 0, [["refused", 2]]
    yield "unknown type", [b"\x6f\x01", welcome()], True, 0, 38, []


def main():
    """Write the file."""
    found = {
        "link_key": LINK_KEY.hex(),
        "gateway_nonce": GATEWAY_NONCE.hex(),
        "host_nonce": HOST_NONCE.hex(),
        "session_key": SESSION_KEY.hex(),
        "key_id": KEY_ID.hex(),
        "lib_hash": LIB_HASH.hex(),
        "record": RECORD.hex(),
        "example": {"body": EXAMPLE.hex(), "wire": frame(EXAMPLE).hex()},
        "bodies": [
            {"name": name, "body": body.hex(), "wire": frame(body).hex(), "fields": fields}
            for name, body, fields in BODIES
        ],
        "hellos": [
            {"name": name, "body": body.hex(), "readable": readable, "sealed": is_sealed}
            for name, body, readable, is_sealed in (
                ("right", hello(), True, True),
                ("other link key", hello(key=OTHER_KEY), True, False),
                ("one bit changed", hello()[:20] + bytes((hello()[20] ^ 1,)) + hello()[21:], True, False),
                ("no name", hello(name=b""), False, True),
                ("name too long", hello(name=b"a" * 33), False, True),
                ("name with other letters", hello(name=b"[/red]"), False, True),
                ("cut short", hello()[:30], False, False),
            )
        ],
        "streams": [
            {"name": name, "wire": wire.hex(), "bodies": [body.hex() for body in bodies], "damaged": damaged}
            for name, wire, bodies, damaged in streams()
        ],
        "service": [
            {
                "key": LINK_KEY.hex(),
                "challenge": challenge.hex(),
                "minutes": minutes,
                "person": person,
                "answer": service_answer(challenge, minutes, person),
            }
            for challenge, minutes, person in (
                (bytes(16), 0, 0),
                (bytes(range(16)), 30, 0),
                (b"\xff" * 16, 120, 0),
                (bytes(range(16)), 30, 1),
                (b"\xff" * 16, 120, 250),
            )
        ],
        "told_at_ms": 10_000,
        "conversations": [
            {
                "name": name,
                "wire": b"".join(map(frame, told)).hex(),
                "up": up,
                "damaged": damaged,
                "acked": acked,
                "events": events,
            }
            for name, told, up, damaged, acked, events in conversations()
        ],
    }
    Path(__file__).with_name("link.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


assert len(RECORD) == 64
if __name__ == "__main__":
    main()
