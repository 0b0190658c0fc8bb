"""A bundle arrives whole over any line: what is lost, late or out of order, and whoever restarts, costs time only."""

import random
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st
from tocsin import host_messages, messages
from tocsin.bundle_head import RECEIVING, TAKEN
from tocsin.errors import SessionError
from tocsin.framing import FrameReader, encode_frame
from tocsin_host.update_transfer import PIECE_BYTES, WINDOW_BYTES, Transfer

STEP_MS = 50
PIECE_OF_MQTT_BYTES = 1024


class Gateway:
    """Takes a bundle as docs/update.md says, over sessions with keys of their own. It is right when its hash is."""

    def __init__(self, bundle: bytes) -> None:
        self.digest, self.got, self.size, self.status = sha256(bundle).digest(), b"", 0, 9
        self.key = b""
        self.begun_count = 0

    def restart(self) -> None:
        if self.status != TAKEN:
            self.got, self.size, self.status = b"", 0, 9

    def take(self, frames: bytes) -> bytes:
        bodies = [body for body in FrameReader().receive(frames) if messages.is_sealed(self.key, body)]
        for body in bodies:
            number, data = int.from_bytes(body[1:5], "little"), body[5:-8]
            if body[0] == messages.UPDATE_BEGIN:
                if self.status != TAKEN:
                    self.got, self.size, self.status = b"", number, RECEIVING
                    self.begun_count += 1
            elif self.status == RECEIVING and number == len(self.got):
                self.got += data
                if len(self.got) == self.size:
                    self.status = TAKEN if sha256(self.got).digest() == self.digest else 6
        state = bytes((messages.UPDATE_STATE, self.status)) + len(self.got).to_bytes(4, "little")
        return encode_frame(messages.sealed(self.key, state)) if bodies else b""


