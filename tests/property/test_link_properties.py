"""The link over any line: what is cut, lost or damaged on the way changes when records arrive, never which."""

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tocsin import host_session, messages
from tocsin.chain import ChainVerifier
from tocsin.framing import FrameReader, encode_frame
from tocsin.gateway_session import GatewaySession
from tocsin.host_session import HostSession
from tocsin.record import mac_of
from tocsin.seal import Sealer

K0, LINK_KEY, LIB_HASH = bytes(range(32)), bytes(range(50, 82)), bytes(8)
STEP_MS = 250

# Noise, right frames, delimiters and cut frames, in any order.
PIECES = st.one_of(
    st.binary(max_size=400),
    st.binary(min_size=1, max_size=160).map(encode_frame),
    st.just(b"\0"),
    st.binary(min_size=5, max_size=160).map(lambda body: encode_frame(body)[:-4]),
    st.integers(160, 170).map(lambda length: b"\x55" * length),
)


@given(st.lists(PIECES, max_size=8).map(b"".join), st.lists(st.integers(1, 200), min_size=1, max_size=5))
def test_any_cutting_of_a_stream_gives_the_same_bodies_and_count(stream: bytes, lengths: list[int]) -> None:
    whole, pieces = FrameReader(), FrameReader()
    expected = whole.receive(stream)
    found: list[bytes] = []
    for length in itertools.cycle(lengths):
        if not stream:
            break
        found += pieces.receive(stream[:length])
        stream = stream[length:]
    assert (found, pieces.damaged_count) == (expected, whole.damaged_count)


@given(st.lists(PIECES, max_size=8).map(b"".join))
def test_what_follows_any_noise_and_a_delimiter_arrives(noise: bytes) -> None:
    reader = FrameReader()
    reader.receive(noise)
    count = reader.damaged_count
    assert reader.receive(b"\0" + encode_frame(b"after"))[-1:] == [b"after"]
    assert reader.damaged_count - count <= 1


@given(st.lists(PIECES, max_size=8).map(b"".join))
def test_no_bytes_break_either_end_or_pass_for_the_other(noise: bytes) -> None:
    line = Line(random.Random(1), 0, 0)
    line.host.receive(noise)
    assert [event for event in line.gateway.receive(noise, 0) if event[0] in ("acked", "command", "time")] == []
    assert not line.gateway.is_up


class Records:
    """Sealed records in a dict; the oldest ones may go."""

    def __init__(self) -> None:
        self.sealer = Sealer(K0)
        self.kept: dict[int, bytes] = {}
        self.sealed: dict[int, bytes] = {}

    @property
    def oldest_seq(self) -> int:
        return min(self.kept, default=self.sealer.seq)

    @property
    def next_seq(self) -> int:
        return self.sealer.seq

    def make(self) -> None:
        seq = self.sealer.seq
        self.kept[seq] = self.sealed[seq] = self.sealer.seal(6, 255, 0, 1, seq, 0, 0, 0)

    def first_from(self, seq: int) -> int:
        return min((kept for kept in self.kept if kept >= seq), default=self.sealer.seq)

    def read(self, seq: int) -> bytes:
        return self.kept[seq]

    def mac_before(self, seq: int) -> bytes:
        return mac_of(self.sealed[seq - 1])


