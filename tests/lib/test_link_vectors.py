"""The link against the vectors of docs/link.md: every frame, every stream, every conversation, sound and unsound."""

import json
from binascii import hexlify, unhexlify

from tocsin import host_messages, messages
from tocsin.errors import FrameError, SessionError
from tocsin.framing import BODY_MAX_BYTES, FrameReader, decode_frame, encode_frame
from tocsin.gateway_session import GatewaySession
from tocsin.service_door import answer


def load_vectors():
    with open(__file__.rsplit("/", 2)[0] + "/vectors/link.json") as file:
        return json.load(file)


VECTORS = load_vectors()
LINK_KEY = unhexlify(VECTORS["link_key"])
SESSION_KEY = unhexlify(VECTORS["session_key"])
GATEWAY_NONCE = unhexlify(VECTORS["gateway_nonce"])
HOST_NONCE = unhexlify(VECTORS["host_nonce"])
LIB_HASH = unhexlify(VECTORS["lib_hash"])
RECORD = unhexlify(VECTORS["record"])


def body_of(name):
    return next(unhexlify(entry["body"]) for entry in VECTORS["bodies"] if entry["name"] == name)


def fields_of(name):
    return next(entry["fields"] for entry in VECTORS["bodies"] if entry["name"] == name)


class Records:
    """Records 3 to 39, as the conversations suppose them."""

    next_seq = 40
    acked_seq = 0

    def oldest_seq(self):
        return 3

    def first_from(self, seq):
        return max(seq, 3)

    def read(self, seq):
        return RECORD

    def mac_before(self, seq):
        return bytes(16)


def a_hello(nonce=GATEWAY_NONCE, name="gallery"):
    return messages.Hello(name, unhexlify(VECTORS["key_id"]), LIB_HASH, 2, 3, 40, 5, nonce)


def as_json(event):
    """A reported event as the vectors have it: bytes in hexadecimal."""
    return [hexlify(field).decode() if isinstance(field, bytes) else field for field in event]


def test_frames_are_the_same_bytes_both_ways():
    for entry in VECTORS["bodies"]:
        body, wire = unhexlify(entry["body"]), unhexlify(entry["wire"])
        assert encode_frame(body) == wire, entry["name"]
        assert decode_frame(wire[:-1]) == body, entry["name"]


def test_bodies_from_the_gateway_are_the_same_bytes():
    assert a_hello().encode(LINK_KEY) == body_of("hello")
    assert a_hello(name="a" * 32).encode(LINK_KEY) == body_of("hello of the longest name")
    assert messages.encode_record(RECORD, None) == body_of("record")
    mac = unhexlify(fields_of("record with the mac before it")["previous_mac"])
    assert messages.encode_record(RECORD, mac) == body_of("record with the mac before it")
    assert messages.encode_time_ask(1 << 40) == body_of("time ask")
    assert messages.encode_gone(SESSION_KEY, 7, 299) == body_of("gone")


def test_bodies_from_the_host_are_the_same_bytes():
    assert messages.session_key(LINK_KEY, GATEWAY_NONCE, HOST_NONCE) == SESSION_KEY
    assert host_messages.encode_welcome(SESSION_KEY, LIB_HASH, 38, HOST_NONCE) == body_of("welcome")
    assert host_messages.encode_ack(SESSION_KEY, 1, 39, 39, 0) == body_of("ack")
    assert host_messages.encode_ack(SESSION_KEY, 2, 39, 39, 0x8000000C) == body_of("ack with later records")
    assert host_messages.encode_ack(SESSION_KEY, 3, 39, 5000, 1) == body_of("ack of an urgent record far ahead")
    assert host_messages.encode_time(SESSION_KEY, 3, 1000, 1_790_000_000_123) == body_of("time")
    assert host_messages.encode_command(LINK_KEY, 6, 1, -2) == body_of("command")
    longest = body_of("command with the longest payload")
    assert host_messages.encode_command(LINK_KEY, 7, 9, 96, bytes(range(96))) == longest


