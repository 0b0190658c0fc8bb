"""The host's end of the link, without any I/O: one object for each open port (docs/link.md, "A session").

Role in the flow: stage 9. Shared: yes (the gateway's tests drive it). Context: task or thread.
Storing and verifying are the collector's; this only speaks the protocol. Random bytes are arguments.
"""

from . import host_messages, messages
from .errors import SessionError
from .framing import DELIMITER, FrameReader, encode_frame

# What receive() reports.
HELLO = "hello"  # (HELLO, Hello, body): check the seal with messages.is_sealed(link_key, body)
RECORD = "record"  # (RECORD, record, mac of the one before or None)
TIME_ASK = "time ask"  # (TIME_ASK, uptime in ms)
GONE = "gone"  # (GONE, first, last): these records will never come; of this session, sealed by the gateway
PONG = "pong"  # (PONG, bytes)
UPDATE_STATE = "update state"  # (UPDATE_STATE, status, offset): of this session, sealed by the gateway
# A ping is answered when everything before it has been dealt with, so the collector does it: (PING, bytes).
PING = "ping"


class HostSession:
    """Protocol state of one port. Methods that answer return the bytes to write."""

    def __init__(self) -> None:
        self.is_up = False
        self._reader = FrameReader()
        self._malformed = 0
        self._gateway_nonce = b""
        self._welcome = b""
        self._link_key = b""
        self._session_key = b""
        self._number = 0

    @property
    def damaged_count(self) -> int:
        """Frames dropped since the port was opened."""
        return self._reader.damaged_count + self._malformed

    def receive(self, data: bytes) -> "list[tuple[object, ...]]":
        """Take bytes from the gateway; return what they mean as tuples (see the constants above), in order."""
        events: list[tuple[object, ...]] = []
        for body in self._reader.receive(data):
            try:
                event = self._take(body)
            except SessionError:
                self._malformed += 1
                continue
            if event is not None:
                events.append(event)
        return events

    def who(self) -> bytes:
        """Ask the gateway to say hello. Sent on a freshly opened port, and when something comes outside a session."""
        self.is_up = False
        return DELIMITER + encode_frame(bytes((messages.WHO,)))

    def is_open_for(self, hello: "messages.Hello") -> bool:
        """Whether `hello` asks for the session that is open: it was on its way together with the welcome."""
        return self.is_up and hello.nonce == self._gateway_nonce

    def welcome_again(self) -> bytes:
        """The welcome of the open session once more; another one would make the gateway's key a different one."""
        return self._welcome

    def welcome(self, hello: "messages.Hello", link_key: bytes, lib_hash: bytes, next_seq: int, nonce: bytes) -> bytes:
        """Open the session that `hello` asked for; `next_seq` is the lowest seq not stored."""
        self.is_up = True
        self._gateway_nonce = hello.nonce
        self._link_key = link_key
        self._session_key = messages.session_key(link_key, hello.nonce, nonce)
        self._number = 0
        self._welcome = encode_frame(host_messages.encode_welcome(self._session_key, lib_hash, next_seq, nonce))
        return self._welcome

    def ack(self, next_seq: int, from_seq: int, has: int) -> bytes:
        """Everything below `next_seq` is stored; bit i of `has`: record `from_seq` + i came too."""
        return encode_frame(host_messages.encode_ack(self._session_key, self._next_number(), next_seq, from_seq, has))

    def time(self, asked_uptime_ms: int, utc_ms: int) -> bytes:
        """Answer a time ask."""
        return encode_frame(host_messages.encode_time(self._session_key, self._next_number(), asked_uptime_ms, utc_ms))

    def command(self, counter: int, code: int, argument: int, payload: bytes = b"") -> bytes:
        """Order something; `counter` must be above every one used before."""
        return encode_frame(host_messages.encode_command(self._link_key, counter, code, argument, payload))

    def update_key(self) -> bytes:
        """Under which the open session passes an update on (docs/update.md, "The transfer")."""
        return messages.update_key(self._link_key, self._gateway_nonce)

    def refuse(self, reason: int) -> bytes:
        """Tell the gateway why there is no session."""
        self.is_up = False
        return encode_frame(bytes((messages.REFUSED, reason)))

    def pong(self, data: bytes) -> bytes:
        """Answer a ping."""
        return encode_frame(bytes((messages.PONG,)) + data[:8])

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _take(self, body: bytes) -> "tuple[object, ...] | None":
        kind = body[0]
        if kind == messages.HELLO:
            return (HELLO, host_messages.decode_hello(body), body)
        if kind == messages.RECORD:
            record, previous_mac = host_messages.decode_record(body)
            return (RECORD, record, previous_mac)
        if kind == messages.TIME_ASK:
            return (TIME_ASK, host_messages.decode_time_ask(body))
        if kind == messages.GONE:
            first, last = host_messages.decode_gone(body)
            if not self.is_up or not messages.is_sealed(self._session_key, body):
                raise SessionError("gone with a wrong tag")
            return (GONE, first, last)
        if kind == messages.PING:
            return (PING, body[1:9])
        if kind == messages.PONG:
            return (PONG, body[1:9])
        if kind == messages.UPDATE_STATE:
            if not self.is_up:
                raise SessionError("update state outside a session")
            status, at = host_messages.decode_update_state(self.update_key(), body)
            return (UPDATE_STATE, status, at)
        return None
