"""How fast records are stored, beside what others do with an event.

Role in the flow: stage 10 under load. Context: CPython. All write to the same disk, one after the other in one run. The
time is that of the clock on the wall, because a store that must survive a power cut waits for the disk.
"""

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from tocsin.chain import ChainVerifier
from tocsin.event import SOURCE_GATEWAY, TYPE_HEARTBEAT
from tocsin.record import unpack
from tocsin.seal import Sealer
from tocsin_host.store import Store, StoredRecord

Work = Callable[[Path, list[bytes]], None]

OURS_BATCHES = (1, 32, 1000)
_ROUNDS = 3
_K0 = bytes(range(32))


@dataclass(frozen=True)
class Storing:
    """`survives`: what it has told to be stored is there after a power cut; `proves`: a change of it would show."""

    name: str
    records: int
    per_s: float
    survives: bool
    proves: bool


def measure_storing(folder: Path, records: int) -> list[Storing]:
    """Store so many records in each way, the slow ones fewer, in `folder`; each is the middle of some rounds."""
    sealer = Sealer(_K0)
    sealed = [sealer.seal(TYPE_HEARTBEAT, SOURCE_GATEWAY, 0, 1, 10_000 * n, 0, 0, 0) for n in range(records)]
    few = sealed[: records // 20]
    ways: list[tuple[str, Work, list[bytes], bool, bool]] = [
        (f"ours, verified: {size} a commit", _ours(size), few if size == 1 else sealed, True, True)
        for size in OURS_BATCHES
    ]
    ways += [
        ("SQLite, one commit a record", _sqlite, few, True, False),
        ("JSON lines, fsync a record", _json_lines_synced, few, True, False),
        ("JSON lines, never synced", _json_lines, sealed, False, False),
    ]
    rounds = [
        [_per_s(work, some, folder / f"{turn}-{name}") for name, work, some, _, _ in ways] for turn in range(_ROUNDS)
    ]
    middles = [median(column) for column in zip(*rounds, strict=True)]
    return [
        Storing(name, len(some), per_s, survives, proves)
        for (name, _, some, survives, proves), per_s in zip(ways, middles, strict=True)
    ]


def _per_s(work: Work, records: list[bytes], folder: Path) -> float:
    folder.mkdir()
    began = perf_counter()
    work(folder, records)
    return len(records) / (perf_counter() - began)


def _ours(batch: int) -> Work:
    def work(folder: Path, records: list[bytes]) -> None:
        with Store(folder) as store:
            chain = ChainVerifier(_K0)
            for at in range(0, len(records), batch):
                rows: list[StoredRecord] = []
                for seq, record in enumerate(records[at : at + batch], at):
                    assert chain.accept(record) == "verified"
                    rows.append(StoredRecord("gallery", seq, record, None, seq))
                store.append(rows)

    return work


def _sqlite(folder: Path, records: list[bytes]) -> None:
    """What a logging script does: the fields of an event into a table, committed."""
    connection = sqlite3.connect(folder / "events.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, gateway, type, source, value, time)")
    for data in records:
        record = unpack(data)
        row = ("gallery", record.type, record.source, record.value, record.uptime_ms)
        connection.execute("INSERT INTO events (gateway, type, source, value, time) VALUES (?, ?, ?, ?, ?)", row)
        connection.commit()
    connection.close()


def _json_lines_synced(folder: Path, records: list[bytes]) -> None:
    with (folder / "events.jsonl").open("w", encoding="ascii") as file:
        for data in records:
            file.write(_json(data))
            file.flush()
            os.fsync(file.fileno())


def _json_lines(folder: Path, records: list[bytes]) -> None:
    with (folder / "events.jsonl").open("w", encoding="ascii") as file:
        for data in records:
            file.write(_json(data))


def _json(data: bytes) -> str:
    record = unpack(data)
    fields = {"gateway": "gallery", "type": record.type, "source": record.source, "value": record.value}
    return json.dumps(fields | {"time": record.uptime_ms}) + "\n"