class Line:
    """The two ends and what is between them; each message takes `delay_ms`, or more where some overtake it."""

    def __init__(self, source: random.Random, size: int, delay_ms: int) -> None:
        self.source, self.delay_ms = source, delay_ms
        self.bundle = source.randbytes(size)
        self.gateway = Gateway(self.bundle)
        self.loss = self.lateness = 0.0
        self.now_ms = 0
        self.messages: list[tuple[int, str, bytes]] = []
        self.sent_bytes = 0
        self.restart_host()

    def restart_host(self) -> None:
        """A collector that knows nothing of the one before."""
        self.transfer = Transfer(self.bundle)
        self.new_session()

    def new_session(self) -> None:
        """What was on its way may still arrive, under the key of before."""
        self.gateway.key = self.source.randbytes(32)
        self.transfer.connect(self.gateway.key, self.now_ms)

    def restart_gateway(self) -> None:
        self.gateway.restart()
        self.new_session()

    def _put(self, end: str, data: bytes) -> None:
        if data and self.source.random() >= self.loss:
            late_ms = self.source.randrange(3000) if self.source.random() < self.lateness else 0
            self.messages.append((self.now_ms + self.delay_ms + late_ms, end, data))

    def step(self) -> None:
        self.now_ms += STEP_MS
        here = [message for message in self.messages if message[0] <= self.now_ms]
        self.messages = [message for message in self.messages if message[0] > self.now_ms]
        for _, end, data in here:
            if end == "gateway":
                self._put("host", self.gateway.take(data))
            else:
                self._hear(data)
        data = self.transfer.transmit(self.now_ms)
        assert len(data) <= PIECE_OF_MQTT_BYTES
        self.sent_bytes += len(data)
        self._put("gateway", data)

    def _hear(self, data: bytes) -> None:
        for body in FrameReader().receive(data):
            try:
                self.transfer.hear(*host_messages.decode_update_state(self.gateway.key, body), self.now_ms)
            except SessionError:
                continue  # of the session before

    def settle(self) -> None:
        """The line is good again, and all that may still come late is through."""
        self.loss = self.lateness = 0.0
        for _ in range(100_000 // STEP_MS):
            if self.transfer.status != RECEIVING:
                break
            self.step()


@settings(max_examples=150, deadline=None)
@given(
    source=st.randoms(use_true_random=False),
    size=st.integers(1, 12_000),
    delay_ms=st.sampled_from([0, 50, 400]),
    loss=st.sampled_from([0.0, 0.1, 0.5]),
    lateness=st.sampled_from([0.0, 0.3]),
    events=st.lists(st.sampled_from(["host", "gateway", "session", "wait", "wait"]), max_size=8),
)
def test_a_bundle_arrives_whole_whatever_happens(
    source: random.Random, size: int, delay_ms: int, loss: float, lateness: float, events: list[str]
) -> None:
    line = Line(source, size, delay_ms)
    line.loss, line.lateness = loss, lateness
    for event in events:
        for _ in range(source.randrange(60)):
            line.step()
        {
            "host": line.restart_host,
            "gateway": line.restart_gateway,
            "session": line.new_session,
            "wait": lambda: None,
        }[event]()
    line.settle()
    assert line.transfer.status == TAKEN
    assert line.gateway.got == line.bundle
    assert line.transfer.tries <= 1 + len(events)


@given(st.integers(WINDOW_BYTES, 50_000), st.integers(0, 40))
def test_on_a_good_line_nothing_is_said_twice(size: int, delay_steps: int) -> None:
    delay_ms = min(delay_steps * STEP_MS, 450)
    line = Line(random.Random(1), size, delay_ms)
    line.settle()
    assert line.transfer.status == TAKEN
    assert line.gateway.begun_count == 1
    assert line.sent_bytes < size * 1.2 + 100


def test_a_slow_line_is_learnt_and_not_flooded() -> None:
    line = Line(random.Random(1), 20_000, 1500)
    line.settle()
    assert line.transfer.status == TAKEN
    assert line.sent_bytes < 2 * 20_000


def test_a_new_session_goes_on_where_the_gateway_is() -> None:
    line = Line(random.Random(1), 10_000, 0)
    while line.transfer.at < 5000:
        line.step()
    line.new_session()
    line.settle()
    assert line.transfer.status == TAKEN
    assert line.gateway.begun_count == 1
    assert line.sent_bytes < 10_000 * 1.2 + 2 * PIECE_OF_MQTT_BYTES


def test_a_gateway_that_restarted_gets_all_of_it_again() -> None:
    line = Line(random.Random(1), 10_000, 0)
    while line.transfer.at < 5000:
        line.step()
    line.restart_gateway()
    line.settle()
    assert line.gateway.got == line.bundle
    assert line.gateway.begun_count == 2


def test_tries_count_sessions_that_bring_it_no_further() -> None:
    line = Line(random.Random(1), 10_000, 0)
    for count in range(1, 4):
        assert line.transfer.tries == count
        line.new_session()
    for _ in range(3):
        line.step()
    assert line.transfer.tries == 0
    for count in range(3):  # it never gets beyond this point: a session and a beginning each time
        while line.transfer.at < 3000:
            line.step()
        assert line.transfer.tries == 2 * count
        line.restart_gateway()
        while line.transfer.at:
            line.step()


def test_what_a_gateway_says_of_another_bundle_is_no_progress() -> None:
    transfer = Transfer(bytes(5000))
    transfer.connect(bytes(32), 0)
    transfer.hear(RECEIVING, 2000, 10)
    assert (transfer.at, transfer.tries) == (0, 1)
    transfer.hear(RECEIVING, 0, 20)
    assert len(transfer.transmit(20)) > WINDOW_BYTES
    transfer.hear(RECEIVING, 4000, 30)
    assert (transfer.at, transfer.tries) == (0, 1)
    assert transfer.transmit(30)[1:2] == bytes((messages.UPDATE_BEGIN,))
    transfer.hear(RECEIVING, 256, 40)  # late: it was said before this beginning
    assert (transfer.at, transfer.transmit(40)) == (0, b"")


def test_a_gateway_that_is_slow_is_not_buried_in_repetitions() -> None:
    """It takes 4 s for each frame, in order, as an emulated one does on a busy machine: repetitions cost everybody."""
    bundle = random.Random(1).randbytes(12_000)
    gateway, transfer = Gateway(bundle), Transfer(bundle)
    gateway.key = bytes(32)
    transfer.connect(gateway.key, 0)
    waiting: list[bytes] = []
    free_at_ms = sent = 0
    for now_ms in range(0, 1_200_000, 250):
        frames = transfer.transmit(now_ms)
        while frames:
            frame, _, frames = frames.partition(b"\0")
            waiting.append(frame + b"\0")
            sent += 1
        if waiting and now_ms >= free_at_ms:
            free_at_ms = now_ms + 4000
            for body in FrameReader().receive(gateway.take(waiting.pop(0))):
                transfer.hear(*host_messages.decode_update_state(gateway.key, body), now_ms)
        if transfer.status == TAKEN:
            break
    assert transfer.status == TAKEN
    assert sent <= 1.5 * len(bundle) / PIECE_BYTES
