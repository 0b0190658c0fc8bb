"""The link over any line: what is cut, lost or damaged on the way changes when records arrive, never which."""

import itertools
import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tocsin import messages
from tocsin.errors import JournalError
from tocsin.event import TYPE_ALARM, TYPE_HEARTBEAT
from tocsin.framing import FrameReader, encode_frame
from tocsin.gateway_session import GatewaySession
from tocsin.record import mac_of
from tocsin.seal import Sealer, key_id
from tocsin.send_window import URGENT_MAX
from tocsin_host.collector import Collector
from tocsin_host.gateway_record import GatewayRecord
from tocsin_host.keys import GatewaySecrets
from tocsin_host.store import Store, StoredFinding, StoredRecord

SECRETS = GatewaySecrets("gallery", bytes(range(32)), bytes(range(50, 82)))
LIB_HASH = bytes(8)
STEP_MS = 25

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
    line = Line(random.Random(1))
    line.collector.receive("usb", noise)
    session = line.sessions["usb"]
    assert [event for event in session.receive(noise, 0) if event[0] in ("command", "time")] == []
    assert not session.is_up
    assert line.records.acked_seq == 0
    line.close()


# Where a commit costs no disk: what survives a collector is what these tests are about, not what survives a power cut.
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


class Records:
    """Sealed records in a dict; the oldest ones may go. Every ninth is an alarm."""

    def __init__(self) -> None:
        self.sealer = Sealer(SECRETS.k0)
        self.kept: dict[int, bytes] = {}
        self.sealed: dict[int, bytes] = {}
        self.acked_seq = 0

    def oldest_seq(self) -> int:
        return min(self.kept, default=self.sealer.seq)

    @property
    def next_seq(self) -> int:
        return self.sealer.seq

    def make(self, count: int = 1) -> None:
        for _ in range(count):
            seq = self.sealer.seq
            kind = TYPE_HEARTBEAT if seq % 9 else TYPE_ALARM
            self.kept[seq] = self.sealed[seq] = self.sealer.seal(kind, 255, 0, 1, seq, 0, 0, 0)

    def keep(self, count: int) -> None:
        """Only the latest `count` stay."""
        while len(self.kept) > count:
            del self.kept[min(self.kept)]

    def first_from(self, seq: int) -> int:
        return min((kept for kept in self.kept if kept >= seq), default=self.sealer.seq)

    def read(self, seq: int) -> bytes:
        if seq not in self.kept:
            raise JournalError(f"record {seq} is gone")
        return self.kept[seq]

    def mac_before(self, seq: int) -> bytes:
        return mac_of(self.sealed[seq - 1]) if seq else bytes(16)


class Line:
    """A gateway and the real collector; between them byte pipes that lose and damage. No byte overtakes another."""

    def __init__(self, source: random.Random, ports: tuple[str, ...] = ("usb",)) -> None:
        self.source = source
        self.loss = self.damage = 0.0
        self.records = Records()
        self.folder = TemporaryDirectory(dir=MEMORY)
        self.store = Store(self.folder.name)
        self.now_ms = 0
        self.ports = ports
        self.to_gateway: dict[str, bytes] = {}
        self.power_on()
        self.start_collector()

    def close(self) -> None:
        """Remove the store."""
        self.store.close()
        self.folder.cleanup()

    def rows(self) -> dict[int, StoredRecord]:
        """What is stored, and each number once."""
        rows = list(self.store.records("gallery"))
        assert len({row.seq for row in rows}) == self.store.size()
        return {row.seq: row for row in rows}

    def found(self) -> list[StoredFinding]:
        """What was found, but for a gateway that a slow machine did not hear for a while."""
        return [finding for finding in self.store.findings() if finding.kind not in ("silent", "heard again")]

    def power_on(self) -> None:
        """The gateway starts: what it knew of its sessions is gone, the journal is not."""
        self.records.acked_seq = 0
        hello = messages.Hello("gallery", key_id(SECRETS.k0), LIB_HASH, 1, 0, 0, 0, b"")
        self.sessions = {
            port: GatewaySession(hello, SECRETS.link_key, self.records, self.source.randbytes) for port in self.ports
        }

    def start_collector(self) -> None:
        """A collector starts; of the one before, only what it committed is left."""
        utc = lambda: 1_790_000_000_000 + self.now_ms  # noqa: E731
        self.collector = Collector(self.store, {"gallery": SECRETS}, LIB_HASH, utc, lambda event: None)
        for port in self.ports:
            self.connect(port)

    def connect(self, port: str) -> None:
        """The cable is put in."""
        self.sessions[port].line_lost()
        self.to_gateway[port] = b""
        self.collector.opened(port, lambda data: self._answer(port, data))

    def _answer(self, port: str, data: bytes) -> None:
        self.to_gateway[port] += data

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
        """Some milliseconds pass."""
        self.now_ms += STEP_MS
        for port, session in self.sessions.items():
            told, self.to_gateway[port] = self.to_gateway[port], b""
            session.receive(self._carry(told), self.now_ms)
            said = b"".join(iter(lambda session=session: session.transmit(self.now_ms), b""))  # type: ignore[misc]
            assert len(said) < 100 * 64
            window = session._window
            assert window._sent_seq - window._base <= messages.WINDOW_RECORDS
            assert len(window._urgent) <= URGENT_MAX
            self.collector.receive(port, self._carry(said))
            if self.source.random() < 0.9:
                self.collector.flush()
        record: GatewayRecord = self.collector._gateways["gallery"]
        assert len(record._held) < messages.WINDOW_RECORDS

    def settle(self) -> None:
        """The line is good again: until all that is kept is stored."""
        self.loss = self.damage = 0.0
        steps = 0
        while self.records.acked_seq < self.records.next_seq:
            self.step()
            steps += 1
            assert steps < 30_000 // STEP_MS + len(self.records.kept)


