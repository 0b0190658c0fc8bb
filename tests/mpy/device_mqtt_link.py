"""The second link's task in virtual time: how often it tries, what it tells, and that it never stops beating."""

import os
from binascii import hexlify
from hashlib import sha256

from support_virtual import CLOCK, FakeHal, Tape, asyncio, run_for
from tocsin.event import TROUBLE_CERTIFICATE, TROUBLE_NETWORK
from tocsin_fw.mqtt_link import MqttLink

SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000
STORAGE = "/tmp/tocsin-device-mqtt-link"
CERTIFICATE = b"the certificate of the broker"
PINS = [hexlify(sha256(text).digest()).decode() for text in (b"the next one", CERTIFICATE)]
NETWORK = {"ssid": "museum", "broker": "192.0.2.1", "port": 8883, "certificates": PINS}

CONNECT, PUBLISH, SUBSCRIBE, PING = 0x10, 0x30, 0x80, 0xC0  # upper half of a packet's first byte
ACCEPTED, REFUSED, GRANTED, DENIED = (
    b"\x20\x02\x00\x00",
    b"\x20\x02\x00\x05",
    b"\x90\x03\x00\x01\x01",
    b"\x90\x03\x00\x01\x80",
)
PONG = b"\xd0\x00"
GOOD = {CONNECT: ACCEPTED, SUBSCRIBE: GRANTED, PING: PONG}
ONLINE = b"\x33\x1f\x00\x15tocsin/gallery/status\x00\x02online"


class _Broker:
    """What `asyncio.open_connection` finds. It answers a packet with what `answers` has for its kind, if anything.

    `life_ms`: how long a connection lasts. Notes when it was asked, and what it was sent. A board has room for one
    connection, so the one before must be closed.
    """

    def __init__(self, answers, certificate=CERTIFICATE, life_ms=HOUR_MS * 24):
        self.answers = answers
        self.certificate = certificate
        self.life_ms = life_ms
        self.asked_ms = []
        self.sent = []
        self.open_count = 0

    async def open_connection(self, host, port, ssl):
        self.asked_ms.append(CLOCK.now_ms)
        assert (host, port) == ("192.0.2.1", 8883)
        # An authority above the certificate counts nothing.
        if ssl.verify_callback(b"an authority", 1) or ssl.verify_callback(self.certificate, 0):
            raise OSError("certificate verify failed")
        assert self.open_count == 0
        self.open_count += 1
        connection = _Connection(self)
        return connection, connection


class _Connection:
    """Reader and writer in one."""

    def __init__(self, broker):
        self._broker = broker
        self._ends_ms = CLOCK.now_ms + broker.life_ms
        self._owed = b""
        self._flag = asyncio.Event()

    def write(self, data):
        self._broker.sent.append(data)
        self._owed += self._broker.answers.get(data[0] & 0xF0, b"")
        if self._owed:
            self._flag.set()

    async def drain(self):
        await asyncio.sleep_ms(1)

    async def read(self, count):
        try:
            await asyncio.wait_for_ms(self._flag.wait(), max(0, self._ends_ms - CLOCK.now_ms))
        except asyncio.TimeoutError:
            return b""
        self._flag.clear()
        data, self._owed = self._owed, b""
        return data

    def close(self):
        """As MicroPython's: it closes nothing."""

    async def wait_closed(self):
        self._broker.open_count -= 1


class _Hal(FakeHal):
    def __init__(self, joins=True):
        FakeHal.__init__(self, STORAGE)
        self.joins = joins

    def join(self, ssid, password):
        assert (ssid, password) == ("museum", "wireless secret")
        if self.joins is None:
            raise OSError(5)
        return self.joins


class _Beats:
    """The longest time without a beat."""

    def __init__(self):
        self.longest_ms = 0
        self._last_ms = CLOCK.now_ms

    def beat(self):
        self.longest_ms = max(self.longest_ms, CLOCK.now_ms - self._last_ms)
        self._last_ms = CLOCK.now_ms


def _play(duration_ms, broker, joins=True):
    """Run a link that long: (troubles as (ms since the start, code, count), attempts in ms since the start)."""
    _lay_secrets()
    asyncio.open_connection = broker.open_connection
    tape, beats, start_ms = Tape(), _Beats(), CLOCK.now_ms
    link = MqttLink(_Hal(joins), NETWORK, "gallery", tape)
    run_for(duration_ms, link.run(beats.beat))
    assert beats.longest_ms <= SECOND_MS
    troubles = [(at_ms - start_ms, code, count) for at_ms, code, count in tape.troubles]
    return troubles, [at_ms - start_ms for at_ms in broker.asked_ms]


