"""A gateway without a board, a collector without a port, and a PostgreSQL server, for tests of what stands between."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import pytest
from tocsin import messages
from tocsin.errors import JournalError
from tocsin.event import SOURCE_GATEWAY, TYPE_COMMAND, TYPE_HEARTBEAT
from tocsin.framing import FrameReader, encode_frame
from tocsin.gateway_session import COMMAND, GatewaySession
from tocsin.messages import Hello
from tocsin.record import mac_of
from tocsin.seal import Sealer, key_id
from tocsin_host.collector import Collector
from tocsin_host.finding_log import FindingLog
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.silence import SilenceWatch
from tocsin_host.store import Store, StoredRecord
from tocsin_host.update_courier import UpdateCourier


class SoftGateway:
    """Seals records, keeps them in a dict, and speaks the real protocol. `commands` are those it was given."""

    def __init__(self, name: str = "gallery", seed: int = 1) -> None:
        self.secrets = GatewaySecrets(name, bytes((seed,)) * 32, bytes((seed + 100,)) * 32)
        self.sealer = Sealer(self.secrets.k0)
        self.kept: dict[int, bytes] = {}
        self.macs = {-1: bytes(16)}
        self.commands: list[tuple[int, int, int]] = []
        self.nonces = 0
        self.acked_seq = 0
        self.hello = Hello(name, key_id(self.secrets.k0), bytes.fromhex(lib_hash()), 1, 0, 0, 0, b"")
        self.session = GatewaySession(self.hello, self.secrets.link_key, self, self._random)

    def clone(self) -> "SoftGateway":
        """The same box once more, as it is now."""
        sealer = Sealer(self.sealer.key(), self.sealer.seq, self.sealer.mac)
        return deepcopy(self, {id(self.sealer): sealer})

    def _random(self, count: int) -> bytes:
        self.nonces += 1
        return self.nonces.to_bytes(count, "little")

    def oldest_seq(self) -> int:
        return min(self.kept, default=self.sealer.seq)

    @property
    def next_seq(self) -> int:
        return self.sealer.seq

    def first_from(self, seq: int) -> int:
        return min((kept for kept in self.kept if kept >= seq), default=self.sealer.seq)

    def read(self, seq: int) -> bytes:
        if seq not in self.kept:
            raise JournalError(f"record {seq} is gone")
        return self.kept[seq]

    def mac_before(self, seq: int) -> bytes:
        return self.macs[seq - 1]

    def make(self, count: int, value: int = 0, kind: int = TYPE_HEARTBEAT, figure: int = 0) -> None:
        """Seal `count` records more."""
        for _ in range(count):
            seq = self.sealer.seq
            record = self.sealer.seal(kind, SOURCE_GATEWAY, 0, 1, 10_000 * seq, 0, value, figure)
            self.kept[seq], self.macs[seq] = record, mac_of(record)

    def carry_out(self) -> None:
        """Record that the last command was done."""
        counter, code, _ = self.commands[-1]
        self.make(1, code, TYPE_COMMAND, counter)

    def second_session(self) -> "SoftGateway":
        """The same gateway on another link."""
        other = copy(self)
        other.session = GatewaySession(self.hello, self.secrets.link_key, self, lambda count: bytes((9,)) * count)
        return other

    def lose(self, first: int, last: int) -> None:
        """The journal loses these records; what proves the next one stays."""
        for seq in range(first, last + 1):
            del self.kept[seq]

    def say(self, now_ms: int = 0) -> bytes:
        """All it has to say now."""
        return b"".join(iter(lambda: self.session.transmit(now_ms), b""))

    def hear(self, data: bytes, now_ms: int = 0) -> None:
        """Take what the host says."""
        for event in self.session.receive(data, now_ms):
            if event[0] == COMMAND:
                self.commands.append(event[1:4])  # type: ignore[arg-type]
                self.hello.command_counter = event[1]  # type: ignore[assignment]


class Desk:
    """A collector between a store and soft gateways. Every ack is checked against the store on its way out."""

    def __init__(self, store: Store, *gateways: Any, keys: Path | None = None) -> None:
        self.store = store
        self.events: list[dict[str, Any]] = []
        self.now_ms = 0
        self.said: dict[str, bytes] = {}
        secrets = {gateway.secrets.gateway: gateway.secrets for gateway in gateways}
        utc = lambda: 1_790_000_000_000 + self.now_ms  # noqa: E731
        silence = SilenceWatch(secrets, lambda: self.now_ms, 30_000)
        note = FindingLog(store, utc, self.events.append).note
        updates = UpdateCourier(keys, note, self.events.append, lambda: self.now_ms)
        self.collector = Collector(store, secrets, bytes.fromhex(lib_hash()), utc, self.events.append, silence, updates)
        self.names: dict[str, str] = {}
        for gateway in gateways:
            self.open(gateway.secrets.gateway)

    def open(self, name: str, port: str = "") -> None:
        port = port or name
        self.said[port], self.names[port] = b"", name
        self.collector.opened(port, lambda data: self._hear(port, data))

    def _hear(self, port: str, data: bytes) -> None:
        for body in FrameReader().receive(data):
            if body[0] == messages.ACK:
                stored = self.store.head(self.names[port])[0]
                next_seq, from_seq, has = messages.decode_ack(body)
                assert next_seq <= stored
                if from_seq > next_seq:  # ahead of the window: only what is stored
                    assert all(self.store.record(self.names[port], from_seq + i) for i in range(32) if has >> i & 1)
        self.said[port] += data

    def take(self, port: str) -> bytes:
        data, self.said[port] = self.said[port], b""
        return data

    def bodies(self, port: str) -> list[bytes]:
        return FrameReader().receive(self.take(port))

    def talk(self, gateway: Any, port: str = "") -> None:
        """Until neither has anything to say at this moment."""
        port = port or gateway.secrets.gateway
        while True:
            gateway.hear(self.take(port), self.now_ms)
            data = gateway.say(self.now_ms)
            if not data and not self.said[port]:
                return
            self.collector.receive(port, data)
            self.collector.flush()
            self.collector.updates.tick()

    def tell(self, port: str, *bodies: bytes) -> list[int]:
        """Types of the frames that answer these bodies."""
        self.take(port)
        self.collector.receive(port, b"".join(map(encode_frame, bodies)))
        self.collector.flush()
        return [body[0] for body in self.bodies(port)]

    def found(self) -> list[tuple[int, str]]:
        return [(finding.seq, finding.kind) for finding in self.store.findings()]

    def stored(self, name: str = "gallery") -> list[int]:
        return [row.seq for row in self.store.records(name)]

    def told(self, event: str) -> list[str]:
        return [one.get("detail", "") for one in self.events if one["event"] == event]


@pytest.fixture
def make_desk() -> Callable[..., Desk]:
    """Makes a Desk: `make_desk(store, *gateways, keys=folder of updates)`."""
    return Desk


@pytest.fixture
def soft_gateway() -> Callable[..., SoftGateway]:
    """Makes a SoftGateway: `soft_gateway(name, seed)`."""
    return SoftGateway


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, open."""
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def gateway() -> SoftGateway:
    """The gateway "gallery" with ten records."""
    made = SoftGateway()
    made.make(10)
    return made


