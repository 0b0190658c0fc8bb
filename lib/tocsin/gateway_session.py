"""The gateway's end of the link, without any I/O: hello, push, acknowledge, resend (docs/link.md, "A session").

Role in the flow: stage 8. Shared: yes (the host's tests drive it). Context: task.
Time and random bytes are arguments; records come from a `RecordSource`, which is the journal on a gateway. Several
sessions over several links may share one journal and one hello.
"""

from . import messages
from .backoff import backoff_ms
from .errors import SessionError
from .framing import DELIMITER, FrameReader, encode_frame
from .send_window import SendWindow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .send_window import RecordSource

# Before the back-off: on a noisy line a hello and its welcome get through one time in three.
_EARLY_HELLOS_MS = (250, 500)
TIME_ASK_EVERY_MS = 600_000
# An answer older than this says little about the time now: half of it is the possible error.
TIME_ANSWER_WITHIN_MS = 2000
# A flood of pings between two transmissions must not fill the heap.
_REPLIES_MAX = 4
# Whoever heard an update can say it again, and a begin after data is on record: after so many the nonce has served.
_BEGINS_MAX = 8

# What receive() reports.
TIME = "time"  # (TIME, UTC in ms now, possible error in ms)
COMMAND = "command"  # (COMMAND, counter, code, argument, payload)
FORGED_COMMAND = "forged command"  # (FORGED_COMMAND, counter claimed, code claimed)
REFUSED = "refused"  # (REFUSED, reason)
UPDATE = "update"  # (UPDATE, body without its tag): a piece of a bundle (docs/update.md)
SERVICE = "service"  # (SERVICE, body): somebody knocks (service_door.py)


