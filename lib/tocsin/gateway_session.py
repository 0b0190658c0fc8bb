"""The gateway's end of the link, without any I/O: hello, push, acknowledge, resend (docs/link.md, "A session").

Role in the flow: stage 8. Shared: yes (the host's tests drive it). Context: task.
Time and random bytes are arguments; records come from a `RecordSource`, which is the journal on a gateway.
"""

from . import messages
from .backoff import backoff_ms
from .errors import SessionError
from .framing import DELIMITER, FrameReader, encode_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class RecordSource(Protocol):
        """Where records come from: on a gateway, the journal. It may have holes, and may be empty."""

        @property
        def oldest_seq(self) -> int: ...
        @property
        def next_seq(self) -> int: ...
        # The lowest seq kept that is not below `seq`; `next_seq` when there is none.
        def first_from(self, seq: int) -> int: ...
        def read(self, seq: int) -> bytes: ...
        def mac_before(self, seq: int) -> bytes: ...


WINDOW_RECORDS = 32
RESEND_AFTER_MS = 2000
TRIES_BEFORE_NEW_SESSION = 3
TIME_ASK_EVERY_MS = 600_000
# An answer older than this says little about the time now: half of it is the possible error.
TIME_ANSWER_WITHIN_MS = 2000
# A flood of pings between two transmissions must not fill the heap.
_REPLIES_MAX = 4

# What receive() reports.
ACKED = "acked"  # (ACKED, next seq): all below is stored on the host
TIME = "time"  # (TIME, UTC in ms now, possible error in ms)
COMMAND = "command"  # (COMMAND, counter, code, argument)
FORGED_COMMAND = "forged command"  # (FORGED_COMMAND, counter claimed, code claimed)
REFUSED = "refused"  # (REFUSED, reason)