@pytest.fixture
def rows_of() -> Callable[..., list[StoredRecord]]:
    """Makes sealed rows: `rows_of(gateway, count, first)`."""

    def make(gateway: str, count: int, first: int = 0) -> list[StoredRecord]:
        sealer = Sealer(bytes(32), first)
        seals = [sealer.seal(TYPE_HEARTBEAT, SOURCE_GATEWAY, 0, 1, n, 0, 0, 0) for n in range(count)]
        return [StoredRecord(gateway, first + n, seal, None, 1000 + n) for n, seal in enumerate(seals)]

    return make


def postgres_tool(name: str) -> str | None:
    """Path of a program of PostgreSQL's server; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].split(".")[0]))
    return shutil.which(name) or (str(found[-1]) if found else None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a throw-away PostgreSQL server behind a socket of its own; skips where there is none to start."""
    initdb, pg_ctl = postgres_tool("initdb"), postgres_tool("pg_ctl")
    if not initdb or not pg_ctl:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    as_user = []
    if os.getuid() == 0:  # the server refuses to run as root
        user = "postgres"
        as_user = ["runuser", "-u", user, "--"]
    folder = tempfile.mkdtemp(prefix="tocsin-pg-")
    if as_user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    try:
        run(initdb, "-D", f"{folder}/data", "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses= -c unix_socket_directories={folder}"
        run(pg_ctl, "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", options, "-w", "start")
        try:
            yield f"postgresql:///postgres?host={folder}&user=tocsin"
        finally:
            run(pg_ctl, "-D", f"{folder}/data", "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_program() -> Callable[[str], str]:
    """Path of one of PostgreSQL's programs: `postgres_program(name)`; skips where it is not there."""

    def path_of(name: str) -> str:
        return postgres_tool(name) or pytest.skip(f"no {name}: apt-get install postgresql")

    return path_of


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """URL of a PostgreSQL database without a store in it."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS tocsin CASCADE")
    return postgres_server


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a new store may be made: each test that asks runs once for each database."""
    return tmp_path if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
