"""The store: what the host has proven and keeps, append-only, in one SQLite file.

Role in the flow: stage 10. Context: host. A record is acknowledged to its gateway only after append() has
returned: the gateway may then forget it. WAL with synchronous=FULL, because "returned" must mean "survives a
power cut".
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tocsin.record import MAC_AT, MAC_END, RECORD_BYTES

from .store_errors import StoreError, explain
from .store_schema import open_database

DATABASE_NAME = "tocsin.db"


class StoredRecord(NamedTuple):
    """A row: the record's 64 bytes; `prev_mac` (16 bytes) for the first record after a gap, else None."""

    gateway: str
    seq: int
    record: bytes
    prev_mac: bytes | None
    received_utc_ms: int


class StoredFinding(NamedTuple):
    """Something wrong that the host noticed: `seq` -1 for no record, `kind` as in docs/record.md."""

    id: int
    gateway: str
    seq: int
    kind: str
    detail: str
    received_utc_ms: int


class StoredCommand(NamedTuple):
    """A command in the outbox; `counter` rises strictly for each gateway, from 1."""

    gateway: str
    counter: int
    code: int
    argument: int
    created_utc_ms: int


class Store:
    """The store in `folder`. Every method raises StoreError, whose text says what to do."""

    def __init__(self, folder: str | Path, *, read_only: bool = False) -> None:
        """Opens or creates it; with `read_only` it must be there."""
        self.path = Path(folder) / DATABASE_NAME
        with explain(self.path):
            self.connection = open_database(self.path, read_only)

    def close(self) -> None:
        """Safe to call twice. A store that is never closed loses nothing."""
        self.connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def heads(self) -> dict[str, tuple[int, bytes]]:
        """For each gateway with records: (next seq expected, mac of the highest record)."""
        with explain(self.path):
            return {gateway: self._head(gateway) for gateway in self.gateways()}

    def gateways(self) -> list[str]:
        """Names of the gateways with records, rising. Steps through the index, does not read every row."""
        names: list[str] = []
        with explain(self.path):
            query = "SELECT min(gateway) FROM records WHERE gateway > ?"
            while (name := self.connection.execute(query, (names[-1] if names else "",)).fetchone()[0]) is not None:
                names.append(name)
        return names

    def _head(self, gateway: str) -> tuple[int, bytes]:
        query = "SELECT seq, record FROM records WHERE gateway = ? ORDER BY seq DESC LIMIT 1"
        seq, record = self.connection.execute(query, (gateway,)).fetchone()
        return seq + 1, record[MAC_AT:MAC_END]

    def append(self, rows: Iterable[StoredRecord]) -> int:
        """Store all rows in one transaction or none; returns how many were new.

        A row that is there already with the same bytes is passed over. Raises: StoreError also when other
        bytes are stored under that number (the caller reports a fork; a store never changes).
        """
        with self._transaction():
            return sum(self._append_one(row) for row in rows)

    def _append_one(self, row: StoredRecord) -> bool:
        if len(row.record) != RECORD_BYTES:
            raise StoreError(f"{row.gateway}: a record has {RECORD_BYTES} bytes, not {len(row.record)}")
        stored = self._record(row.gateway, row.seq)
        if stored is None:
            self.connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", row)
            return True
        if stored.record != row.record:
            raise StoreError(
                f"{row.gateway}: another record is already stored under seq {row.seq}; nothing was changed"
            )
        return False

    def record(self, gateway: str, seq: int) -> StoredRecord | None:
        """The row of one number, None when there is none."""
        with explain(self.path):
            return self._record(gateway, seq)

    def _record(self, gateway: str, seq: int) -> StoredRecord | None:
        query = "SELECT * FROM records WHERE gateway = ? AND seq = ?"
        row = self.connection.execute(query, (gateway, seq)).fetchone()
        return None if row is None else StoredRecord(*row)

    def records(self, gateway: str, from_seq: int = 0) -> Iterator[StoredRecord]:
        """Rows of one gateway by rising seq, read as they are asked for."""
        query = "SELECT * FROM records WHERE gateway = ? AND seq >= ? ORDER BY seq"
        with explain(self.path):
            for row in self.connection.execute(query, (gateway, from_seq)):
                yield StoredRecord(*row)

    def finding(self, gateway: str, seq: int, kind: str, detail: str, received_utc_ms: int | None = None) -> int:
        """Store what the host noticed; returns its id."""
        row = (gateway, seq, kind, detail, _now_utc_ms() if received_utc_ms is None else received_utc_ms)
        with self._transaction():
            query = "INSERT INTO findings (gateway, seq, kind, detail, received_utc_ms) VALUES (?, ?, ?, ?, ?)"
            return int(self.connection.execute(query, row).lastrowid or 0)

    def findings(self, gateway: str | None = None) -> Iterator[StoredFinding]:
        """All findings, or those of one gateway, oldest first."""
        query = "SELECT * FROM findings WHERE ? IS NULL OR gateway = ? ORDER BY id"
        with explain(self.path):
            for row in self.connection.execute(query, (gateway, gateway)):
                yield StoredFinding(*row)

    def add_command(self, gateway: str, code: int, argument: int = 0, created_utc_ms: int | None = None) -> int:
        """Put a command into the outbox; returns its counter: the time in seconds, or one above the gateway's last.

        The time, so that a host whose store was lost does not start below what its gateways have accepted.
        """
        created_utc_ms = _now_utc_ms() if created_utc_ms is None else created_utc_ms
        with self._transaction():
            query = "SELECT coalesce(max(counter), 0) + 1 FROM commands WHERE gateway = ?"
            counter = max(int(self.connection.execute(query, (gateway,)).fetchone()[0]), created_utc_ms // 1000)
            row = StoredCommand(gateway, counter, code, argument, created_utc_ms)
            self.connection.execute("INSERT INTO commands VALUES (?, ?, ?, ?, ?)", row)
            return counter

    def commands_after(self, gateway: str, counter: int) -> list[StoredCommand]:
        """Commands of one gateway with a higher counter, rising."""
        query = "SELECT * FROM commands WHERE gateway = ? AND counter > ? ORDER BY counter"
        with explain(self.path):
            return [StoredCommand(*row) for row in self.connection.execute(query, (gateway, counter))]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. IMMEDIATE: two writers wait for each other instead of failing half way."""
        with explain(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


def _now_utc_ms() -> int:
    return time.time_ns() // 1_000_000
