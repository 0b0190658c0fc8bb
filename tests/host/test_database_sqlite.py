"""The store in an SQLite file: opening it, guarding it, and what it says when it cannot."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tocsin_host.database_sqlite import DATABASE_NAME, SqliteDatabase
from tocsin_host.store import Store, StoredCheckpoint, StoredRecord
from tocsin_host.store_errors import StoreError

Rows = Callable[..., list[StoredRecord]]


def connection_of(store: Store) -> sqlite3.Connection:
    assert isinstance(store.database, SqliteDatabase)
    return store.database.connection


def test_commit_survives_a_power_cut_by_setting(store: Store) -> None:
    assert connection_of(store).execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection_of(store).execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_disk_full_stores_nothing_of_the_batch_and_goes_on_later(store: Store, rows_of: Rows) -> None:
    rows = rows_of("gallery", 4000)
    store.append(rows[:10])
    pages = connection_of(store).execute("PRAGMA page_count").fetchone()[0]
    connection_of(store).execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="disk is full; free some space") as caught:
        store.append(rows[10:])
    assert caught.value.code == 600 + sqlite3.SQLITE_FULL
    assert list(store.records("gallery")) == rows[:10]
    connection_of(store).execute("PRAGMA max_page_count = 1000000")
    assert store.append(rows[10:]) == 3990
    assert list(store.records("gallery")) == rows


def test_locked_store_says_so(tmp_path: Path, rows_of: Rows) -> None:
    with Store(tmp_path) as store, Store(tmp_path) as other:
        connection_of(other).execute("BEGIN IMMEDIATE")
        connection_of(store).execute("PRAGMA busy_timeout = 0")
        with pytest.raises(StoreError, match="another program holds it locked"):
            store.append(rows_of("gallery", 1))
        connection_of(other).execute("ROLLBACK")
        assert store.append(rows_of("gallery", 1)) == 1


def test_open_missing_store_to_read_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not there; name the folder"):
        Store(tmp_path / "nowhere", read_only=True)
    assert not (tmp_path / "nowhere").exists()


def test_open_folder_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="give a folder"):
        Store(tmp_path / "file")


def test_open_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_NAME
    path.write_bytes(b"no database at all, but long enough to be looked at. " * 40)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no store, or damaged"):
        Store(tmp_path)
    assert path.read_bytes() == before


def test_store_on_a_read_only_medium_is_read_and_nothing_put_beside_it(
    tmp_path: Path, rows_of: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        store.append(rows_of("gallery", 3))
    real = os.statvfs(tmp_path)
    fixed = os.statvfs_result([*real[:8], real.f_flag | os.ST_RDONLY, real.f_namemax])
    monkeypatch.setattr(os, "statvfs", lambda path: fixed)
    with Store(tmp_path, read_only=True) as store:
        assert list(store.records("gallery")) == rows_of("gallery", 3)
        assert [path.name for path in tmp_path.iterdir()] == [DATABASE_NAME]


def test_open_database_of_another_program_is_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / DATABASE_NAME)
    other.execute("CREATE TABLE cats (name)")
    other.close()
    with pytest.raises(StoreError, match="no store of Tocsin"):
        Store(tmp_path)


def test_open_store_of_a_later_schema_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        connection_of(store).execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="schema 99, tocsin knows 4"):
        Store(tmp_path)


def test_damaged_page_is_reported_as_damage(tmp_path: Path, rows_of: Rows) -> None:
    with Store(tmp_path) as store:
        store.append(rows_of("gallery", 2000))
    path = tmp_path / DATABASE_NAME
    data = bytearray(path.read_bytes())
    data[4096 * 8 :] = b"\xff" * (len(data) - 4096 * 8)
    path.write_bytes(data)
    with Store(tmp_path) as store, pytest.raises(StoreError, match="it is damaged; keep the file"):
        list(store.records("gallery"))


@pytest.mark.parametrize("table", ["records", "findings", "commands", "checkpoints"])
@pytest.mark.parametrize(
    "statement", ["INSERT OR REPLACE INTO {0} SELECT * FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_tables_refuse_replacement(store: Store, table: str, statement: str, rows_of: Rows) -> None:
    store.append(rows_of("gallery", 2))
    store.finding("gallery", -1, "forged", "x")
    store.add_command("gallery", 1)
    store.add_checkpoint(StoredCheckpoint(2, "note", bytes(32), 0))
    before = connection_of(store).execute(f"SELECT * FROM {table}").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} only grow"):
        connection_of(store).execute(statement.format(table))
    assert connection_of(store).execute(f"SELECT * FROM {table}").fetchall() == before
