"""The store: what it keeps, what it refuses, what it says when it cannot."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tocsin.record import mac_of
from tocsin.seal import Sealer
from tocsin_host.store import DATABASE_NAME, Store, StoredCommand, StoredRecord
from tocsin_host.store_errors import StoreError


def rows_of(gateway: str, count: int, first: int = 0) -> list[StoredRecord]:
    sealer = Sealer(bytes(32), first)
    return [
        StoredRecord(gateway, first + n, sealer.seal(6, 255, 0, 1, n, 0, 0, 0), None, 1000 + n) for n in range(count)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def test_append_rows_come_back_in_order(store: Store) -> None:
    rows = rows_of("gallery", 5)
    assert store.append(reversed(rows)) == 5
    assert list(store.records("gallery")) == rows
    assert list(store.records("gallery", 3)) == rows[3:]
    assert store.record("gallery", 2) == rows[2]
    assert store.record("gallery", 5) is None
    assert list(store.records("nobody")) == []


def test_append_same_bytes_again_changes_nothing(store: Store) -> None:
    rows = rows_of("gallery", 5)
    store.append(rows[:3])
    later = [row._replace(received_utc_ms=9999) for row in rows]
    assert store.append(later) == 2
    assert [row.received_utc_ms for row in store.records("gallery")] == [1000, 1001, 1002, 9999, 9999]


def test_append_other_bytes_under_a_number_refuses_the_whole_batch(store: Store) -> None:
    rows = rows_of("gallery", 5)
    store.append(rows[:3])
    clone = rows[2]._replace(record=rows[1].record)
    with pytest.raises(StoreError, match="already stored under seq 2"):
        store.append([rows[3], clone])
    assert list(store.records("gallery")) == rows[:3]


def test_append_row_of_wrong_length_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="64 bytes"):
        store.append([StoredRecord("gallery", 0, bytes(63), None, 0)])
    assert store.gateways() == []


def test_heads_give_next_seq_and_mac_of_each_gateway(store: Store) -> None:
    gallery, room = rows_of("gallery", 4), rows_of("storeroom", 2, first=7)
    store.append([*room, *gallery])
    assert store.heads() == {
        "gallery": (4, mac_of(gallery[3].record)),
        "storeroom": (9, mac_of(room[1].record)),
    }


def test_heads_of_an_empty_store_are_empty(store: Store) -> None:
    assert store.heads() == {}


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    rows = rows_of("gallery", 3)
    with Store(tmp_path) as store:
        store.append([rows[0], rows[2]._replace(prev_mac=mac_of(rows[1].record))])
        assert store.finding("gallery", 2, "gap", "records 1 to 1 are missing", 77) == 1
        assert store.add_command("gallery", 1, -5, 88) == 1
    with Store(tmp_path, read_only=True) as store:
        assert [row.seq for row in store.records("gallery")] == [0, 2]
        assert store.record("gallery", 2) == rows[2]._replace(prev_mac=mac_of(rows[1].record))
        assert [tuple(finding) for finding in store.findings()] == [
            (1, "gallery", 2, "gap", "records 1 to 1 are missing", 77)
        ]
        assert list(store.findings("storeroom")) == []
        assert store.commands_after("gallery", 0) == [StoredCommand("gallery", 1, 1, -5, 88)]


def test_commands_counter_rises_for_each_gateway_alone(store: Store) -> None:
    assert [store.add_command("gallery", 1, n, 0) for n in range(3)] == [1, 2, 3]
    assert store.add_command("storeroom", 2, 0, 0) == 1
    assert [command.counter for command in store.commands_after("gallery", 1)] == [2, 3]
    assert store.commands_after("gallery", 3) == []


def test_commands_two_programs_never_get_the_same_counter(tmp_path: Path) -> None:
    with Store(tmp_path) as one, Store(tmp_path) as other:
        counters = [store.add_command("gallery", 1, 0, 0) for _ in range(10) for store in (one, other)]
    assert counters == list(range(1, 21))


@pytest.mark.parametrize("table", ["records", "findings", "commands"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET gateway = 'x'",
        "DELETE FROM {0}",
        "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
        "REPLACE INTO {0} SELECT * FROM {0}",
    ],
)
def test_tables_refuse_change_and_removal(store: Store, table: str, statement: str) -> None:
    store.append(rows_of("gallery", 2))
    store.finding("gallery", -1, "forged", "x")
    store.add_command("gallery", 1)
    before = store.connection.execute(f"SELECT * FROM {table}").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} only grow"):
        store.connection.execute(statement.format(table))
    assert store.connection.execute(f"SELECT * FROM {table}").fetchall() == before


def test_commit_survives_a_power_cut_by_setting(store: Store) -> None:
    assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store.connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_disk_full_stores_nothing_of_the_batch_and_goes_on_later(store: Store) -> None:
    rows = rows_of("gallery", 4000)
    store.append(rows[:10])
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="disk is full; free some space") as caught:
        store.append(rows[10:])
    assert caught.value.code == 600 + sqlite3.SQLITE_FULL
    assert list(store.records("gallery")) == rows[:10]
    store.connection.execute("PRAGMA max_page_count = 1000000")
    assert store.append(rows[10:]) == 3990
    assert list(store.records("gallery")) == rows


def test_locked_store_says_so(tmp_path: Path) -> None:
    with Store(tmp_path) as store, Store(tmp_path) as other:
        other.connection.execute("BEGIN IMMEDIATE")
        store.connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(StoreError, match="another program holds it locked"):
            store.append(rows_of("gallery", 1))
        other.connection.execute("ROLLBACK")
        assert store.append(rows_of("gallery", 1)) == 1


def test_read_only_store_refuses_to_write(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with Store(tmp_path, read_only=True) as store, pytest.raises(StoreError, match="let this user write"):
        store.append(rows_of("gallery", 1))


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


def test_open_database_of_another_program_is_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / DATABASE_NAME)
    other.execute("CREATE TABLE cats (name)")
    other.close()
    with pytest.raises(StoreError, match="no store of Tocsin"):
        Store(tmp_path)


def test_open_store_of_a_later_schema_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="schema 2, tocsin knows 1"):
        Store(tmp_path)


def test_damaged_page_is_reported_as_damage(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(rows_of("gallery", 2000))
    path = tmp_path / DATABASE_NAME
    data = bytearray(path.read_bytes())
    data[4096 * 8 :] = b"\xff" * (len(data) - 4096 * 8)
    path.write_bytes(data)
    with Store(tmp_path) as store, pytest.raises(StoreError, match="it is damaged; keep the file"):
        list(store.records("gallery"))


def test_a_new_store_starts_above_what_an_older_one_ordered(tmp_path: Path) -> None:
    """Counters are the time in seconds: a lost store does not make every order stale."""
    with Store(tmp_path / "old") as store:
        old = [store.add_command("gallery", 1, 0, 1_800_000_000_000 + n) for n in range(3)]
    with Store(tmp_path / "new") as store:
        assert store.add_command("gallery", 1, 0, 1_800_000_060_000) > max(old)
    assert old == [1_800_000_000, 1_800_000_001, 1_800_000_002]
