"""Make mqtt.json: packets of MQTT 3.1.1, and whole streams from a broker, sound and unsound.

Written from the standard (OASIS, 29 October 2014) and docs/mqtt.md alone, with nothing of Tocsin: a second opinion, not
an echo.
"""

import json
import struct
from pathlib import Path

NAME, PASSWORD = b"gallery", b"not a good one"
UP, DOWN, STATUS = b"tocsin/gallery/up", b"tocsin/gallery/down", b"tocsin/gallery/status"
KEEPALIVE_S = 20
LONGEST = 2048


def length(count):
    """Remaining length, 2.2.3: seven bits a byte, the lowest first."""
    out = bytearray()
    while True:
        count, low = divmod(count, 128)
        out.append(low | (128 if count else 0))
        if not count:
            return bytes(out)


def packet(kind, flags, body):
    """Fixed header and the rest."""
    return bytes((kind << 4 | flags,)) + length(len(body)) + body


def text(data):
    """A string, 1.5.3."""
    return struct.pack(">H", len(data)) + data


def connect():
    """3.1: clean session (2), will (4) at QoS 1 (8) retained (32), password (64), user (128)."""
    head = text(b"MQTT") + bytes((4, 2 + 4 + 8 + 32 + 64 + 128)) + struct.pack(">H", KEEPALIVE_S)
    return packet(1, 0, head + text(NAME) + text(STATUS) + text(b"offline") + text(NAME) + text(PASSWORD))


def connack(code=0, present=0):
    """3.2."""
    return packet(2, 0, bytes((present, code)))


def publish(topic, payload, number=None, flags=0):
    """3.3; at QoS 1 with a number."""
    if number is None:
        return packet(3, flags, text(topic) + payload)
    return packet(3, flags | 2, text(topic) + struct.pack(">H", number) + payload)


def puback(number):
    """3.4."""
    return packet(4, 0, struct.pack(">H", number))


def subscribe(number, topic):
    """3.8, one topic at QoS 1."""
    return packet(8, 2, struct.pack(">H", number) + text(topic) + b"\x01")


def suback(number, code=1):
    """3.9."""
    return packet(9, 0, struct.pack(">H", number) + bytes((code,)))


PINGREQ, PINGRESP = packet(12, 0, b""), packet(13, 0, b"")

# What a client sends: (name, what it does, bytes).
SENT = [
    ("connect", ["connect"], connect()),
    ("online, retained", ["publish", STATUS.decode(), b"online".hex(), True], publish(STATUS, b"online", 1, 1)),
    ("a piece", ["publish", UP.decode(), "000102", False], publish(UP, b"\0\1\2", 2)),
    ("the emptiest piece", ["publish", UP.decode(), "", False], publish(UP, b"", 3)),
    ("106 bytes: a length of one byte", ["publish", UP.decode(), "aa" * 106, False], publish(UP, b"\xaa" * 106, 4)),
    ("107 bytes: of two", ["publish", UP.decode(), "aa" * 107, False], publish(UP, b"\xaa" * 107, 5)),
    ("16363 bytes: of three", ["publish", UP.decode(), "aa" * 16363, False], publish(UP, b"\xaa" * 16363, 6)),
    ("subscribe", ["subscribe", DOWN.decode()], subscribe(7, DOWN)),
]


def message(payload, topic=DOWN):
    """The event of a message."""
    return ["message", topic.hex(), payload.hex()]


