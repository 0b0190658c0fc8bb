"""The store, whatever database it lies in: what it keeps, and what it refuses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tocsin.record import MAC_NONE, mac_of
from tocsin_host.store import Store, StoredCheckpoint, StoredCommand, StoredRecord
from tocsin_host.store_errors import StoreError

Rows = Callable[..., list[StoredRecord]]


@pytest.fixture
def store(where: str | Path) -> Iterator[Store]:
    with Store(where) as opened:
        yield opened


def test_append_rows_come_back_in_order(store: Store, rows_of: Rows) -> None:
    rows = rows_of("gallery", 5)
    assert store.append(reversed(rows)) == 5
    assert list(store.records("gallery")) == rows
    assert list(store.records("gallery", 3)) == rows[3:]
    assert store.record("gallery", 2) == rows[2]
    assert store.record("gallery", 5) is None
    assert list(store.records("nobody")) == []


def test_holes_are_what_is_missing_before_a_record_with_its_proof(store: Store, rows_of: Rows) -> None:
    rows = [row._replace(prev_mac=bytes(16) if row.seq in (4, 9, 20) else None) for row in rows_of("gallery", 21)]
    assert store.holes("gallery") == []
    store.append(rows[4:6] + rows[9:12] + rows[20:])
    store.append(rows_of("storeroom", 3))
    assert store.holes("gallery") == [(0, 3), (6, 8), (12, 19)]
    store.append(rows[0:4] + rows[13:20])
    assert store.holes("gallery") == [(6, 8)]
    assert store.holes("storeroom") == store.holes("nobody") == []


def test_append_same_bytes_again_changes_nothing(store: Store, rows_of: Rows) -> None:
    rows = rows_of("gallery", 5)
    store.append(rows[:3])
    later = [row._replace(received_utc_ms=9999) for row in rows]
    assert store.append(later) == 2
    assert [row.received_utc_ms for row in store.records("gallery")] == [1000, 1001, 1002, 9999, 9999]


def test_append_other_bytes_under_a_number_refuses_the_whole_batch(store: Store, rows_of: Rows) -> None:
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


def test_head_gives_next_seq_and_mac_of_a_gateway(store: Store, rows_of: Rows) -> None:
    gallery, room = rows_of("gallery", 4), rows_of("storeroom", 2, first=7)
    store.append([*room, *gallery])
    assert store.head("gallery") == (4, mac_of(gallery[3].record))
    assert store.head("storeroom") == (9, mac_of(room[1].record))


def test_head_of_a_gateway_without_records_is_the_start(store: Store) -> None:
    assert store.head("gallery") == (0, MAC_NONE)


def test_everything_is_there_after_reopening(where: str | Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 3)
    with Store(where) as store:
        store.append([rows[0], rows[2]._replace(prev_mac=mac_of(rows[1].record))])
        assert store.finding("gallery", 2, "gap", "records 1 to 1 are missing", 77) == 1
        assert store.add_command("gallery", 1, -5, 88, b"\x00") == 1
    with Store(where, read_only=True) as store:
        assert [row.seq for row in store.records("gallery")] == [0, 2]
        assert store.record("gallery", 2) == rows[2]._replace(prev_mac=mac_of(rows[1].record))
        assert [tuple(finding) for finding in store.findings()] == [
            (1, "gallery", 2, "gap", "records 1 to 1 are missing", 77)
        ]
        assert list(store.findings("storeroom")) == []
        assert store.commands_after("gallery", 0) == [StoredCommand("gallery", 1, 1, -5, b"\x00", 88)]


def test_commands_counter_rises_for_each_gateway_alone(store: Store) -> None:
    assert [store.add_command("gallery", 1, n, 0) for n in range(3)] == [1, 2, 3]
    assert store.add_command("storeroom", 2, 0, 0) == 1
    assert [command.counter for command in store.commands_after("gallery", 1)] == [2, 3]
    assert store.commands_after("gallery", 3) == []


def test_commands_two_programs_never_get_the_same_counter(where: str | Path) -> None:
    with Store(where) as one, Store(where) as other:
        counters = [store.add_command("gallery", 1, 0, 0) for _ in range(10) for store in (one, other)]
    assert counters == list(range(1, 21))


def test_url_of_another_kind_of_database_is_refused_and_no_folder_of_its_name_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="give a folder, or postgresql://"):
        Store("mysql://museum/tocsin")
    assert list(tmp_path.iterdir()) == []


def test_read_only_store_refuses_to_write(where: str | Path, rows_of: Rows) -> None:
    Store(where).close()
    with Store(where, read_only=True) as store, pytest.raises(StoreError, match="it cannot be written"):
        store.append(rows_of("gallery", 1))


def test_a_new_store_starts_above_what_an_older_one_ordered(tmp_path: Path) -> None:
    """Counters are the time in seconds: a lost store does not make every order stale."""
    with Store(tmp_path / "old") as store:
        old = [store.add_command("gallery", 1, 0, 1_800_000_000_000 + n) for n in range(3)]
    with Store(tmp_path / "new") as store:
        assert store.add_command("gallery", 1, 0, 1_800_000_060_000) > max(old)
    assert old == [1_800_000_000, 1_800_000_001, 1_800_000_002]


def test_arrivals_keep_the_order_in_which_rows_came(store: Store, rows_of: Rows) -> None:
    gallery, room = rows_of("gallery", 3), rows_of("storeroom", 2)
    came = [gallery[0], room[0], gallery[2], room[1], gallery[1]]
    assert store.size() == 0
    store.append(came[:2])
    store.append([*came[:2], *came[2:]])
    assert store.size() == 5
    assert list(store.arrivals(0, 5)) == came
    assert list(store.arrivals(2, 4)) == came[2:4]


def test_arrivals_and_records_are_whole_over_many_pages(store: Store, rows_of: Rows) -> None:
    rows = rows_of("gallery", 9000)
    store.append(rows)
    assert list(store.arrivals(0, 9000)) == rows
    assert list(store.records("gallery", 100)) == rows[100:]


def test_checkpoint_gives_the_newest_that_is_not_larger(store: Store) -> None:
    made = [StoredCheckpoint(size, f"note of {size}", bytes(32), size) for size in (3, 7)]
    for one in made:
        store.add_checkpoint(one)
    store.add_checkpoint(made[0]._replace(note="another over the same rows"))
    assert [store.checkpoint(size) for size in (2, 3, 6, 7, 99)] == [None, made[0], made[0], made[1], made[1]]


@pytest.mark.parametrize(
    ("table", "column"), [("records", "seq"), ("findings", "id"), ("commands", "code"), ("checkpoints", "size")]
)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1} + 100", "DELETE FROM {0}"])
def test_tables_refuse_change_and_removal(store: Store, table: str, column: str, statement: str, rows_of: Rows) -> None:
    store.append(rows_of("gallery", 2))
    store.finding("gallery", -1, "forged", "x")
    store.add_command("gallery", 1)
    store.add_checkpoint(StoredCheckpoint(2, "note", bytes(32), 0))
    before = store.database.execute(f"SELECT * FROM {table}")
    with pytest.raises(StoreError, match=f"{table} only grow"):
        store.database.execute(statement.format(table, column))
    assert before
    assert store.database.execute(f"SELECT * FROM {table}") == before


def test_check_of_a_sound_database_finds_nothing(store: Store) -> None:
    assert store.database.check() == []


def test_check_names_a_guard_that_was_taken_away(store: Store) -> None:
    on_table = "" if "Sqlite" in type(store.database).__name__ else " ON findings"
    store.database.execute(f"DROP TRIGGER findings_no_delete{on_table}")
    (found,) = store.database.check()
    assert found.startswith("TRIGGER findings_no_delete is ")
