"""MQTT against the vectors: every packet sent, every stream heard, sound and unsound; and by the clock."""

import json
from binascii import hexlify, unhexlify

from tocsin import mqtt
from tocsin.errors import MqttError


def load_vectors():
    with open(__file__.rsplit("/", 2)[0] + "/vectors/mqtt.json") as file:
        return json.load(file)


VECTORS = load_vectors()
UP, DOWN, STATUS = VECTORS["topics"]
CONNECT = mqtt.encode_connect(VECTORS["name"], unhexlify(VECTORS["password"]), STATUS, unhexlify(VECTORS["offline"]))
CONNACK = b"\x20\x02\x00\x00"


def a_client(now_ms=0):
    """A client that has sent its CONNECT."""
    client = mqtt.MqttClient(CONNECT, now_ms)
    client.transmit(now_ms)
    return client


def an_accepted_client(now_ms=0):
    client = a_client(now_ms)
    client.receive(CONNACK, now_ms)
    return client


def hear(entry, publishes, cut=None):
    """(client, events, answer) of a vector's stream, its packets fed whole or in pieces of `cut` bytes."""
    client = a_client()
    events = []
    for wire in entry["wire"]:
        data = unhexlify(wire)
        for at in range(0, len(data), cut or len(data)):
            events += client.receive(data[at : at + (cut or len(data))], 0)
        if client.is_up and events == [(mqtt.CONNECTED,)] and wire == hexlify(CONNACK).decode():
            for _ in range(publishes):
                client.publish(UP, b"")
            client.subscribe(DOWN)
            client.transmit(0)
    return client, events, client.transmit(0)


def as_event(found):
    """A vector's event as the client reports it."""
    if found[0] == mqtt.MESSAGE:
        return (mqtt.MESSAGE, unhexlify(found[1]), unhexlify(found[2]))
    return tuple(found)


def refuses(do, *arguments):
    """Whether it raises MqttError."""
    try:
        do(*arguments)
    except MqttError:
        return True
    return False


def test_packets_sent_are_the_same_bytes():
    client = mqtt.MqttClient(CONNECT, 0)
    for entry in VECTORS["sent"]:
        does = entry["does"]
        if does[0] == "publish":
            assert client.publish(does[1], unhexlify(does[2]), does[3])
        elif does[0] == "subscribe":
            client.subscribe(does[1])
        assert client.transmit(0) == unhexlify(entry["wire"]), entry["name"]
        if does[0] == "connect":
            assert client.receive(CONNACK, 0) == [(mqtt.CONNECTED,)]


def test_streams_mean_what_they_should_however_they_are_cut():
    for entry in VECTORS["streams"]:
        for cut in (None, 1):
            _, events, answer = hear(entry, entry["publishes"], cut)
            assert events == [as_event(found) for found in entry["events"]], (entry["name"], cut)
            assert hexlify(answer).decode() == entry["answer"], entry["name"]


def test_what_breaks_the_protocol_ends_the_connection_however_it_is_cut():
    for entry in VECTORS["broken"]:
        for cut in (None, 1):
            client, events, _ = hear(entry, 1, cut)
            assert [event[0] for event in events if event[0] in (mqtt.BROKEN, mqtt.MESSAGE)] == [mqtt.BROKEN], entry
            assert events[-1][0] == mqtt.BROKEN and events[-1][1], entry["name"]
            assert client.receive(CONNACK, 0) == [], entry["name"]


def test_streams_in_one_piece_mean_the_same():
    for entry in VECTORS["streams"]:
        if not entry["publishes"] and entry["events"][-1][0] != mqtt.SUBSCRIBED:
            data = b"".join([unhexlify(wire) for wire in entry["wire"]])
            assert a_client().receive(data, 0) == [as_event(found) for found in entry["events"]], entry["name"]


def test_nothing_is_published_before_the_broker_has_accepted():
    for client in (a_client(), mqtt.MqttClient(CONNECT, 0)):
        assert refuses(client.publish, UP, b"") and refuses(client.subscribe, DOWN)
        client.receive(b"\x20\x02\x00\x05", 0)
        assert refuses(client.publish, UP, b"") and not client.is_up


def test_publishes_under_way_are_bounded_and_an_acknowledgement_makes_room():
    client = an_accepted_client()
    assert [client.publish(UP, b"x") for _ in range(mqtt.IN_FLIGHT_MAX + 2)] == [True] * 16 + [False] * 2
    client.transmit(0)
    assert client.transmit(0) == b""
    assert client.receive(b"\x40\x02\x00\x03", 0) == []
    assert client.publish(UP, b"y") and not client.publish(UP, b"z")
    assert client.transmit(0)[-3:] == b"\x00\x11y"


def test_numbers_begin_again_after_65535_and_pass_over_those_under_way():
    client = an_accepted_client()
    client.publish(UP, b"")
    for number in range(2, 65536):
        client.publish(UP, b"")
        client.receive(b"\x40\x02" + number.to_bytes(2, "big"), 0)
        client.transmit(0)
    client.publish(UP, b"")
    assert client.transmit(0)[-2:] == b"\x00\x02"


def test_a_quiet_connection_pings_at_half_its_keepalive():
    client = an_accepted_client(1000)
    assert VECTORS["keepalive_ms"] == mqtt.KEEPALIVE_MS == 20_000
    assert client.transmit(10_999) == b""
    assert client.transmit(11_000) == unhexlify(VECTORS["ping"])
    assert client.transmit(20_999) == b""
    client.receive(b"\xd0\x00", 20_999)
    assert client.transmit(21_000) == unhexlify(VECTORS["ping"])


def test_what_is_sent_puts_off_the_ping():
    client = an_accepted_client()
    client.publish(UP, b"x")
    assert client.transmit(9000)
    assert client.transmit(18_999) == b"" and client.transmit(19_000) == unhexlify(VECTORS["ping"])


def test_a_silent_broker_is_noticed_after_the_keepalive():
    for client in (a_client(500), an_accepted_client(500)):
        client.transmit(10_500)
        assert not refuses(client.transmit, 20_500) and refuses(client.transmit, 20_501)


def test_what_does_not_fit_a_string_is_refused():
    assert refuses(mqtt.encode_connect, "n", b"p" * 65536, STATUS, b"")
    assert refuses(an_accepted_client().publish, "t" * 65536, b"")