class Line:
    """Both ends and a byte pipe between them that loses and damages chunks; no byte overtakes another.

    `stored` is what the host has, in the order in which it came.
    """

    def __init__(self, source: random.Random, loss: float, damage: float) -> None:
        self.source = source
        self.loss, self.damage = loss, damage
        self.records = Records()
        hello = messages.Hello("gallery", bytes(8), LIB_HASH, 1, 0, 0, 0, source.randbytes(8))
        self.gateway = GatewaySession(hello, LINK_KEY, self.records, source.randbytes)
        self.stored: dict[int, bytes] = {}
        self.verifier = ChainVerifier(K0)
        self.now_ms = 0
        self.to_host = self.to_gateway = b""
        self.connect()

    def connect(self) -> None:
        """The cable is put in; the host's end knows nothing of the sessions before."""
        self.gateway.line_lost()
        self.host = HostSession()
        self.to_host, self.to_gateway = b"", self.host.who()

    def _carry(self, data: bytes) -> bytes:
        """What comes out at the other end."""
        out = bytearray()
        while data:
            length = self.source.randint(1, 300)
            chunk, data = bytearray(data[:length]), data[length:]
            if self.source.random() < self.loss:
                del chunk[self.source.randrange(len(chunk)) :]
            if chunk and self.source.random() < self.damage:
                chunk[self.source.randrange(len(chunk))] ^= 1 << self.source.randrange(8)
            out += chunk
        return bytes(out)

    def step(self) -> None:
        """A quarter of a second passes."""
        self.now_ms += STEP_MS
        self.gateway.receive(self._carry(self.to_gateway), self.now_ms)
        self.to_host = self.gateway.transmit(self.now_ms)
        self.to_gateway = b""
        self._listen(self._carry(self.to_host))

    def _listen(self, data: bytes) -> None:
        came = resend = False
        for event in self.host.receive(data):
            if event[0] == host_session.HELLO:
                self._welcome(event[1], event[2])  # type: ignore[arg-type]
            elif not self.host.is_up:
                self.to_gateway += self.host.who()
            elif event[0] == host_session.RECORD:
                came = True
                resend |= self._store(event[1], event[2])  # type: ignore[arg-type]
            elif event[0] == host_session.TIME_ASK:
                self.to_gateway += self.host.time(event[1], 1)  # type: ignore[arg-type]
        if came and self.host.is_up:
            self.to_gateway += self.host.ack(self.verifier.next_seq, resend)

    def _welcome(self, hello: messages.Hello, body: bytes) -> None:
        assert messages.is_sealed(LINK_KEY, body)
        if self.host.is_open_for(hello):
            self.to_gateway += self.host.welcome_again()
        else:
            nonce = self.source.randbytes(8)
            self.to_gateway += self.host.welcome(hello, LINK_KEY, LIB_HASH, self.verifier.next_seq, nonce)

    def _store(self, record: bytes, previous_mac: bytes | None) -> bool:
        """Whether it has to be sent again."""
        verdict = self.verifier.accept(record, previous_mac)
        assert verdict in ("verified", "gap", "duplicate?", "out-of-order")
        if verdict in ("verified", "gap"):
            seq = self.verifier.next_seq - 1
            assert seq not in self.stored
            self.stored[seq] = record
        return verdict == "out-of-order"


@settings(max_examples=40)
@given(
    seed=st.integers(0, 1 << 32),
    loss=st.sampled_from([0.0, 0.02, 0.2]),
    damage=st.sampled_from([0.0, 0.02, 0.2]),
    reconnect=st.sampled_from([0.0, 0.01, 0.05]),
)
def test_every_record_arrives_once_and_in_order_over_a_bad_line(
    seed: int, loss: float, damage: float, reconnect: float
) -> None:
    source = random.Random(seed)
    line = Line(source, loss, damage)
    for _ in range(400):
        for _ in range(source.choice((0, 0, 0, 1, 5))):
            line.records.make()
        if source.random() < reconnect:
            line.connect()
        line.step()
    line.loss = line.damage = 0.0
    steps = 0
    while line.stored != line.records.sealed:
        line.step()
        steps += 1
        assert steps < 30_000 // STEP_MS + len(line.records.sealed)
    assert list(line.stored) == list(range(line.records.next_seq))


@settings(max_examples=25)
@given(seed=st.integers(0, 1 << 32), damage=st.sampled_from([0.0, 0.1]))
def test_what_a_small_journal_dropped_is_a_named_gap_and_nothing_else(seed: int, damage: float) -> None:
    source = random.Random(seed)
    line = Line(source, 0.0, damage)
    missing: set[int] = set()
    for _ in range(300):
        for _ in range(source.choice((0, 1, 9))):
            line.records.make()
        while len(line.records.kept) > 60:
            del line.records.kept[min(line.records.kept)]
        before = line.verifier.next_seq
        line.step()
        came = range(before, line.verifier.next_seq)
        missing |= {seq for seq in came if seq not in line.stored}
    line.damage = 0.0
    for _ in range(60_000 // STEP_MS):
        line.step()
    assert set(line.stored) | missing >= set(range(line.records.oldest_seq))
    assert all(line.stored[seq] == line.records.sealed[seq] for seq in line.stored)
    assert set(line.records.kept) <= set(line.stored)
    assert list(line.stored) == sorted(line.stored)
