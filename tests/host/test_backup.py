"""docs/operate.md does what it says: backups are whole and go on, and a user who may only add is enough."""

import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from tocsin_host.cli import tocsin
from tocsin_host.database_sqlite import DATABASE_NAME
from tocsin_host.store import Store, StoredRecord
from tocsin_host.store_errors import StoreError

Rows = Callable[..., list[StoredRecord]]
PAGE = (Path(__file__).parents[2] / "docs/operate.md").read_text("utf-8")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(tocsin, [str(argument) for argument in arguments])


def sign(store: str | Path, keys: Path) -> Result:
    return run("checkpoint", "--store", store, "--keys", keys)


def test_backup_of_a_store_in_use_is_whole_and_goes_on(tmp_path: Path, rows_of: Rows) -> None:
    rows, keys, backup = rows_of("gallery", 30), tmp_path / "keys", tmp_path / "backup"
    run("checkpoint", "init", "museum.example/tocsin", "--keys", keys)
    backup.mkdir()
    with Store(tmp_path) as store:
        store.append(rows[:20])
        assert sign(tmp_path, keys).exit_code == 0
        with sqlite3.connect(tmp_path / DATABASE_NAME) as source, sqlite3.connect(backup / DATABASE_NAME) as target:
            source.backup(target)  # what the shell's .backup does
        store.append(rows[20:])
        assert (tmp_path / f"{DATABASE_NAME}-wal").stat().st_size > 0
    assert "sound: 20 records" in run("fsck", "--store", backup, "--keys", keys).stdout
    with Store(backup) as store:
        store.append(rows[20:])
    assert sign(backup, keys).exit_code == 0
    assert "sound: 30 records" in run("fsck", "--store", backup, "--keys", keys).stdout


def test_dump_of_postgresql_is_whole_and_goes_on(
    postgres_url: str, postgres_program: Callable[[str], str], tmp_path: Path, rows_of: Rows
) -> None:
    rows, keys = rows_of("gallery", 30), tmp_path / "keys"
    run("checkpoint", "init", "museum.example/tocsin", "--keys", keys)
    with Store(postgres_url) as store:
        store.append(rows[:20])
    assert sign(postgres_url, keys).exit_code == 0
    dump = tmp_path / "dump"
    command = [postgres_program("pg_dump"), "--schema=tocsin", "--format=custom", "-f", str(dump), postgres_url]
    subprocess.run(command, check=True, timeout=60)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA tocsin CASCADE")
    subprocess.run([postgres_program("pg_restore"), "-d", postgres_url, str(dump)], check=True, timeout=60)
    assert "sound: 20 records" in run("fsck", "--store", postgres_url, "--keys", keys).stdout
    with Store(postgres_url) as store:
        assert store.append(rows) == 10
    assert sign(postgres_url, keys).exit_code == 0


def test_a_user_who_may_only_add_is_enough_and_takes_no_guard_away(postgres_url: str, rows_of: Rows) -> None:
    """The statements of docs/operate.md, with another name for the user."""
    rows = rows_of("gallery", 5)
    with Store(postgres_url) as store:
        store.append(rows[:2])
    grants = [line.replace("TO tocsin;", "TO adder;") for line in re.findall(r"^GRANT .*;$", PAGE, re.MULTILINE)]
    assert len(grants) == 2
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS adder")
        connection.execute("CREATE ROLE adder LOGIN")
        for grant in grants:
            connection.execute(grant.encode())
        with Store(postgres_url.replace("user=tocsin", "user=adder")) as store:
            assert store.append(rows) == 3
            store.finding("gallery", -1, "forged", "x")
            store.add_command("gallery", 1)
            assert store.database.check() == []
            for statement in (
                "ALTER TABLE records DISABLE TRIGGER ALL",
                "DROP TRIGGER records_no_update ON records",
                "UPDATE records SET seq = 9",
                "TRUNCATE records",
            ):
                with pytest.raises(StoreError, match="this user may not do that"):
                    store.database.execute(statement)
            assert list(store.records("gallery")) == rows
        connection.execute("DROP OWNED BY adder")
        connection.execute("DROP ROLE adder")
