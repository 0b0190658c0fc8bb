"""MQTT 3.1.1, the client's end, without any I/O: connect, publish, subscribe, stay alive (docs/mqtt.md).

Role in the flow: stage 8, below the session. Shared: yes (the host's tests drive it). Context: task.
One object serves one connection; time is an argument. Clean sessions, QoS 0 and 1. A publish is sent once: on one
connection TCP loses nothing, and what a connection takes with it the link's own acknowledgements find missing.
Source: OASIS MQTT Version 3.1.1; chapters in comments are its.
"""

from .errors import MqttError

# The longest packet taken in: more than one piece of the link (docs/mqtt.md). The cap keeps a broker that sends
# anything else from filling the heap.
PACKET_MAX_BYTES = 2048
# Publishes that the broker has not acknowledged; one that takes no more must not fill the heap either.
IN_FLIGHT_MAX = 16
KEEPALIVE_MS = 20_000

# What receive() reports.
CONNECTED = "connected"  # (CONNECTED,)
REFUSED = "refused"  # (REFUSED, return code of the CONNACK)
SUBSCRIBED = "subscribed"  # (SUBSCRIBED, whether the broker granted it)
MESSAGE = "message"  # (MESSAGE, topic, payload), both bytes
TOO_LONG = "too long"  # (TOO_LONG, bytes): a packet above PACKET_MAX_BYTES was skipped
BROKEN = "broken"  # (BROKEN, reason): the broker broke the protocol

# First bytes of packets, flags included (2.2).
_CONNECT = 0x10
_CONNACK = 0x20
_PUBLISH = 0x30
_PUBACK = 0x40
_SUBSCRIBE = 0x82
_SUBACK = 0x90
_PINGREQ = b"\xc0\x00"
_PINGRESP = 0xD0
_QOS_1 = 0x02
_RETAIN = 0x01
_DUP = 0x08
# User, password, will retained and at QoS 1, clean session (3.1.2.3).
_CONNECT_FLAGS = 0xEE
_SUBACK_FAILURE = 0x80


