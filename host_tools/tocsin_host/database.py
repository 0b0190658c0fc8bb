"""The one small interface behind which the store's databases stand.

Role in the flow: stage 10. Context: host. The queries are written once, in the SQL that both databases understand,
with `?` for a value; what differs is opening, transactions and the words for errors: database_sqlite.py,
database_postgres.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from .store_errors import StoreError

POSTGRES_SCHEMES = ("postgresql://", "postgres://")


class Database(Protocol):
    """An open database. Every method raises StoreError, whose text says what to do."""

    def execute(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """Run one statement; its rows as tuples. Outside of a transaction it is one of its own."""

    def execute_many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; one writer at a time, others wait. When it ends, what was written survives a power cut."""

    def check(self) -> list[str]:
        """What the database itself finds wrong with its files and with the rules of its tables; [] when sound."""

    def close(self) -> None:
        """Safe to call twice."""


def is_url(where: str | Path) -> bool:
    """Whether this names a PostgreSQL database and no folder."""
    return str(where).startswith(POSTGRES_SCHEMES)


def open_database(where: str | Path, *, read_only: bool = False) -> Database:
    """The database of the store in the folder or at the URL `where`; made if not there. Raises: StoreError."""
    if is_url(where):
        from .database_postgres import PostgresDatabase  # psycopg is an extra

        return PostgresDatabase(str(where), read_only)
    if "://" in str(where):
        raise StoreError(f"store {where}: no such kind of store; give a folder, or postgresql://user@host/database")
    from .database_sqlite import SqliteDatabase

    return SqliteDatabase(Path(where), read_only)