def test_bodies_from_the_gateway_are_read():
    found = host_messages.decode_hello(body_of("hello"))
    fields = fields_of("hello")
    assert (found.name, found.boot, found.wire_version) == (fields["name"], fields["boot"], 3)
    assert (found.oldest_seq, found.next_seq) == (fields["oldest"], fields["next"])
    assert (found.command_counter, found.nonce, found.lib_hash) == (fields["counter"], GATEWAY_NONCE, LIB_HASH)
    assert host_messages.decode_record(body_of("record")) == (RECORD, None)
    mac = unhexlify(fields_of("record with the mac before it")["previous_mac"])
    assert host_messages.decode_record(body_of("record with the mac before it")) == (RECORD, mac)
    assert host_messages.decode_time_ask(body_of("time ask")) == fields_of("time ask")["uptime_ms"]
    assert host_messages.decode_gone(body_of("gone")) == (fields_of("gone")["first"], fields_of("gone")["last"])


def test_bodies_from_the_host_are_read():
    assert messages.decode_welcome(body_of("welcome")) == (3, LIB_HASH, fields_of("welcome")["next"], HOST_NONCE)
    for name in ("ack", "ack with later records", "ack of an urgent record far ahead"):
        fields = fields_of(name)
        assert messages.decode_ack(body_of(name)) == (fields["next"], fields["from"], fields["has"])
    fields = fields_of("time")
    assert messages.decode_time(body_of("time")) == (fields["asked_ms"], fields["utc_ms"])
    for name in ("command", "command with the longest payload"):
        fields = fields_of(name)
        counter, code, argument, payload = messages.decode_command(body_of(name))
        assert (counter, code, argument) == (fields["counter"], fields["code"], fields["argument"])
        assert payload == unhexlify(fields["payload"])


def test_hellos_are_judged_alike():
    for entry in VECTORS["hellos"]:
        body = unhexlify(entry["body"])
        try:
            host_messages.decode_hello(body)
            readable = True
        except SessionError:
            readable = False
        assert readable == entry["readable"], entry["name"]
        assert messages.is_sealed(LINK_KEY, body) == entry["sealed"], entry["name"]


def test_service_answers_are_the_same_bytes():
    for found in VECTORS["service"]:
        key, challenge = unhexlify(found["key"]), unhexlify(found["challenge"])
        assert answer(key, challenge, found["minutes"], found["person"]) == unhexlify(found["answer"])


def test_streams_give_the_same_bodies_whole_and_byte_by_byte():
    for entry in VECTORS["streams"]:
        wire = unhexlify(entry["wire"])
        for step in (1, 7, len(wire)):
            reader = FrameReader()
            found = []
            for at in range(0, len(wire), step):
                found += reader.receive(wire[at : at + step])
            assert [hexlify(body).decode() for body in found] == entry["bodies"], (entry["name"], step)
            assert reader.damaged_count == entry["damaged"], (entry["name"], step)


def test_conversations_end_alike():
    for entry in VECTORS["conversations"]:
        records = Records()
        nonces = [bytes(8), GATEWAY_NONCE]
        session = GatewaySession(a_hello(), LINK_KEY, records, lambda n, nonces=nonces: nonces.pop())
        session.transmit(0)
        events = session.receive(unhexlify(entry["wire"]), VECTORS["told_at_ms"])
        assert [as_json(event) for event in events] == entry["events"], entry["name"]
        assert session.is_up == entry["up"], entry["name"]
        assert session.damaged_count == entry["damaged"], entry["name"]
        assert records.acked_seq == entry["acked"], entry["name"]


def test_no_frame_leaves_that_a_receiver_would_drop():
    for body in (b"", bytes(BODY_MAX_BYTES + 1)):
        try:
            encode_frame(body)
        except FrameError:
            continue
        raise AssertionError(len(body))
