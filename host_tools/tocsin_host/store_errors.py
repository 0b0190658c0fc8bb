"""What can go wrong with the store, in words that say what to do.

Role in the flow: stage 10. Context: host.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tocsin.errors import TocsinError


class StoreError(TocsinError):
    """The store could not be opened, read or written. Nothing that was stored before is lost by it."""

    code = 600


# SQLite's primary result codes -> what to do. https://www.sqlite.org/rescode.html
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space. The gateways keep what was not stored",
    sqlite3.SQLITE_READONLY: "it cannot be written; let this user write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that the folder exists, is this user's and can be written",
    sqlite3.SQLITE_BUSY: "another program holds it locked; stop that one, or try again",
    sqlite3.SQLITE_LOCKED: "another program holds it locked; stop that one, or try again",
    sqlite3.SQLITE_CORRUPT: "it is damaged; keep the file, then restore a backup or start a new folder",
    sqlite3.SQLITE_NOTADB: "it is no store, or damaged; keep it, restore a backup or start a new folder",
    sqlite3.SQLITE_IOERR: "the disk reports errors; check it, and copy the store to another one",
    sqlite3.SQLITE_CONSTRAINT: "a rule of the store forbids that: it only grows",
}


def explained(path: Path, error: sqlite3.Error) -> StoreError:
    """SQLite's error as one that names the file, the cause and the remedy."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    remedy = _REMEDIES.get(primary, "unexpected; report it with this line")
    return StoreError(f"store {path}: {error}: {remedy}", 600 + primary)
