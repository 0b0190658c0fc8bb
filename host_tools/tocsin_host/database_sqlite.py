"""The store's database as one SQLite file.

Role in the flow: stage 10. Context: host. WAL with synchronous=FULL, because "committed" must mean "survives a
power cut".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .store_errors import StoreError, explained
from .store_schema import SCHEMA_VERSION, sqlite_statements

DATABASE_NAME = "tocsin.db"
APPLICATION_ID = 0x546F6373  # "Tocs"
_LOCK_WAIT_S = 5.0


class SqliteDatabase:
    """The file DATABASE_NAME in `folder`; see the protocol Database."""

    def __init__(self, folder: Path, read_only: bool) -> None:
        """Opens or creates it; with `read_only` it must be there. Raises: StoreError."""
        self.path = folder / DATABASE_NAME
        if read_only and not self.path.exists():
            raise StoreError(
                f"store {self.path}: not there; name the folder that `tocsin collect` or `tocsin demo` wrote"
            )
        if not read_only:
            _make_folder(folder)
        try:
            self._open(read_only)
        except sqlite3.Error as error:
            raise explained(self.path, error) from error

    def _open(self, read_only: bool) -> None:
        uri = self.path.resolve().as_uri() + (_how_to_read(self.path) if read_only else "")
        # isolation_level=None: transactions begin and end where this file says so.
        self.connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_LOCK_WAIT_S)
        try:
            self._prepare(read_only)
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """A store that is never closed loses nothing."""
        self.connection.close()

    def execute(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """As Database says."""
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise explained(self.path, error) from error

    def execute_many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """As Database says."""
        try:
            self.connection.executemany(query, rows)
        except sqlite3.Error as error:
            raise explained(self.path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As Database says. IMMEDIATE: two writers wait for each other instead of failing half way."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            # A full disk makes SQLite roll back by itself.
            if self.connection.in_transaction:
                self.execute("ROLLBACK")
            raise

    def check(self) -> list[str]:
        """As Database says: every page, every index, and that tables and the triggers that guard them are ours."""
        found = [text for (text,) in self.execute("PRAGMA integrity_check") if text != "ok"]
        there = {sql for (sql,) in self.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        for statement in sqlite_statements():
            if statement not in there:
                what = " ".join(statement.split()[1:3])
                found.append(f"{what} is not as tocsin made it: rows may have been changed unseen")
        return found

    def _prepare(self, read_only: bool) -> None:
        if not read_only:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self._create()
        application = self.connection.execute("PRAGMA application_id").fetchone()[0]
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise StoreError(f"store {self.path}: an SQLite file, but no store of Tocsin; name another folder")
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"store {self.path}: schema {version}, tocsin knows {SCHEMA_VERSION}; use the tocsin that wrote it"
            )

    def _create(self) -> None:
        """Make the tables in an empty file, in one transaction: two programs may open it at once."""
        with self.transaction():
            if self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                for statement in sqlite_statements():
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _how_to_read(path: Path) -> str:
    """The query of the URI. A file in WAL mode needs a second one beside it even to be read; where no file can be made
    and none is there, nobody writes either."""
    is_fixed = os.name == "posix" and os.statvfs(path.parent).f_flag & os.ST_RDONLY
    has_wal = path.with_name(path.name + "-wal").exists()
    return "?mode=ro&immutable=1" if is_fixed and not has_wal else "?mode=ro"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"store folder {folder}: {error.strerror}; give a folder that this user may write") from error
