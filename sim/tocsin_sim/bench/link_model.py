"""The real ends of the link, and between them a line on which everything goes wrong.

Role in the flow: stages 8 to 10 of `make bench-link`. Context: CPython; virtual ms, so the same seed gives the same
figures. `GatewaySession`, `HostSession`, `Collector` and `Store` are those of the product; kill -9 is a collector
that is dropped where it stands, a power cut a session that is; what survives is the store, and the journal.
"""

import math
import time
from pathlib import Path
from random import Random

from tocsin.gateway_session import GatewaySession
from tocsin.messages import Hello
from tocsin.seal import key_id
from tocsin_host.collector import Collector
from tocsin_host.store import Store

from tocsin_sim.bench.link_cell import OURS, Cell, Trouble
from tocsin_sim.bench.link_tape import SECRETS, TapeJournal, is_alarm, tape
from tocsin_sim.bench.link_wire import Line, Wire

_LIB_HASH = bytes(8)
_PORT = "line"
# What a board needs for a record on its way out: read from flash, framed. An assumption (docs/benches.md).
GATEWAY_MS = 1.5
# What the host needs to commit what came.
COMMIT_MS = 5.0
# The collector looks for a lost port this often, and is started again after a kill, a gateway after a cut, within:
_REOPEN_MS = 500
_RESTART_MS = 1000
_BOOT_MS = 1500
# Records made in a ms while the backlog drains.
_MADE_PER_MS = 0.1
_BURST_MS = (20, 400)
_OUTAGE_MS = (200, 5000)