class GatewaySession:
    """The protocol state of one link. `hello` is kept up to date here; `random(n)` gives n fresh bytes.

    `damaged_count`: frames dropped since the start, damaged on the way or with a wrong seal. No property: in a class
    that has one, MicroPython takes ten times as long to set anything.
    """

    def __init__(
        self,
        hello: "messages.Hello",
        link_key: bytes,
        records: "RecordSource",
        random: "Callable[[int], bytes]",
    ) -> None:
        self.is_up = False
        self.damaged_count = 0
        self.hello = hello
        self._link_key = link_key
        self._records = records
        self._window = SendWindow(records)
        self._random = random
        self._nonce = random(messages.NONCE_BYTES)
        self._reader = FrameReader()
        self._wrong_tags = 0
        self._replies: list[bytes] = []
        self._session_key = b""
        self._host_frame_number = 0
        self._time_ask_at_ms = 0
        self._hello_attempt = 0
        self._hello_at_ms = 0
        self._fresh_line = True
        self._begin_count = 0
        self._has_data = False
        self._update_key = b""  # of the present nonce, once it was asked for

    def receive(self, data: bytes, now_ms: int) -> "list[tuple[object, ...]]":
        """Take bytes from the host; return what they mean as tuples (see the constants above), in order."""
        events: list[tuple[object, ...]] = []
        for body in self._reader.receive(data):
            try:
                event = self._take(body, now_ms)
            except SessionError:
                self._wrong_tags += 1
                continue
            if event is not None:
                events.append(event)
        self.damaged_count = self._reader.damaged_count + self._wrong_tags
        return events

    def transmit(self, now_ms: int) -> bytes:
        """The bytes to send now, at most some 2 KB; to be called again until it gives b""."""
        bodies, self._replies = self._replies, []
        if self.is_up and self._window.is_over(now_ms):
            self._end_session()
        if self.is_up:
            bodies += self._window.take(now_ms)
            # Behind all records: what is still to be sent delays the answer, and half of that is the clock's error.
            if not bodies and now_ms >= self._time_ask_at_ms:
                self._time_ask_at_ms = now_ms + TIME_ASK_EVERY_MS
                bodies.append(messages.encode_time_ask(now_ms))
        elif now_ms >= self._hello_at_ms:
            bodies.append(self._say_hello(now_ms))
        frames = b"".join([encode_frame(body) for body in bodies])
        if frames and self._fresh_line:
            self._fresh_line = False
            return DELIMITER + frames
        return frames

    def wait_ms(self, now_ms: int) -> int:
        """How long transmit() can wait for something to come or to be recorded."""
        return max(0, self._window.wait_ms(now_ms) if self.is_up else self._hello_at_ms - now_ms)

    def seal_update(self, state: bytes) -> bytes:
        """The frame of an *update state*, for a host that knows this session."""
        return encode_frame(messages.sealed(self._key_of_updates(), state))

    def line_lost(self) -> None:
        """The cable or connection is gone: start over with a hello when it is back."""
        self._end_session(self._begin_count > 0)
        self._reader.restart()
        self._replies = []
        self._fresh_line = True

    def _take(self, body: bytes, now_ms: int) -> "tuple[object, ...] | None":
        kind = body[0]
        if kind == messages.WHO:
            self._end_session()
        elif kind == messages.WELCOME:
            self._open_session(body, now_ms)
        elif kind == messages.ACK:
            next_seq, from_seq, has = messages.decode_ack(self._checked(body))
            self._window.acknowledge(next_seq, from_seq, has, now_ms)
        elif kind == messages.TIME:
            return _time_event(self._checked(body), now_ms)
        elif kind == messages.COMMAND:
            return self._command_event(body)
        elif kind == messages.PING:
            if len(self._replies) < _REPLIES_MAX:
                self._replies.append(bytes((messages.PONG,)) + body[1:9])
        elif kind in (messages.SERVICE_ASK, messages.SERVICE_OPEN):
            return (SERVICE, body)
        elif kind in (messages.UPDATE_BEGIN, messages.UPDATE_DATA):
            if not messages.is_sealed(self._key_of_updates(), body):
                raise SessionError("piece of an update with a wrong tag")
            if kind == messages.UPDATE_DATA:
                self._has_data = True
            elif self._has_data or not self._begin_count:
                self._has_data = False
                self._begin_count += 1
                if self._begin_count > _BEGINS_MAX:
                    self._end_session(True)
                    return None
            return (UPDATE, body[: -messages.TAG_BYTES])
        elif kind == messages.REFUSED:
            return (REFUSED, body[1] if len(body) > 1 else 0)
        return None

    def _key_of_updates(self) -> bytes:
        """A bundle comes in a thousand pieces."""
        if not self._update_key:
            self._update_key = messages.update_key(self._link_key, self._nonce)
        return self._update_key

    def _open_session(self, body: bytes, now_ms: int) -> None:
        wire_version, _, next_seq, host_nonce = messages.decode_welcome(body)
        key = messages.session_key(self._link_key, self._nonce, host_nonce)
        if wire_version != messages.WIRE_VERSION or not messages.is_sealed(key, body):
            raise SessionError("welcome with a wrong seal or version")
        if self.is_up:
            # The answer to a hello that was repeated while the first answer was on its way.
            return
        self.is_up = True
        self._session_key = key
        self._host_frame_number = 0
        self._window.open(next_seq, key, now_ms)
        self._time_ask_at_ms = now_ms

    def _checked(self, body: bytes) -> bytes:
        """`body`, if it belongs to this session and is newer than what came before."""
        if not self.is_up or not messages.is_sealed(self._session_key, body):
            raise SessionError("frame with a wrong tag")
        number = messages.frame_number(body)
        if number <= self._host_frame_number:
            raise SessionError("frame repeated")
        self._host_frame_number = number
        return body

    def _command_event(self, body: bytes) -> "tuple[object, ...]":
        counter, code, argument, payload = messages.decode_command(body)
        if not messages.is_sealed(self._link_key, body):
            self._wrong_tags += 1
            return (FORGED_COMMAND, counter, code)
        return (COMMAND, counter, code, argument, payload)

    def _say_hello(self, now_ms: int) -> bytes:
        attempt = self._hello_attempt
        early = len(_EARLY_HELLOS_MS)
        self._hello_at_ms = now_ms + (_EARLY_HELLOS_MS[attempt] if attempt < early else backoff_ms(attempt - early))
        self._hello_attempt += 1
        hello = self.hello
        hello.oldest_seq = self._records.oldest_seq()
        hello.next_seq = self._records.next_seq
        hello.nonce = self._nonce
        return hello.encode(self._link_key)

    def _end_session(self, is_spent: bool = False) -> None:
        if self.is_up or is_spent:
            # A nonce serves one session: a welcome or a begin of an update that was recorded must not serve the next.
            self._nonce = self._random(messages.NONCE_BYTES)
            self._update_key = b""
            self._begin_count = 0
            self._has_data = False
        self.is_up = False
        self._hello_attempt = 0
        self._hello_at_ms = 0


def _time_event(body: bytes, now_ms: int) -> "tuple[object, ...] | None":
    asked_ms, utc_ms = messages.decode_time(body)
    round_trip_ms = now_ms - asked_ms
    if not 0 <= round_trip_ms <= TIME_ANSWER_WITHIN_MS:
        return None
    # Both clocks are read to the millisecond below.
    return (TIME, utc_ms + round_trip_ms // 2, (round_trip_ms + 1) // 2 + 1)