RATES = st.sampled_from([0.0, 0.02, 0.2])


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1 << 32),
    loss=RATES,
    damage=RATES,
    mishap=st.sampled_from([0.0, 0.01, 0.05]),
    ports=st.sampled_from([("usb",), ("usb", "mqtt")]),
)
def test_every_record_is_stored_once_whatever_happens_to_line_collector_and_gateway(
    seed: int, loss: float, damage: float, mishap: float, ports: tuple[str, ...]
) -> None:
    source = random.Random(seed)
    line = Line(source, ports)
    line.loss, line.damage = loss, damage
    line.records.make(source.choice((0, 0, 400)))
    for _ in range(400):
        line.records.make(source.choice((0, 0, 0, 1, 5)))
        if source.random() < mishap:
            source.choice((line.power_on, line.start_collector, lambda: line.connect(source.choice(ports))))()
        line.step()
    line.settle()
    assert {seq: row.record for seq, row in line.rows().items()} == line.records.sealed
    assert line.found() == []
    line.close()


@settings(max_examples=40)
@given(seed=st.integers(0, 1 << 32), damage=RATES, mishap=st.sampled_from([0.0, 0.03]))
def test_what_a_small_journal_dropped_is_a_named_gap_and_nothing_else(seed: int, damage: float, mishap: float) -> None:
    source = random.Random(seed)
    line = Line(source)
    line.damage = damage
    for _ in range(300):
        line.records.make(source.choice((0, 1, 9)))
        line.records.keep(60)
        if source.random() < mishap:
            source.choice((line.power_on, line.start_collector, lambda: line.connect("usb")))()
        line.step()
    line.settle()
    rows, found = line.rows(), line.found()
    line.close()
    assert all(row.record == line.records.sealed[seq] for seq, row in rows.items())
    assert set(line.records.kept) <= set(rows)
    missing = set(range(line.records.next_seq)) - set(rows)
    assert {finding.kind for finding in found} <= {"gap"}
    named = {seq for finding in found for seq in _range_of(finding.detail)}
    assert missing <= named
    assert all(rows[finding.seq].prev_mac is not None for finding in found)


def _range_of(detail: str) -> range:
    """The numbers in "records 3 to 7 are missing"."""
    words = detail.split()
    return range(int(words[1]), int(words[3]) + 1)


@settings(max_examples=40)
@given(seed=st.integers(0, 1 << 32), damage=RATES)
def test_an_alarm_behind_a_backlog_is_stored_before_the_backlog(seed: int, damage: float) -> None:
    line = Line(random.Random(seed))
    line.records.make(1000)
    line.step()
    line.step()
    line.damage = damage
    while line.records.next_seq % 9:
        line.records.make()
    alarm_seq = line.records.next_seq
    line.records.make()
    made_ms = line.now_ms
    while line.store.record("gallery", alarm_seq) is None:
        line.step()
    assert line.found() == []
    assert line.records.acked_seq < alarm_seq - 500
    assert line.now_ms - made_ms <= (5 * STEP_MS if not damage else 2000)
    line.settle()
    assert line.found() == []
    assert sorted(line.rows()) == list(range(line.records.next_seq))
    line.close()
