"""The same with real processes: `tocsin collect` is killed with -9 again and again while a gateway drains.

Role in the flow: stages 8 to 10 of `make bench-link`. Context: CPython, real time, 127.0.0.1. The gateway is a thread
that speaks the real protocol over a socket; the collector is the program that people run.
"""

import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tocsin.gateway_session import GatewaySession
from tocsin.messages import Hello
from tocsin.seal import key_id
from tocsin_host.keys import secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.store import Store

from tocsin_sim.bench.link_tape import SECRETS, TapeJournal, tape

_PATIENCE_S = 120.0
_POLL_S = 0.005
_READ_BYTES = 4096


@dataclass
class KillRun:
    """What came of it; `restart_ms` from the start of each new process to the first record it stored."""

    records: int
    kills: int
    lost: int
    wrong: int
    doubled: int
    findings: int
    restart_ms: list[float]

    def figures(self) -> dict[str, object]:
        """JSON-ready."""
        return dict(vars(self))


class _Gateway(threading.Thread):
    """A gateway behind a listening socket; a connection is its cable."""

    def __init__(self, journal: TapeJournal, seed: int) -> None:
        super().__init__(daemon=True)
        hello = Hello(SECRETS.gateway, key_id(SECRETS.k0), bytes.fromhex(lib_hash()), 1, 0, 0, 0, b"")
        self._session = GatewaySession(hello, SECRETS.link_key, journal, Random(seed).randbytes)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self.join()
        self._listener.close()

    def run(self) -> None:
        """One connection after the other."""
        self._listener.settimeout(_POLL_S)
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                with suppress(OSError), connection:  # the collector was killed
                    self._serve(connection)
                self._session.line_lost()

    def _serve(self, connection: socket.socket) -> None:
        while not self._stopping.is_set():
            now_ms = time.monotonic_ns() // 1_000_000
            while data := self._session.transmit(now_ms):
                connection.sendall(data)
            if select.select([connection], [], [], _POLL_S)[0]:
                told = connection.recv(_READ_BYTES)
                if not told:
                    return
                self._session.receive(told, now_ms)


def run_kills(count: int, kills: int, seed: int, folder: Path) -> KillRun:
    """Drain `count` records while the collector is killed `kills` times, each at another place."""
    source = Random(seed)
    keys = folder / "store" / "keys"
    keys.mkdir(parents=True)
    write_secrets(secrets_path(keys, SECRETS.gateway), SECRETS)
    journal = TapeJournal(tape(count), count)
    gateway = _Gateway(journal, seed)
    gateway.start()
    restart_ms: list[float] = []
    for kill in range(kills + 1):
        target = count if kill == kills else int(count * (kill + source.random()) / (kills + 1))
        process = _start(folder, gateway.port)
        started_s, before = time.monotonic(), journal.acked_seq
        _wait(journal, before + 1, process)
        restart_ms.append(1000 * (time.monotonic() - started_s))
        _wait(journal, target, process)
        time.sleep(source.random() * 0.02)
        process.kill()
        process.wait()
    gateway.stop()
    return _compare(count, kills, folder, restart_ms)


def _start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    url = f"{SECRETS.gateway}=socket://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tocsin_host.cli", "collect", "--json", "--port", url, "--store"]
    with (folder / "collector.txt").open("ab") as log:
        return subprocess.Popen([*command, str(folder / "store")], stdout=log, stderr=log)


def _wait(journal: TapeJournal, seq: int, process: "subprocess.Popen[bytes]") -> None:
    give_up_s = time.monotonic() + _PATIENCE_S
    while journal.acked_seq < seq:
        if process.poll() is not None or time.monotonic() > give_up_s:
            raise RuntimeError(f"the collector stopped at record {journal.acked_seq}; see collector.txt")
        time.sleep(_POLL_S)


def _compare(count: int, kills: int, folder: Path, restart_ms: list[float]) -> KillRun:
    records = tape(count)
    with Store(folder / "store", read_only=True) as store:
        rows = [(row.seq, row.record) for row in store.records(SECRETS.gateway)]
        doubled = store.size() - len({seq for seq, _ in rows})
        findings = len(list(store.findings()))
    wrong = sum(not 0 <= seq < count or records[seq] != record for seq, record in rows)
    return KillRun(count, kills, count - len(rows), wrong, doubled, findings, restart_ms)
