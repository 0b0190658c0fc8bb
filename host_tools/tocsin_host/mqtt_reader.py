"""A broker of MQTT: every gateway behind it is a port that comes and goes (docs/mqtt.md).

Role in the flow: stage 9's ears, beside `port_reader`. Context: host, two threads for each broker.
"""

import os
import ssl
import threading
from pathlib import Path
from queue import Full, Queue
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from .broker_passwords import HOST_USER
from .port_reader import PortEvent

PIECE_MAX_BYTES = 4096
DEFAULT_PORT = 8883
_KEEPALIVE_S = 20
_LOOK_S = 0.1
# A broker that is back should be heard within seconds.
_RECONNECT_S = 1.0
# What waits for a broker that takes nothing; the link sends again what is dropped.
_OUTGOING_MESSAGES = 1000
_IN_FLIGHT_MESSAGES = 100
# Gateways without keys here that are told of; more would be somebody's game.
_STRANGERS_TOLD = 20

_UNKNOWN_ISSUER = "name its authority, or the certificate itself, with --mqtt-ca FILE"
# By OpenSSL's X509_V_ERR_ numbers.
_CERTIFICATE_MENDS = {
    9: "set this computer's clock, or wait until it becomes valid",
    10: "renew it at the broker, and name the new one in the site, or set this computer's clock",
    18: _UNKNOWN_ISSUER,
    19: _UNKNOWN_ISSUER,
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    62: "connect to a name that stands in it",
    64: "connect to an address that stands in it",
}


class Broker(NamedTuple):
    """Where a broker is, and as whom to connect. `ca`: file of what may vouch for its certificate."""

    host: str
    port: int
    user: str
    password: str
    ca: Path | None

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"mqtts://{self.host}:{self.port}"


def parse_url(url: str) -> tuple[str, int, str]:
    """(host, port, user) of `mqtts://[user@]host[:port]`. Raises: ValueError saying what to write instead."""
    parts = urlsplit(url)
    if parts.scheme != "mqtts":
        raise ValueError(f"{url}: write mqtts://USER@HOST:PORT; without TLS anyone on the network could be the broker")
    if parts.password is not None:
        raise ValueError("a password on the command line is seen by everyone on this computer; put it into a file")
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{url}: write mqtts://USER@HOST:PORT")
    return parts.hostname, parts.port or DEFAULT_PORT, parts.username or HOST_USER


class MqttReader(threading.Thread):
    """Keeps a connection to one broker; puts PortEvents into `queue`, which it waits for when that is full."""

    def __init__(self, broker: Broker, gateways: frozenset[str], queue: "Queue[PortEvent]") -> None:
        """`gateways` are the names that there are keys for. Raises: OSError for a CA file that cannot be used."""
        super().__init__(name=f"broker {broker.name}", daemon=True)
        self._broker = broker
        self._gateways = gateways
        self._queue = queue
        self._context = ssl.create_default_context(cafile=broker.ca)
        self._stopping = threading.Event()
        self._open: set[str] = set()
        self._strangers: set[str] = set()
        self._is_up = False
        self._end = ""

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopping.set()

    def run(self) -> None:
        """The thread: connect, listen until it breaks, wait, again. Says once why a broker cannot be reached."""
        told = ""
        while not self._stopping.is_set():
            reason = self._use()
            for name in sorted(self._open):
                self._lose(name, "the broker is gone")
            if self._is_up or reason != told:
                told = reason
                self._put(PortEvent(self._broker.name, "lost", detail=reason))
            self._stopping.wait(_RECONNECT_S)

    def _use(self) -> str:
        """One connection, from its first step to its end; return why it ended."""
        self._is_up, self._end = False, ""
        client = self._client()
        try:
            client.connect(self._broker.host, self._broker.port, _KEEPALIVE_S)
        except OSError as error:
            return _connection_text(error)
        # A thread of paho's own reads and writes from here on: TLS cannot bear two.
        client.loop_start()
        while not self._end and not self._stopping.is_set():
            self._stopping.wait(_LOOK_S)
        client.disconnect()
        client.loop_stop()
        return self._end

    def _client(self) -> paho.Client:
        """A new one for each connection: nothing of a broken one is sent in the next."""
        name = f"{self._broker.user}-{os.urandom(4).hex()}"
        client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=True, protocol=paho.MQTTv311)
        client.username_pw_set(self._broker.user, self._broker.password)
        client.tls_set_context(self._context)
        client.max_inflight_messages_set(_IN_FLIGHT_MESSAGES)
        client.max_queued_messages_set(_OUTGOING_MESSAGES)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(self, client: paho.Client, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            who = f"user {self._broker.user!r}"
            self._end = f"the broker refuses {who}: {reason}; compare its password file with --mqtt-password-file"
            return
        self._is_up = True
        self._put(PortEvent(self._broker.name, "open"))
        client.subscribe([("tocsin/+/up", 1), ("tocsin/+/status", 1)])

    def _on_disconnect(self, client: paho.Client, _user: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        self._end = self._end or "the connection was lost"
        client.disconnect()  # else it would connect again by itself, and never say why it cannot

    def _on_message(self, client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        _, name, end = message.topic.split("/")
        if name not in self._gateways:
            self._tell_stranger(name)
        elif end == "status" and message.payload != b"online":
            self._lose(name, "the broker says that it is offline")
        elif end == "status" or not message.retain:  # a retained piece is of a session long over
            self._find(client, name)
            if end == "up" and 0 < len(message.payload) <= PIECE_MAX_BYTES:
                self._put(PortEvent(_port(name), "data", bytes(message.payload)))

    def _find(self, client: paho.Client, name: str) -> None:
        """Open the port of a gateway that shows itself."""
        if name not in self._open:
            self._open.add(name)
            topic = f"tocsin/{name}/down"
            self._put(PortEvent(_port(name), "open", write=lambda data: _publish(client, topic, data)))

    def _lose(self, name: str, reason: str) -> None:
        if name in self._open:
            self._open.remove(name)
            self._put(PortEvent(_port(name), "lost", detail=reason))

    def _tell_stranger(self, name: str) -> None:
        if name not in self._strangers and len(self._strangers) < _STRANGERS_TOLD:
            self._strangers.add(name)
            detail = "no keys here for a gateway of this name; provision it, or forbid it at the broker"
            self._put(PortEvent(_port(name), "lost", detail=detail))

    def _put(self, event: PortEvent) -> None:
        while not self._stopping.is_set():
            try:
                self._queue.put(event, timeout=_LOOK_S)
            except Full:
                continue
            return


def _port(gateway: str) -> str:
    return f"mqtt:{gateway}"


def _publish(client: paho.Client, topic: str, data: bytes) -> None:
    """Frames to a gateway. Dropped when too many wait, or the connection is over: the link misses them."""
    if client.is_connected():
        client.publish(topic, data, qos=1)


def _connection_text(error: OSError) -> str:
    """Why there is no connection, and how to mend it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        mend = _CERTIFICATE_MENDS.get(error.verify_code, "look at it with: openssl s_client -connect HOST:PORT")
        return f"the broker's certificate is refused: {error.verify_message}; {mend}"
    if isinstance(error, ssl.SSLError | ConnectionResetError):
        return f"no TLS with the broker: {error.strerror or error}; is this its TLS port?"
    if isinstance(error, TimeoutError):
        return "nothing answers in time; is the address right, and is this its TLS port?"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there; is the broker running?"
    return str(error)
