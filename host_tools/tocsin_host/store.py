"""The store: what the host has proven and keeps, append-only.

Role in the flow: stage 10. Context: host. A record is acknowledged to its gateway only after append() has returned:
the gateway may then forget it. Where the rows lie, in an SQLite file or a PostgreSQL server, is database.py's.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tocsin.record import MAC_AT, MAC_END, MAC_NONE, RECORD_BYTES

from .database import open_database
from .store_errors import StoreError
from .store_rows import StoredCheckpoint, StoredCommand, StoredFinding, StoredRecord

__all__ = ["Store", "StoredCheckpoint", "StoredCommand", "StoredFinding", "StoredRecord"]

# Rows read at a time: no query stays open while its rows are worked on.
_PAGE_ROWS = 4096
# The kind of the finding by which a person revokes the keys of a gateway: it stays, like all of them.
REVOKED = "revoked"
_ROW = "gateway, seq, record, prev_mac, received_utc_ms"


class Store:
    """The store in a folder or at a URL. Every method raises StoreError, whose text says what to do."""

    def __init__(self, where: str | Path, *, read_only: bool = False) -> None:
        """Opens or creates it; with `read_only` it must be there."""
        self.database = open_database(where, read_only=read_only)

    def close(self) -> None:
        """Safe to call twice. A store that is never closed loses nothing."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def head(self, gateway: str) -> tuple[int, bytes]:
        """(next seq expected, mac of the highest record) of one gateway; (0, MAC_NONE) when it has none."""
        query = "SELECT seq, record FROM records WHERE gateway = ? ORDER BY seq DESC LIMIT 1"
        for seq, record in self.database.execute(query, (gateway,)):
            return seq + 1, record[MAC_AT:MAC_END]
        return 0, MAC_NONE

    def gateways(self) -> list[str]:
        """Names of the gateways with records, rising. Steps through the index, does not read every row."""
        names: list[str] = []
        query = "SELECT min(gateway) FROM records WHERE gateway > ?"
        while (name := self._one(query, names[-1] if names else "")) is not None:
            names.append(name)
        return names

    def _one(self, query: str, *values: object) -> Any:
        """The only value of the only row."""
        return self.database.execute(query, values)[0][0]

    def size(self) -> int:
        """Number of records."""
        return int(self._one("SELECT coalesce(max(leaf), -1) + 1 FROM records"))

    def append(self, rows: Iterable[StoredRecord]) -> int:
        """Store all rows in one transaction or none; returns how many were new.

        A row that is there already with the same bytes is passed over. Raises: StoreError also when other
        bytes are stored under that number (the caller reports a fork; a store never changes).
        """
        new: dict[tuple[str, int], StoredRecord] = {}
        highest: dict[str, int] = {}
        with self.database.transaction():
            for row in rows:
                if len(row.record) != RECORD_BYTES:
                    raise StoreError(f"{row.gateway}: a record has {RECORD_BYTES} bytes, not {len(row.record)}")
                stored = new.get((row.gateway, row.seq)) or self._stored(row, highest)
                if stored is None:
                    new[row.gateway, row.seq] = row
                elif stored.record != row.record:
                    raise StoreError(
                        f"{row.gateway}: another record is already stored under seq {row.seq}; nothing was changed"
                    )
            query = f"INSERT INTO records (leaf, {_ROW}) VALUES (?, ?, ?, ?, ?, ?)"
            self.database.execute_many(query, [(leaf, *row) for leaf, row in enumerate(new.values(), self.size())])
        return len(new)

    def _stored(self, row: StoredRecord, highest: dict[str, int]) -> StoredRecord | None:
        """The stored row of the same number. `highest` remembers each gateway's: above it there is none to ask for."""
        if row.gateway not in highest:
            query = "SELECT coalesce(max(seq), -1) FROM records WHERE gateway = ?"
            highest[row.gateway] = self._one(query, row.gateway)
        return self.record(row.gateway, row.seq) if row.seq <= highest[row.gateway] else None

    def record(self, gateway: str, seq: int) -> StoredRecord | None:
        """The row of one number, None when there is none."""
        rows = self.database.execute(f"SELECT {_ROW} FROM records WHERE gateway = ? AND seq = ?", (gateway, seq))
        return StoredRecord(*rows[0]) if rows else None

    def records(self, gateway: str, from_seq: int = 0) -> Iterator[StoredRecord]:
        """Rows of one gateway by rising seq, read as they are asked for."""
        query = f"SELECT {_ROW} FROM records WHERE gateway = ? AND seq >= ? ORDER BY seq LIMIT {_PAGE_ROWS}"
        while rows := self.database.execute(query, (gateway, from_seq)):
            yield from (StoredRecord(*row) for row in rows)
            from_seq = rows[-1][1] + 1

    def arrivals(self, first: int, end: int) -> Iterator[StoredRecord]:
        """Rows `first` to `end` - 1 of all gateways in the order of their arrival, read as they are asked for."""
        query = f"SELECT {_ROW} FROM records WHERE leaf >= ? AND leaf < ? ORDER BY leaf"
        for page in range(first, end, _PAGE_ROWS):
            for row in self.database.execute(query, (page, min(end, page + _PAGE_ROWS))):
                yield StoredRecord(*row)

    def holes(self, gateway: str) -> list[tuple[int, int]]:
        """(first, last) of the numbers missing before a record that is stored with its proof, rising."""
        query = """
            SELECT coalesce((SELECT max(seq) FROM records WHERE gateway = here.gateway AND seq < here.seq) + 1, 0),
            seq - 1 FROM records AS here WHERE gateway = ? AND prev_mac IS NOT NULL AND seq > 0 AND NOT EXISTS
            (SELECT 1 FROM records WHERE gateway = here.gateway AND seq = here.seq - 1) ORDER BY seq"""
        return [(first, last) for first, last in self.database.execute(query, (gateway,))]

    def finding(self, gateway: str, seq: int, kind: str, detail: str, received_utc_ms: int | None = None) -> int:
        """Store what the host noticed; returns its id."""
        now_ms = _now_utc_ms() if received_utc_ms is None else received_utc_ms
        with self.database.transaction():
            number = int(self._one("SELECT coalesce(max(id), 0) + 1 FROM findings"))
            row = StoredFinding(number, gateway, seq, kind, detail, now_ms)
            self.database.execute("INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?)", row)
        return number

    def findings(self, gateway: str | None = None) -> Iterator[StoredFinding]:
        """All findings, or those of one gateway, oldest first."""
        where, values = ("", ()) if gateway is None else ("WHERE gateway = ?", (gateway,))
        for row in self.database.execute(f"SELECT * FROM findings {where} ORDER BY id", values):
            yield StoredFinding(*row)

    def findings_made(self) -> int:
        """Number of findings ever made: while it stays the same, there is none that is new."""
        return int(self._one("SELECT coalesce(max(id), 0) FROM findings"))

    def revoked(self, after_id: int = 0) -> list[StoredFinding]:
        """What was revoked by findings with a higher id, oldest first."""
        query = "SELECT * FROM findings WHERE id > ? AND kind = ? ORDER BY id"
        return [StoredFinding(*row) for row in self.database.execute(query, (after_id, REVOKED))]

    def add_command(
        self, gateway: str, code: int, argument: int = 0, created_utc_ms: int | None = None, payload: bytes = b""
    ) -> int:
        """Put a command into the outbox; returns its counter: the time in seconds, or one above the gateway's last.

        The time, so that a host whose store was lost does not start below what its gateways have accepted.
        """
        created_utc_ms = _now_utc_ms() if created_utc_ms is None else created_utc_ms
        with self.database.transaction():
            last = int(self._one("SELECT coalesce(max(counter), 0) FROM commands WHERE gateway = ?", gateway))
            counter = max(last + 1, created_utc_ms // 1000)
            row = StoredCommand(gateway, counter, code, argument, payload, created_utc_ms)
            self.database.execute("INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?)", (self.commands_made() + 1, *row))
        return counter

    def commands_made(self) -> int:
        """Number of commands ever put into the outbox: while it stays the same, there is nothing new to send."""
        return int(self._one("SELECT coalesce(max(id), 0) FROM commands"))

    def commands_after(self, gateway: str, counter: int) -> list[StoredCommand]:
        """Commands of one gateway with a higher counter, rising."""
        columns = "gateway, counter, code, argument, payload, created_utc_ms"
        query = f"SELECT {columns} FROM commands WHERE gateway = ? AND counter > ? ORDER BY counter"
        return [StoredCommand(*row) for row in self.database.execute(query, (gateway, counter))]

    def add_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a signed checkpoint; one over the same number of rows that is there already stays."""
        there = "EXISTS (SELECT 1 FROM checkpoints WHERE size = ?)"
        query = f"INSERT INTO checkpoints SELECT ?, ?, ?, ? WHERE NOT {there}"
        self.database.execute(query, (*checkpoint, checkpoint.size))

    def checkpoint(self, size: int) -> StoredCheckpoint | None:
        """The newest checkpoint over at most `size` rows, None when there is none."""
        query = "SELECT * FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1"
        rows = self.database.execute(query, (size,))
        return StoredCheckpoint(*rows[0]) if rows else None


def _now_utc_ms() -> int:
    return time.time_ns() // 1_000_000
