"""The second link: frames through an MQTT broker, over TLS with a pinned certificate (docs/mqtt.md).

Role in the flow: stage 8. Context: task. Imported only where the site has a network.

Nothing here waits in one step for the network; what does hold up the loop is the radio's start and the arithmetic of a
TLS handshake, about a second each (docs/mqtt.md, "What it costs the gateway").
It must never: tell the broker anything before its certificate is known to be right.
"""

import asyncio
import gc
from binascii import unhexlify
from hashlib import sha256

import tls
from tocsin import mqtt
from tocsin.backoff import backoff_ms
from tocsin.errors import MqttError
from tocsin.event import TROUBLE_CERTIFICATE, TROUBLE_NETWORK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hal import Beat, Hal
    from .recorder import Recorder

# A network that is back must be in use within 5 s, so the pause stays well short of that.
PAUSE_MAX_MS = 2000
# One that says no costs a whole handshake at each attempt, and a person to change its mind.
PAUSE_REFUSED_MS = 60_000
# From the start of an attempt until the broker has granted everything.
CONNECT_WITHIN_MS = 30_000
# A trouble is told at once, but not twice within a minute, and hourly while it lasts: a weekend's outage must not push
# alarms out of the journal.
TELL_EVERY_MS = 60_000
TELL_LASTING_EVERY_MS = 3_600_000

TICK_MS = 1000
_PIECE_MAX_BYTES = 1024
_UNREAD_MAX_BYTES = 2 * _PIECE_MAX_BYTES
_READ_BYTES = 512
_JOIN_POLL_MS = 200