def _lay_secrets():
    for name in ("", "/keys"):
        try:
            os.mkdir(STORAGE + name)
        except OSError:
            pass  # from the test before
    for name, secret in (("wifi.key", "wireless secret"), ("broker.key", "broker secret")):
        with open(STORAGE + "/keys/" + name, "w") as file:
            file.write(secret)


def test_a_good_broker_is_connected_once_and_kept():
    broker = _Broker(GOOD)
    troubles, attempts = _play(HOUR_MS, broker)
    assert (troubles, attempts) == ([], [0])
    assert [data[0] for data in broker.sent[:3]] == [0x10, 0x82, 0x33]
    assert broker.sent[2] == ONLINE
    # A ping each 10 s, looked at once a second.
    assert set(broker.sent[3:]) == {b"\xc0\x00"}
    assert 320 <= len(broker.sent[3:]) <= 360


def test_a_network_out_of_reach_is_told_at_once_and_then_hourly():
    troubles, attempts = _play(2 * HOUR_MS + 10 * MINUTE_MS, _Broker(GOOD), joins=False)
    assert attempts == []
    assert [code for _, code, _ in troubles] == [TROUBLE_NETWORK] * 3
    # Given up after 30 s, tried again after 2 s: one that comes back is found.
    assert troubles[0] == (32 * SECOND_MS, TROUBLE_NETWORK, 1)
    assert troubles[1] == (3636 * SECOND_MS, TROUBLE_NETWORK, 106)


def test_a_radio_that_fails_is_told_like_a_network_out_of_reach():
    troubles, _ = _play(HOUR_MS + 10 * MINUTE_MS, _Broker(GOOD), joins=None)
    assert troubles == [(SECOND_MS, TROUBLE_NETWORK, 1), (3601 * SECOND_MS, TROUBLE_NETWORK, 1200)]


def test_a_broker_that_refuses_is_asked_once_a_minute():
    for answers in ({CONNECT: REFUSED}, {CONNECT: ACCEPTED, SUBSCRIBE: DENIED}):
        troubles, attempts = _play(HOUR_MS + 10 * MINUTE_MS, _Broker(answers))
        assert attempts[:3] == [0, 61 * SECOND_MS, 122 * SECOND_MS]
        assert troubles == [(SECOND_MS, TROUBLE_NETWORK, 1), (3661 * SECOND_MS, TROUBLE_NETWORK, 60)]


def test_another_certificate_is_told_as_such_and_the_broker_is_sent_nothing():
    broker = _Broker(GOOD, certificate=b"of somebody else")
    troubles, attempts = _play(HOUR_MS + 10 * MINUTE_MS, broker)
    assert broker.sent == []
    assert attempts[:3] == [0, 61 * SECOND_MS, 122 * SECOND_MS]
    assert troubles == [(SECOND_MS, TROUBLE_CERTIFICATE, 1), (3661 * SECOND_MS, TROUBLE_CERTIFICATE, 60)]


def test_a_broker_that_is_silent_is_given_up_and_tried_again():
    for answers in ({}, {CONNECT: ACCEPTED, SUBSCRIBE: GRANTED}):
        troubles, attempts = _play(2 * MINUTE_MS, _Broker(answers))
        assert 4 <= len(attempts) <= 6
        assert [code for _, code, _ in troubles] == [TROUBLE_NETWORK] * (1 if not answers else 2)


def test_a_broker_that_breaks_the_protocol_is_tried_again():
    troubles, attempts = _play(MINUTE_MS, _Broker({CONNECT: b"\x20\x02\x00\x09"}))
    assert len(attempts) == 20
    assert troubles == [(SECOND_MS, TROUBLE_NETWORK, 1)]


def test_a_connection_that_comes_and_goes_is_told_once_a_minute_with_the_count():
    troubles, attempts = _play(5 * MINUTE_MS, _Broker(GOOD, life_ms=5 * SECOND_MS))
    assert attempts[:3] == [0, 7 * SECOND_MS, 14 * SECOND_MS]
    assert troubles[:3] == [(at_s * SECOND_MS, TROUBLE_NETWORK, count) for at_s, count in ((6, 1), (69, 9), (132, 9))]
    assert len(troubles) == 5
