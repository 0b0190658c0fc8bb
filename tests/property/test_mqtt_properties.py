"""MQTT from any broker: how a stream is cut changes nothing, and no bytes break the client or fill its memory."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from tocsin import mqtt

CONNACK = b"\x20\x02\x00\x00"
CONNECT = mqtt.encode_connect("gallery", b"secret", "tocsin/gallery/status", b"offline")


def packet(first: int, body: bytes) -> bytes:
    """A packet with the shortest length."""
    length, head = len(body), bytearray((first,))
    while True:
        length, low = divmod(length, 128)
        head.append(low | (128 if length else 0))
        if not length:
            return bytes(head) + body


def publish(topic: bytes, payload: bytes, number: int | None) -> bytes:
    if number is None:
        return packet(0x30, len(topic).to_bytes(2, "big") + topic + payload)
    return packet(0x32, len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big") + payload)


MESSAGES = st.builds(
    publish, st.binary(min_size=1, max_size=30), st.binary(max_size=300), st.none() | st.integers(1, 0xFFFF)
)
LONG = st.builds(publish, st.just(b"t"), st.integers(2000, 5000).map(bytes), st.none())
SOUND = st.lists(MESSAGES | LONG | st.just(b"\xd0\x00"), max_size=8).map(lambda packets: CONNACK + b"".join(packets))
ANY = st.tuples(SOUND, st.binary(max_size=80)).map(b"".join) | st.binary(max_size=200)


def heard(stream: bytes, lengths: list[int]) -> tuple[list[tuple[object, ...]], bytes]:
    """(events, bytes sent) of a client that gets `stream` in pieces."""
    client = mqtt.MqttClient(CONNECT, 0)
    client.transmit(0)
    events: list[tuple[object, ...]] = []
    for length in itertools.cycle(lengths):
        if not stream:
            break
        events += client.receive(stream[:length], 0)
        stream = stream[length:]
        assert len(client._partial) <= mqtt.PACKET_MAX_BYTES + 5
    return events, client.transmit(0)


@given(ANY, st.lists(st.integers(1, 200), min_size=1, max_size=5))
def test_any_cutting_of_a_stream_gives_the_same_events_and_answers(stream: bytes, lengths: list[int]) -> None:
    assert heard(stream, lengths) == heard(stream, [max(1, len(stream))])


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=30), st.binary(max_size=300)), max_size=10))
def test_messages_arrive_in_order_and_whole(messages: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(publish(topic, payload, number + 1) for number, (topic, payload) in enumerate(messages))
    events, answers = heard(CONNACK + stream, [7])
    assert events == [(mqtt.CONNECTED,), *((mqtt.MESSAGE, topic, payload) for topic, payload in messages)]
    assert answers == b"".join(b"\x40\x02" + (number + 1).to_bytes(2, "big") for number in range(len(messages)))


@given(SOUND, st.binary(max_size=200), st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_nothing_is_heard_after_the_protocol_was_broken(sound: bytes, noise: bytes, lengths: list[int]) -> None:
    events, _ = heard(sound + b"\x00\x00" + noise, lengths)
    assert [event[0] for event in events].index(mqtt.BROKEN) == len(events) - 1