class MqttLink:
    """See `hal.Link`; `run` is its task."""

    def __init__(self, hal: "Hal", network: "dict[str, Any]", gateway: str, recorder: "Recorder") -> None:
        """`network` as the configuration has it; `gateway` is the name."""
        self._hal = hal
        self._network = network
        self._gateway = gateway
        self._recorder = recorder
        self._certificates = [unhexlify(text) for text in network["certificates"]]
        self._arrived = asyncio.Event()
        self._outgoing = asyncio.Event()
        self._in = b""
        self._client: "mqtt.MqttClient | None" = None
        self._talking: "asyncio.Task[None] | None" = None
        self._is_open = False
        self._trouble = TROUBLE_NETWORK
        self._is_refused = False
        self._failures = 0
        self._told_at_ms = -TELL_EVERY_MS
        self._told = 0

    def read(self) -> bytes:
        """Bytes from the host, b"" when none came."""
        data, self._in = self._in, b""
        return data

    def write(self, data: bytes) -> None:
        """Bytes to the host; dropped when the broker takes no more."""
        if self._is_open and self._client.publish(self._topic("up"), data):
            self._outgoing.set()

    def is_open(self) -> bool:
        """Whether the broker takes pieces."""
        return self._is_open

    async def wait(self, timeout_ms: int) -> None:
        """Until bytes came, or the time is over."""
        self._arrived.clear()
        if not self._in:
            await _wait(self._arrived, timeout_ms)

    async def run(self, beat: "Beat") -> None:
        """The task: connect, and connect again."""
        attempt = 0
        while True:
            was_open = await self._attempt(beat)
            attempt = 0 if was_open else attempt + 1
            self._tell(was_open)
            pause_ms = PAUSE_REFUSED_MS if self._is_refused else min(PAUSE_MAX_MS, backoff_ms(attempt))
            for _ in range(pause_ms // TICK_MS):
                beat()
                await asyncio.sleep_ms(TICK_MS)

    async def _attempt(self, beat: "Beat") -> bool:
        """One connection, from its first step to its end; whether it was ever open."""
        self._trouble, self._is_refused = TROUBLE_NETWORK, False
        started_ms = self._now_ms()
        was_open = False
        self._talking = asyncio.create_task(self._talk())
        try:
            while not self._talking.done():
                beat()
                await asyncio.sleep_ms(TICK_MS)
                was_open = was_open or self._is_open
                if not was_open and self._now_ms() - started_ms > CONNECT_WITHIN_MS:
                    self._talking.cancel()
        finally:
            self._talking.cancel()
        return was_open

    async def _talk(self) -> None:
        """The life of one connection. Ends without an error: asyncio would print it on the console, which is a link."""
        network = self._network
        try:
            while not self._hal.join(network["ssid"], self._secret("wifi.key").decode()):
                await asyncio.sleep_ms(_JOIN_POLL_MS)
            gc.collect()  # TLS wants 16 KiB in one piece; it also closes what an attempt that was broken off left open
            reader, writer = await asyncio.open_connection(network["broker"], network["port"], ssl=self._context())
            try:
                await self._speak(reader, writer)
            finally:
                self._is_open = False
                await writer.wait_closed()  # MicroPython's close() closes nothing
        except (OSError, ValueError, MemoryError, MqttError):
            return

    async def _speak(self, reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        connect = mqtt.encode_connect(self._gateway, self._secret("broker.key"), self._topic("status"), b"offline")
        client = self._client = mqtt.MqttClient(connect, self._now_ms())
        await self._flush(writer)  # the handshake is in here, and the CONNECT only goes out when that is over
        sender = asyncio.create_task(self._send(writer))
        try:
            while data := await reader.read(_READ_BYTES):
                for event in client.receive(data, self._now_ms()):
                    self._act(event)
                self._outgoing.set()
        finally:
            sender.cancel()

    async def _send(self, writer: "asyncio.StreamWriter") -> None:
        try:
            while True:
                self._outgoing.clear()
                await self._flush(writer)
                await _wait(self._outgoing, TICK_MS)
        except (OSError, MqttError):
            self._talking.cancel()

    async def _flush(self, writer: "asyncio.StreamWriter") -> None:
        # Each write to its end before the next begins: TLS takes a write after one that had to wait for its repetition.
        data = self._client.transmit(self._now_ms())
        if data:
            writer.write(data)
            await writer.drain()

    def _act(self, event: "tuple[Any, ...]") -> None:
        kind = event[0]
        if kind == mqtt.CONNECTED:
            self._client.subscribe(self._topic("down"))
        elif kind == mqtt.SUBSCRIBED and event[1]:
            self._client.publish(self._topic("status"), b"online", retain=True)
            self._is_open = True
        elif kind == mqtt.MESSAGE:
            piece = event[2]
            if len(piece) <= _PIECE_MAX_BYTES and len(self._in) + len(piece) <= _UNREAD_MAX_BYTES:
                self._in += piece
                self._arrived.set()
        elif kind != mqtt.TOO_LONG:
            self._is_refused = kind != mqtt.BROKEN
            raise MqttError("the broker refuses, or breaks the protocol")

    def _context(self) -> "tls.SSLContext":
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        # Not CERT_REQUIRED: authorities, names and dates count nothing here, the fingerprint everything.
        context.verify_mode = tls.CERT_OPTIONAL  # type: ignore[attr-defined]  # missing in the stubs
        context.verify_callback = self._judge  # type: ignore[attr-defined]
        return context

    def _judge(self, certificate: bytes, depth: int) -> int:
        """TLS asks for each certificate of the broker's chain; anything but 0 ends the handshake."""
        if depth == 0 and sha256(certificate).digest() not in self._certificates:
            self._trouble, self._is_refused = TROUBLE_CERTIFICATE, True
            return -1
        return 0

    def _tell(self, was_open: bool) -> None:
        """Record that a connection failed or ended, unless it was told lately."""
        now_ms = self._now_ms()
        self._failures += 1
        is_same = self._trouble == self._told and not was_open
        if now_ms - self._told_at_ms >= (TELL_LASTING_EVERY_MS if is_same else TELL_EVERY_MS):
            self._recorder.trouble(self._trouble, self._failures)
            self._told, self._told_at_ms, self._failures = self._trouble, now_ms, 0

    def _topic(self, end: str) -> str:
        return "tocsin/%s/%s" % (self._gateway, end)

    def _secret(self, name: str) -> bytes:
        with open(self._hal.storage + "/keys/" + name, "rb") as file:
            return file.read()

    def _now_ms(self) -> int:
        return self._hal.sampler.count()


async def _wait(event: "asyncio.Event", timeout_ms: int) -> None:
    try:
        await asyncio.wait_for_ms(event.wait(), timeout_ms)
    except asyncio.TimeoutError:
        return