def encode_connect(name: str, password: bytes, status_topic: str, offline: bytes) -> bytes:
    """A CONNECT with a clean session; `name` is client identifier and user. When the connection ends without leave, the
    broker publishes `offline` on `status_topic`, retained. Raises: MqttError when a part does not fit.
    """
    head = b"\x00\x04MQTT\x04" + bytes((_CONNECT_FLAGS,)) + (KEEPALIVE_MS // 1000).to_bytes(2, "big")
    parts = (name.encode(), status_topic.encode(), offline, name.encode(), password)
    return _packet(_CONNECT, head + b"".join([_string(part) for part in parts]))


class MqttClient:
    """The state of one connection, from its CONNECT on."""

    def __init__(self, connect: bytes, now_ms: int) -> None:
        """`connect` is what `encode_connect` gave."""
        self.is_up = False
        self._outgoing = [connect]
        self._in_flight: set[int] = set()
        self._subscribe_id = -1
        self._last_id = 0
        self._sent_at_ms = self._heard_at_ms = now_ms
        self._partial = b""
        self._skip_bytes = 0
        self._is_broken = False

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> bool:
        """Send `payload` at QoS 1. False, and nothing is sent, while the broker owes too many acknowledgements.

        Raises: MqttError before the broker has accepted the connection.
        """
        self._must_be_up()
        if len(self._in_flight) >= IN_FLIGHT_MAX:
            return False
        number = self._next_id()
        self._in_flight.add(number)
        first = _PUBLISH | _QOS_1 | (_RETAIN if retain else 0)
        self._outgoing.append(_packet(first, _string(topic.encode()) + number.to_bytes(2, "big") + payload))
        return True

    def subscribe(self, topic: str) -> None:
        """Ask for one topic at QoS 1. Raises: MqttError before the broker has accepted the connection."""
        self._must_be_up()
        self._subscribe_id = self._next_id()
        body = self._subscribe_id.to_bytes(2, "big") + _string(topic.encode()) + b"\x01"
        self._outgoing.append(_packet(_SUBSCRIBE, body))

    def transmit(self, now_ms: int) -> bytes:
        """The bytes to send now; a ping when it is time for one. Raises: MqttError when the broker is silent."""
        if now_ms - self._heard_at_ms > KEEPALIVE_MS:
            raise MqttError("nothing heard from the broker for %d ms" % (now_ms - self._heard_at_ms))
        if not self._outgoing and self.is_up and now_ms - self._sent_at_ms >= KEEPALIVE_MS // 2:
            self._outgoing.append(_PINGREQ)
        if not self._outgoing:
            return b""
        data = b"".join(self._outgoing)
        self._outgoing = []
        self._sent_at_ms = now_ms
        return data

    def receive(self, data: bytes, now_ms: int) -> "list[tuple[object, ...]]":
        """Take bytes from the broker; return what they mean as tuples (see the constants above), in order.

        After BROKEN the connection is of no more use, and nothing more is taken.
        """
        events: list[tuple[object, ...]] = []
        self._heard_at_ms = now_ms
        if not self._is_broken:
            self._partial += data
            try:
                self._take_all(events)
            except MqttError as error:
                self._is_broken = True
                events.append((BROKEN, str(error)))
        return events

    def _take_all(self, events: "list[tuple[object, ...]]") -> None:
        while True:
            skipped_bytes = min(self._skip_bytes, len(self._partial))
            self._skip_bytes -= skipped_bytes
            self._partial = self._partial[skipped_bytes:]
            start, body_bytes = _header(self._partial)
            end = start + body_bytes
            if body_bytes > PACKET_MAX_BYTES:
                self._skip_bytes = end
                events.append((TOO_LONG, body_bytes))
                continue
            if not start or end > len(self._partial):
                return
            first, body = self._partial[0], self._partial[start:end]
            self._partial = self._partial[end:]
            event = self._take(first, body)
            if event is not None:
                events.append(event)

    def _take(self, first: int, body: bytes) -> "tuple[object, ...] | None":
        if not self.is_up:
            return self._connack(first, body)
        if first & 0xF0 == _PUBLISH:
            return self._message(first, body)
        if first == _PUBACK:
            number = _number(body, 2)
            if number not in self._in_flight:
                raise MqttError("acknowledgement of publish %d, which is not under way" % number)
            self._in_flight.remove(number)
        elif first == _SUBACK:
            if _number(body, 3) != self._subscribe_id or body[2] not in (0, 1, 2, _SUBACK_FAILURE):
                raise MqttError("answer to a subscription that was not asked for")
            self._subscribe_id = -1
            return (SUBSCRIBED, body[2] != _SUBACK_FAILURE)
        elif first != _PINGRESP or body:
            raise MqttError("packet 0x%02x with %d bytes is none that a broker sends" % (first, len(body)))
        return None

    def _connack(self, first: int, body: bytes) -> "tuple[object, ...]":
        # The first byte says whether the broker kept a session: not for a clean one (3.2.2.2).
        if first != _CONNACK or len(body) != 2 or body[0] or body[1] > 5:
            raise MqttError("packet 0x%02x in answer to a CONNECT" % first)
        if body[1]:
            return (REFUSED, body[1])
        self.is_up = True
        return (CONNECTED,)

    def _message(self, first: int, body: bytes) -> "tuple[object, ...]":
        qos = first >> 1 & 3
        start = 2 + int.from_bytes(body[:2], "big")
        end = start + 2 * qos
        if qos > 1 or (first & _DUP and not qos) or start == 2 or len(body) < end:
            raise MqttError("malformed message 0x%02x of %d bytes" % (first, len(body)))
        if qos:
            if body[start:end] == b"\x00\x00":
                raise MqttError("message without a number")
            self._outgoing.append(_packet(_PUBACK, body[start:end]))
        return (MESSAGE, body[2:start], body[end:])

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._in_flight:
                return self._last_id

    def _must_be_up(self) -> None:
        if not self.is_up:
            raise MqttError("the broker has not accepted the connection yet")


def _header(data: bytes) -> "tuple[int, int]":
    """(where the body of the first packet begins, its length in bytes); (0, 0) while that is not known (2.2.3)."""
    length = 0
    for i in range(1, min(5, len(data))):
        length |= (data[i] & 0x7F) << 7 * (i - 1)
        if data[i] < 0x80:
            return i + 1, length
    if len(data) > 4:
        raise MqttError("packet of an endless length")
    return 0, 0


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    head = [first]
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


def _string(text: bytes) -> bytes:
    if len(text) > 0xFFFF:
        raise MqttError("%d bytes; a string of at most 65535 fits" % len(text))
    return len(text).to_bytes(2, "big") + text


def _number(body: bytes, length: int) -> int:
    if len(body) != length:
        raise MqttError("acknowledgement of %d bytes" % len(body))
    return int.from_bytes(body[:2], "big")