class LinkModel:
    """One gateway with a backlog, one collector, one line."""

    def __init__(self, count: int, line: Line, trouble: Trouble, seed: int, folder: Path) -> None:
        self._source = Random(seed)
        self._tape = tape(count)
        self._journal = TapeJournal(self._tape, int(count * trouble.backlog))
        self._store = Store(folder)
        self._up = Wire(line, trouble.corruption, self._source)
        self._down = Wire(line, trouble.corruption, self._source)
        self._trouble = trouble
        self.cell = Cell(OURS, line.name, trouble, count)
        self._now_ms = 0.0
        self._stored: set[int] = set()
        self._made_ms: dict[int, float] = {}
        self._mishap_ms = {kind: self._source.expovariate(1 / every) for kind, every in trouble.mishaps().items()}
        self._back: list[tuple[float, str]] = []  # when what is away comes back, and after which mishap
        self._burst_until_ms = self._busy_until_ms = self._last_mishap_ms = 0.0
        self._commit_at_ms = math.inf
        self._came = b""
        self._waiting: tuple[str, float] | None = None
        self._is_joined = False
        self._power_on()
        self._start_collector()
        self._join()

    def run(self) -> Cell:
        """Until all is stored."""
        started_s = time.process_time()
        while len(self._stored) < len(self._tape):
            before_ms, self._now_ms = self._now_ms, self._next_ms()
            if self._is_joined:
                self.cell.joined_ms += self._now_ms - before_ms
            self._make()
            self._mishap()
            if self._is_joined:
                self._gateway_step()
                self._host_step()
        self._count(time.process_time() - started_s)
        return self.cell

    def _next_ms(self) -> float:
        """When the next thing happens; never less than a tenth of a ms ahead, so that time goes on."""
        times = [*self._mishap_ms.values(), *[at for at, _ in self._back], self._commit_at_ms]
        if self._is_joined:
            times += [self._up.due_ms(), self._down.due_ms(), self._now_ms + self._session.wait_ms(int(self._now_ms))]
            if self._journal.acked_seq < self._journal.next_seq:
                times.append(max(self._busy_until_ms, self._now_ms + 1))
        if self._journal.next_seq < len(self._tape):
            times.append(self._now_ms + 10)
        return max(self._now_ms + 0.1, min(times))

    def _make(self) -> None:
        """The gateway goes on recording, whatever happens."""
        seq = self._journal.next_seq
        count = min(len(self._tape), int(len(self._tape) * self._trouble.backlog) + int(self._now_ms * _MADE_PER_MS))
        for made in range(seq, count):
            if is_alarm(made):
                self._made_ms[made] = self._now_ms
        self._journal.next_seq = max(seq, count)

    def _mishap(self) -> None:
        for kind, at_ms in self._mishap_ms.items():
            if self._now_ms >= at_ms:
                self._mishap_ms[kind] = self._now_ms + self._source.expovariate(1 / self._trouble.mishaps()[kind])
                self.cell.mishaps[kind] = self.cell.mishaps.get(kind, 0) + 1
                self._last_mishap_ms = math.inf
                self._begin(kind)
        for back in [back for back in self._back if self._now_ms >= back[0]]:
            self._back.remove(back)
            self._end(back[1])

    def _begin(self, kind: str) -> None:
        source = self._source
        if kind == "burst":
            self._burst_until_ms = self._now_ms + source.uniform(*_BURST_MS)
            self._back.append((self._burst_until_ms, kind))
        elif kind == "outage":
            self._back.append((self._now_ms + source.uniform(*_OUTAGE_MS) + source.uniform(0, _REOPEN_MS), kind))
            self._part()
        elif kind == "kill":
            self._kill()
            self._back.append((self._now_ms + _RESTART_MS, kind))
            self._part()
        else:
            self._back.append((self._now_ms + _BOOT_MS + source.uniform(0, _REOPEN_MS), kind))
            self._part()
            self._power_on()

    def _end(self, kind: str) -> None:
        if kind == "kill":
            self._start_collector()
        if not [one for one in self._back if one[1] != "burst"] and not self._is_joined:
            self._join()
        if not self._back:
            self._last_mishap_ms = self._now_ms
            self._waiting = (kind, self._now_ms)

    def _part(self) -> None:
        """The line is gone."""
        self._is_joined = False
        self._up.cut()
        self._down.cut()
        self._came, self._commit_at_ms = b"", math.inf
        self._session.line_lost()
        self._collector.lost(_PORT, "mishap")

    def _join(self) -> None:
        """Both ends are there, and the port is opened."""
        self._is_joined = True
        self._collector.opened(_PORT, self._write)

    def _power_on(self) -> None:
        hello = Hello(SECRETS.gateway, key_id(SECRETS.k0), _LIB_HASH, 1, 0, 0, 0, b"")
        self._journal.acked_seq = 0
        self._session = GatewaySession(hello, SECRETS.link_key, self._journal, self._source.randbytes)

    def _start_collector(self) -> None:
        secrets = {SECRETS.gateway: SECRETS}
        self._collector = Collector(self._store, secrets, _LIB_HASH, lambda: 1_790_000_000_000, self._hear)

    def _kill(self) -> None:
        """kill -9 somewhere: before the commit, or after it and before the ack is out."""
        if self._is_joined and self._came:
            self._collector.receive(_PORT, self._came)
            if self._source.random() < 0.5:
                self._is_joined = False  # what it writes from here on reaches nobody
                self._collector.flush()

    def _gateway_step(self) -> None:
        now_ms = int(self._now_ms)
        told = self._down.take(self._now_ms)
        if told:
            self._session.receive(told, now_ms)
        while self._now_ms >= self._busy_until_ms and not self._up.is_full(self._now_ms):
            data = self._session.transmit(now_ms)
            if not data:
                return
            self._busy_until_ms = self._now_ms + GATEWAY_MS * max(1, len(data) // 72)
            self._up.put(data, self._now_ms, self._now_ms < self._burst_until_ms)

    def _host_step(self) -> None:
        self._came += self._up.take(self._now_ms)
        if self._came and self._commit_at_ms == math.inf:
            self._commit_at_ms = self._now_ms + COMMIT_MS
        if self._now_ms >= self._commit_at_ms:
            came, self._came, self._commit_at_ms = self._came, b"", math.inf
            self._collector.receive(_PORT, came)
            self._collector.flush()

    def _write(self, data: bytes) -> None:
        if self._is_joined:
            self._down.put(data, self._now_ms, self._now_ms < self._burst_until_ms)

    def _hear(self, event: dict[str, object]) -> None:
        """What the collector tells people: a record is told once it is committed."""
        if event["event"] == "finding":
            self.cell.findings += 1
        if event["event"] != "record":
            return
        seq = int(str(event["seq"]))
        self.cell.doubled += seq in self._stored
        self._stored.add(seq)
        made_ms = self._made_ms.pop(seq, None)
        if made_ms is not None and self._last_mishap_ms <= made_ms:
            self.cell.alarm_ms.append(self._now_ms - made_ms)
        if self._waiting is not None:
            kind, since_ms = self._waiting
            self._waiting = None
            self.cell.recoveries_ms.setdefault(kind, []).append(self._now_ms - since_ms)

    def _count(self, cpu_s: float) -> None:
        """Compare the store with the tape, row by row."""
        rows = {row.seq: row.record for row in self._store.records(SECRETS.gateway)}
        cell = self.cell
        cell.lost = sum(seq not in rows for seq in range(len(self._tape)))
        cell.wrong = sum(self._tape[seq] != record for seq, record in rows.items() if seq < len(self._tape))
        cell.wrong += sum(seq >= len(self._tape) for seq in rows)
        cell.doubled += self._store.size() - len(rows)
        cell.virtual_ms, cell.cpu_s = self._now_ms, cpu_s
        cell.wire_bytes = self._up.byte_count + self._down.byte_count
        self._store.close()