def streams():
    """(name, packets from the broker, publishes under way, events, answers): after a CONNECT, and, where the first
    packet is an accepting CONNACK, after a subscription with the number above those of the publishes."""
    up = ["connected"]
    yield "accepted", [connack()], 0, [up], b""
    for code in range(1, 6):
        yield f"refused with code {code}", [connack(code)], 0, [["refused", code]], b""
    yield "subscribed", [connack(), suback(1)], 0, [up, ["subscribed", True]], b""
    yield "subscribed at QoS 0", [connack(), suback(1, 0)], 0, [up, ["subscribed", True]], b""
    yield "subscription refused", [connack(), suback(1, 0x80)], 0, [up, ["subscribed", False]], b""
    yield "message at QoS 0", [connack(), publish(DOWN, b"\0piece\0")], 0, [up, message(b"\0piece\0")], b""
    yield "message at QoS 1", [connack(), publish(DOWN, b"p", 9)], 0, [up, message(b"p")], puback(9)
    yield "message once more", [connack(), publish(DOWN, b"p", 9, 8)], 0, [up, message(b"p")], puback(9)
    yield "retained message", [connack(), publish(DOWN, b"p", 65535, 1)], 0, [up, message(b"p")], puback(65535)
    yield "empty message", [connack(), publish(DOWN, b"")], 0, [up, message(b"")], b""
    yield "acknowledgements", [connack(), puback(2), puback(1), suback(3)], 2, [up, ["subscribed", True]], b""
    yield "pings", [connack(), PINGRESP, PINGRESP], 0, [up], b""
    longest = b"x" * (LONGEST - len(text(DOWN)))
    yield "longest message", [connack(), publish(DOWN, longest)], 0, [up, message(longest)], b""
    too_long = [connack(), publish(DOWN, longest + b"x"), publish(DOWN, b"p")]
    yield (
        "one byte more is skipped, the next is heard",
        too_long,
        0,
        [up, ["too long", LONGEST + 1], message(b"p")],
        b"",
    )
    padded = b"\x30\x96\x80\x80\x00" + text(DOWN) + b"p"
    yield "length in more bytes than needed", [connack(), padded], 0, [up, message(b"p")], b""


def broken():
    """(name, packets): the last one breaks the protocol. As in `streams`, one publish is under way."""
    yield "message before the CONNACK", [publish(DOWN, b"p")]
    yield "CONNACK of three bytes", [packet(2, 0, b"\0\0\0")]
    yield "CONNACK with flags", [packet(2, 1, b"\0\0")]
    yield "session present after a clean start", [connack(0, 1)]
    yield "unknown return code", [connack(6)]
    yield "second CONNACK", [connack(), connack()]
    yield "PINGRESP with a body", [connack(), packet(13, 0, b"\0")]
    yield "CONNECT from a broker", [connack(), connect()]
    yield "packet of type 0", [connack(), b"\0\0"]
    yield "packet of type 15", [connack(), b"\xf0\0"]
    yield "length of five bytes", [connack(), b"\x30\xff\xff\xff\xff\x01"]
    yield "message at QoS 2", [connack(), packet(3, 4, text(DOWN) + b"\0\1p")]
    yield "message at QoS 3", [connack(), packet(3, 6, text(DOWN) + b"\0\1p")]
    yield "message once more at QoS 0", [connack(), publish(DOWN, b"p", None, 8)]
    yield "message with the number 0", [connack(), publish(DOWN, b"p", 0)]
    yield "message without a topic", [connack(), publish(b"", b"p")]
    yield "message with a topic beyond its end", [connack(), packet(3, 0, b"\0\5abcd")]
    yield "message at QoS 1 that ends in its number", [connack(), packet(3, 2, text(DOWN) + b"\0")]
    yield "message of one byte", [connack(), packet(3, 0, b"\0")]
    yield "acknowledgement of nothing", [connack(), puback(9)]
    yield "acknowledgement twice", [connack(), puback(1), puback(1)]
    yield "acknowledgement of three bytes", [connack(), packet(4, 0, b"\0\1\0")]
    yield "acknowledgement with flags", [connack(), packet(4, 2, b"\0\1")]
    yield "another subscription's answer", [connack(), suback(1)]
    yield "subscription answered twice", [connack(), suback(2), suback(2)]
    yield "subscription answered with QoS 3", [connack(), suback(2, 3)]
    yield "two answers to one subscription", [connack(), packet(9, 0, b"\0\2\1\1")]


def main():
    """Write the file."""
    found = {
        "name": NAME.decode(),
        "password": PASSWORD.hex(),
        "topics": [topic.decode() for topic in (UP, DOWN, STATUS)],
        "offline": b"offline".hex(),
        "keepalive_ms": 1000 * KEEPALIVE_S,
        "ping": PINGREQ.hex(),
        "sent": [{"name": name, "does": does, "wire": wire.hex()} for name, does, wire in SENT],
        "streams": [
            {
                "name": name,
                "wire": [p.hex() for p in packets],
                "publishes": count,
                "events": events,
                "answer": out.hex(),
            }
            for name, packets, count, events, out in streams()
        ],
        "broken": [{"name": name, "wire": [p.hex() for p in packets]} for name, packets in broken()],
    }
    Path(__file__).with_name("mqtt.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
