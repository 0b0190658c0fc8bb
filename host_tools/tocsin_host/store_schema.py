"""The tables of the store and the opening of its file.

Role in the flow: stage 10. Context: host. The triggers refuse every change and removal: a mistake in a tool
must not be able to touch evidence. (Whoever owns the file still can; that is what seals are for.)
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .store_errors import StoreError

APPLICATION_ID = 0x546F6373  # "Tocs"
SCHEMA_VERSION = 1
_LOCK_WAIT_S = 5.0

_TABLES = """
CREATE TABLE records (
    gateway TEXT NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL CHECK (length(record) = 64),
    prev_mac BLOB CHECK (prev_mac IS NULL OR length(prev_mac) = 16), received_utc_ms INTEGER NOT NULL,
    PRIMARY KEY (gateway, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE findings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, gateway TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
    detail TEXT NOT NULL, received_utc_ms INTEGER NOT NULL) STRICT;
CREATE TABLE commands (
    gateway TEXT NOT NULL, counter INTEGER NOT NULL CHECK (counter BETWEEN 1 AND 4294967295),
    code INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
    argument INTEGER NOT NULL CHECK (argument BETWEEN -2147483648 AND 2147483647),
    created_utc_ms INTEGER NOT NULL, PRIMARY KEY (gateway, counter)) STRICT, WITHOUT ROWID;
"""
_KEYS = {
    "records": "gateway = NEW.gateway AND seq = NEW.seq",
    "findings": "id = NEW.id",
    "commands": "gateway = NEW.gateway AND counter = NEW.counter",
}


def _triggers(table: str, same_key: str) -> str:
    """INSERT OR REPLACE removes a row without asking a DELETE trigger, hence the third one."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} only grow'); END;"
    return f"""
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_key}) {refuse}
"""


def open_database(path: Path, read_only: bool) -> sqlite3.Connection:
    """A connection to the store in `path`, created if not there. Raises: StoreError, sqlite3.Error."""
    if read_only and not path.exists():
        raise StoreError(f"store {path}: not there; name the folder that `tocsin collect` or `tocsin demo` wrote")
    if not read_only:
        _make_folder(path.parent)
    uri = path.resolve().as_uri() + ("?mode=ro" if read_only else "")
    # isolation_level=None: transactions begin and end where store.py says so.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_LOCK_WAIT_S)
    try:
        _prepare(connection, path, read_only)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"store folder {folder}: {error.strerror}; give a folder that this user may write") from error


def _prepare(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _create(connection)
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise StoreError(f"store {path}: an SQLite file, but no store of Tocsin; name another folder")
    if version != SCHEMA_VERSION:
        raise StoreError(f"store {path}: schema {version}, tocsin knows {SCHEMA_VERSION}; use the tocsin that wrote it")


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file, in one transaction: two programs may open it at once."""
    connection.execute("BEGIN IMMEDIATE")
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if empty:
        statements = _TABLES + "".join(_triggers(*item) for item in _KEYS.items())
        for statement in _split(statements):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _split(script: str) -> list[str]:
    """Single statements; executescript() would end the transaction."""
    statements: list[str] = []
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements
