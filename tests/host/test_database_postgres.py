"""The store in a PostgreSQL server: opening it, guarding it, losing the server, and what it says when it cannot."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from tocsin_host.database_postgres import PostgresDatabase
from tocsin_host.store import Store, StoredRecord
from tocsin_host.store_errors import StoreError

Rows = Callable[..., list[StoredRecord]]


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with Store(postgres_url) as opened:
        yield opened


@pytest.fixture
def other(postgres_url: str) -> Iterator["psycopg.Connection[Any]"]:
    """Another program at the same database."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def cut(store: Store, other: "psycopg.Connection[Any]") -> None:
    """The server drops the store's connection, as it does when it restarts."""
    assert isinstance(store.database, PostgresDatabase)
    other.execute("SELECT pg_terminate_backend(%s)", (store.database.connection.info.backend_pid,))


def test_lost_connection_is_told_once_and_made_anew(
    store: Store, other: "psycopg.Connection[Any]", rows_of: Rows
) -> None:
    rows = rows_of("gallery", 4)
    store.append(rows[:2])
    cut(store, other)
    with pytest.raises(StoreError, match="it is asked again"):
        store.append(rows[2:])
    assert store.append(rows[2:]) == 2
    assert list(store.records("gallery")) == rows


def test_connection_lost_within_a_transaction_stores_nothing_of_it(
    store: Store, other: "psycopg.Connection[Any]", rows_of: Rows
) -> None:
    rows = rows_of("gallery", 4)

    def cut_half_way() -> Iterator[StoredRecord]:
        yield from rows[:2]
        cut(store, other)
        yield from rows[2:]

    with pytest.raises(StoreError):
        store.append(cut_half_way())
    assert store.size() == 0
    assert store.append(rows) == 4


def test_locked_store_says_so(store: Store, other: "psycopg.Connection[Any]", rows_of: Rows) -> None:
    other.execute("BEGIN")
    other.execute("SELECT pg_advisory_xact_lock(%s)", (0x546F6373,))
    store.database.execute("SET lock_timeout TO '1ms'")
    with pytest.raises(StoreError, match="another program holds it locked"):
        store.append(rows_of("gallery", 1))
    other.execute("ROLLBACK")
    assert store.append(rows_of("gallery", 1)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE tocsin.findings",
        "INSERT INTO tocsin.findings SELECT * FROM tocsin.findings ON CONFLICT (id) DO UPDATE SET kind = 'x'",
    ],
)
def test_tables_refuse_other_ways_to_change_them(
    store: Store, other: "psycopg.Connection[Any]", statement: str
) -> None:
    store.finding("gallery", -1, "forged", "x")
    with pytest.raises(psycopg.errors.RestrictViolation, match="findings only grow"):
        other.execute(statement)
    assert [finding.kind for finding in store.findings()] == ["forged"]


def test_open_store_of_a_later_schema_is_refused(
    store: Store, other: "psycopg.Connection[Any]", postgres_url: str
) -> None:
    other.execute("COMMENT ON SCHEMA tocsin IS 'store of Tocsin, schema 99'")
    with pytest.raises(StoreError, match="schema 99, tocsin knows a store of Tocsin, schema 4"):
        Store(postgres_url)


def test_open_missing_store_to_read_says_so(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="not there; name the database"):
        Store(postgres_url, read_only=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("/postgres?", "/nowhere?"), 'database "nowhere" does not exist: check that the server runs'),
        (("tocsin-pg-", "nowhere-"), "No such file or directory: check that the server runs"),
        (("user=tocsin", "user=nobody"), 'role "nobody" does not exist: check that the server runs'),
        (("user=tocsin", "colour=red"), 'parameter: "colour": check that the server runs'),
    ],
)
def test_open_at_a_wrong_url_says_what_to_do(postgres_url: str, change: tuple[str, str], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        Store(postgres_url.replace(*change))


def test_a_password_is_never_told(postgres_url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(postgres_url.replace("/postgres?", "/nowhere?password=s3cret&"))
    assert "s3cret" not in str(caught.value)


def test_a_server_that_does_not_sync_is_refused(postgres_server: str, postgres_url: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync TO off")
        reload(connection, "off")
        try:
            with pytest.raises(StoreError, match="a power cut loses records; set it on"):
                Store(postgres_url)
        finally:
            connection.execute("ALTER SYSTEM RESET fsync")
            reload(connection, "on")


def reload(connection: "psycopg.Connection[Any]", fsync: str) -> None:
    """Let the server read its configuration, and wait until it has."""
    connection.execute("SELECT pg_reload_conf()")
    for _ in range(200):
        if connection.execute("SHOW fsync").fetchone() == (fsync,):
            return
        connection.execute("SELECT pg_sleep(0.05)")
    pytest.fail(f"the server never took fsync = {fsync}")