class GatewaySession:
    """One gateway's protocol state. `hello` is kept up to date here; `random(n)` gives n fresh bytes."""

    def __init__(
        self,
        hello: "messages.Hello",
        link_key: bytes,
        records: "RecordSource",
        random: "Callable[[int], bytes]",
    ) -> None:
        self.is_up = False
        self.hello = hello
        self._link_key = link_key
        self._records = records
        self._random = random
        self._reader = FrameReader()
        self._wrong_tags = 0
        self._replies: list[bytes] = []
        self._session_key = b""
        self._host_frame_number = 0
        self._acked_seq = 0
        self._sent_seq = 0
        self._tries = 0
        self._resent = False
        self._resend_at_ms = 0
        self._time_ask_at_ms = 0
        self._hello_attempt = 0
        self._hello_at_ms = 0
        self._fresh_line = True

    @property
    def damaged_count(self) -> int:
        """Frames dropped since the start: damaged on the way, or with a wrong seal."""
        return self._reader.damaged_count + self._wrong_tags

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
        return events

    def transmit(self, now_ms: int) -> bytes:
        """The bytes to send now; b"" when there is nothing. Bounded by the window."""
        bodies, self._replies = self._replies, []
        if self.is_up:
            self._watch_progress(now_ms)
        if self.is_up:
            self._push(bodies, now_ms)
        elif now_ms >= self._hello_at_ms:
            bodies.append(self._say_hello(now_ms))
        frames = b"".join([encode_frame(body) for body in bodies])
        if frames and self._fresh_line:
            self._fresh_line = False
            return DELIMITER + frames
        return frames

    def line_lost(self) -> None:
        """The cable or connection is gone: start over with a hello when it is back."""
        self._end_session()
        self._reader.restart()
        self._replies = []
        self._fresh_line = True

    def _take(self, body: bytes, now_ms: int) -> "tuple[object, ...] | None":
        kind = body[0]
        if kind == messages.WHO:
            self._end_session()
        elif kind == messages.WELCOME:
            return self._open_session(body, now_ms)
        elif kind == messages.ACK:
            return self._acknowledge(self._checked(body), now_ms)
        elif kind == messages.TIME:
            return _time_event(self._checked(body), now_ms)
        elif kind == messages.COMMAND:
            return self._command_event(body)
        elif kind == messages.PING:
            if len(self._replies) < _REPLIES_MAX:
                self._replies.append(bytes((messages.PONG,)) + body[1:9])
        elif kind == messages.REFUSED:
            return (REFUSED, body[1] if len(body) > 1 else 0)
        return None

    def _open_session(self, body: bytes, now_ms: int) -> "tuple[object, ...] | None":
        wire_version, _, next_seq, host_nonce = messages.decode_welcome(body)
        key = messages.session_key(self._link_key, self.hello.nonce, host_nonce)
        if wire_version != messages.WIRE_VERSION or not messages.is_sealed(key, body):
            raise SessionError("welcome with a wrong seal or version")
        if self.is_up:
            # The answer to a hello that was repeated while the first answer was on its way.
            return None
        self.is_up = True
        self._session_key = key
        self._host_frame_number = 0
        self._acked_seq = self._sent_seq = min(next_seq, self._records.next_seq)
        self._tries = 0
        self._resent = False
        self._time_ask_at_ms = now_ms
        return (ACKED, self._acked_seq)

    def _checked(self, body: bytes) -> bytes:
        """`body`, if it belongs to this session and is newer than what came before."""
        if not self.is_up or not messages.is_sealed(self._session_key, body):
            raise SessionError("frame with a wrong tag")
        number = messages.frame_number(body)
        if number <= self._host_frame_number:
            raise SessionError("frame repeated")
        self._host_frame_number = number
        return body

    def _acknowledge(self, body: bytes, now_ms: int) -> "tuple[object, ...]":
        next_seq, resend = messages.decode_ack(body)
        next_seq = min(next_seq, self._records.next_seq)
        if next_seq > self._acked_seq:
            self._acked_seq = next_seq
            self._sent_seq = max(self._sent_seq, next_seq)
            self._tries = 0
            self._resent = False
            self._resend_at_ms = now_ms + RESEND_AFTER_MS
        if resend and not self._resent:
            # Once until there is progress: a record that the host can never take must not go round at the line's speed.
            self._resent = True
            self._sent_seq = self._acked_seq
        return (ACKED, self._acked_seq)

    def _command_event(self, body: bytes) -> "tuple[object, ...]":
        counter, code, argument = messages.decode_command(body)
        if not messages.is_sealed(self._link_key, body):
            self._wrong_tags += 1
            return (FORGED_COMMAND, counter, code)
        return (COMMAND, counter, code, argument)

    def _watch_progress(self, now_ms: int) -> None:
        if self._sent_seq == self._acked_seq or now_ms < self._resend_at_ms:
            return
        self._tries += 1
        if self._tries >= TRIES_BEFORE_NEW_SESSION:
            self._end_session()
        else:
            self._sent_seq = self._acked_seq

    def _push(self, bodies: "list[bytes]", now_ms: int) -> None:
        records = self._records
        if self._sent_seq == self._acked_seq:
            self._resend_at_ms = now_ms + RESEND_AFTER_MS
        end = min(records.next_seq, max(self._acked_seq, records.oldest_seq) + WINDOW_RECORDS)
        while self._sent_seq < end:
            seq = records.first_from(self._sent_seq)
            if seq >= records.next_seq:
                break
            # Where records are gone for good, the next one brings the mac that the host needs to prove it.
            previous_mac = records.mac_before(seq) if seq > self._sent_seq else None
            bodies.append(messages.encode_record(records.read(seq), previous_mac))
            self._sent_seq = seq + 1
        if now_ms >= self._time_ask_at_ms:
            self._time_ask_at_ms = now_ms + TIME_ASK_EVERY_MS
            bodies.append(messages.encode_time_ask(now_ms))

    def _say_hello(self, now_ms: int) -> bytes:
        self._hello_at_ms = now_ms + backoff_ms(self._hello_attempt)
        self._hello_attempt += 1
        hello = self.hello
        hello.oldest_seq = self._records.oldest_seq
        hello.next_seq = self._records.next_seq
        return hello.encode(self._link_key)

    def _end_session(self) -> None:
        if self.is_up:
            # A nonce serves one session: a welcome recorded from it must not open the next.
            self.hello.nonce = self._random(messages.NONCE_BYTES)
        self.is_up = False
        self._hello_attempt = 0
        self._hello_at_ms = 0


def _time_event(body: bytes, now_ms: int) -> "tuple[object, ...] | None":
    asked_ms, utc_ms = messages.decode_time(body)
    round_trip_ms = now_ms - asked_ms
    if not 0 <= round_trip_ms <= TIME_ANSWER_WITHIN_MS:
        return None
    return (TIME, utc_ms + round_trip_ms // 2, (round_trip_ms + 1) // 2)
