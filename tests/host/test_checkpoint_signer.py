"""Signing checkpoints: only what the store holds, and never a second history."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tocsin.errors import ConfigError
from tocsin_host.checkpoint import Checkpoint, open_checkpoint, row_leaf
from tocsin_host.checkpoint_keeper import CheckpointKeeper
from tocsin_host.checkpoint_signer import CheckpointSigner, HistoryError
from tocsin_host.database_sqlite import DATABASE_NAME
from tocsin_host.log_key import last_signed, load_log_key, make_log_key, remember_signed
from tocsin_host.merkle import root_of
from tocsin_host.signed_note import NoteError, VerifyKey
from tocsin_host.store import Store, StoredRecord
from tocsin_host.store_errors import StoreError

Rows = Callable[..., list[StoredRecord]]
NAME = "museum.example/tocsin"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    make_log_key(folder, NAME)
    return folder


def vkey(keys: Path) -> VerifyKey:
    return load_log_key(keys).public()


def sign(store: Store, keys: Path) -> Checkpoint:
    signer = CheckpointSigner(store, keys, lambda: 77)
    while not signer.catch_up(3):
        pass
    return open_checkpoint(signer.sign(), vkey(keys))


def expected(rows: list[StoredRecord]) -> Checkpoint:
    leaves = [row_leaf(row.gateway, row.received_utc_ms, row.prev_mac, row.record) for row in rows]
    return Checkpoint(NAME, len(rows), root_of(leaves))


def test_sign_covers_all_rows_in_order_of_arrival(where: str | Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 7) + rows_of("attic", 4)
    with Store(where) as store:
        store.append(rows[:5])
        assert sign(store, keys) == expected(rows[:5])
        store.append(rows[5:])
        assert sign(store, keys) == expected(rows)
        assert [(one.size, one.signed_utc_ms) for size in (5, 11) if (one := store.checkpoint(size))] == [
            (5, 77),
            (11, 77),
        ]


def test_sign_again_without_new_rows_gives_the_same_note(where: str | Path, keys: Path, rows_of: Rows) -> None:
    with Store(where) as store:
        store.append(rows_of("gallery", 3))
        signer = CheckpointSigner(store, keys, lambda: 0)
        signer.catch_up(99)
        assert signer.sign() == signer.sign() == last_signed(keys)


def test_sign_reads_only_the_rows_that_came_since(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 20)
    with Store(tmp_path) as store:
        store.append(rows[:16])
        sign(store, keys)
        store.append(rows[16:])
        read: list[StoredRecord] = []
        arrivals = store.arrivals
        store.arrivals = lambda first, end: (read.append(row) or row for row in arrivals(first, end))  # type: ignore[method-assign, func-returns-value]
        assert sign(store, keys) == expected(rows)
        assert read == rows[16:]


def test_nothing_is_signed_over_an_empty_store(tmp_path: Path, keys: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(NoteError, match="no records yet"):
        sign(store, keys)
    assert last_signed(keys) == ""


def test_two_signers_take_turns(where: str | Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 9)
    with Store(where) as store:
        one = CheckpointSigner(store, keys, lambda: 0)
        store.append(rows[:4])
        sign(store, keys)
        store.append(rows[4:])
        one.catch_up(99)
        assert open_checkpoint(one.sign(), vkey(keys)) == expected(rows)


def test_an_older_store_restored_is_never_signed_again(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    """A backup comes back and the gateways send other records: the key must not tell a second history."""
    rows, others = rows_of("gallery", 8), rows_of("attic", 8)
    folder, backup = tmp_path / "store", tmp_path / "backup"
    with Store(folder) as store:
        store.append(rows[:3])
        sign(store, keys)
    shutil.copytree(folder, backup)
    with Store(folder) as store:
        store.append(rows[3:6])
        assert sign(store, keys).size == 6
    with Store(backup) as store:
        with pytest.raises(
            HistoryError, match="3 records, a checkpoint over 6 was signed: an older store was restored"
        ):
            sign(store, keys)
        store.append(others)
        for _ in range(2):
            with pytest.raises(HistoryError, match="first 6 records of the store are not those"):
                sign(store, keys)
        signer = CheckpointSigner(store, keys, lambda: 0)
        with pytest.raises(HistoryError):
            signer.catch_up(99)
        with pytest.raises(HistoryError):
            signer.catch_up(99)
        with pytest.raises(HistoryError):
            signer.sign()
    assert open_checkpoint(last_signed(keys), vkey(keys)).size == 6


def test_an_older_store_that_grew_the_same_way_is_signed_on(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 8)
    folder, backup = tmp_path / "store", tmp_path / "backup"
    with Store(folder) as store:
        store.append(rows[:3])
    shutil.copytree(folder, backup)
    with Store(folder) as store:
        store.append(rows[3:6])
        sign(store, keys)
    with Store(backup) as store:
        store.append(rows[3:])
        assert sign(store, keys) == expected(rows)


def test_rows_changed_behind_the_stores_back_are_not_signed(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    """The memory beside the key still knows; here the frontier in the store was removed with the row's guard."""
    with Store(tmp_path) as store:
        store.append(rows_of("gallery", 5))
        sign(store, keys)
    tamper = sqlite3.connect(tmp_path / DATABASE_NAME)
    for guard in ("records_no_update", "checkpoints_no_delete"):
        tamper.execute(f"DROP TRIGGER {guard}")
    tamper.execute("DELETE FROM checkpoints")
    tamper.execute("UPDATE records SET received_utc_ms = received_utc_ms + 1 WHERE leaf = 2")
    tamper.commit()
    tamper.close()
    with Store(tmp_path) as store, pytest.raises(HistoryError, match="they were changed"):
        sign(store, keys)


def test_two_signed_notes_over_the_same_rows_stop_the_signer(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    with Store(tmp_path) as store:
        store.append(rows_of("gallery", 5))
        sign(store, keys)
        remember_signed(keys, load_log_key(keys).sign(Checkpoint(NAME, 5, bytes(32)).text()))
        with pytest.raises(HistoryError, match="contradict each other"):
            sign(store, keys)


def test_memory_signed_by_another_key_stops_the_signer(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    make_log_key(tmp_path / "others", NAME)
    remember_signed(keys, load_log_key(tmp_path / "others").sign(Checkpoint(NAME, 5, bytes(32)).text()))
    with Store(tmp_path) as store, pytest.raises(HistoryError, match=r"log\.signed: not signed by"):
        sign(store, keys)


def test_a_new_log_over_an_old_store_starts_from_the_first_row(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 5)
    make_log_key(tmp_path / "new", "museum.example/second")
    with Store(tmp_path) as store:
        store.append(rows)
        sign(store, keys)
        assert sign(store, tmp_path / "new") == expected(rows)._replace(origin="museum.example/second")


def test_key_files_that_cannot_be_used_say_so(tmp_path: Path, keys: Path) -> None:
    with pytest.raises(ConfigError, match="make the log's key with: tocsin checkpoint init NAME"):
        load_log_key(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="exists already; a log keeps its key"):
        make_log_key(keys, NAME)
    path = keys / "log.skey"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_log_key(keys)
    path.chmod(0o600)
    path.write_text("PRIVATE+KEY+cut")
    with pytest.raises(ConfigError, match="copy it whole"):
        load_log_key(keys)
    with pytest.raises(NoteError, match="without spaces"):
        make_log_key(tmp_path / "other", "my museum")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def keep(store: Store, keys: Path) -> tuple[CheckpointKeeper, Clock, list[dict[str, Any]]]:
    clock, events = Clock(), list[dict[str, Any]]()
    return CheckpointKeeper(store, keys, lambda: 0, events.append, 300, clock), clock, events


def test_keeper_signs_when_due_and_something_came(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 3)
    with Store(tmp_path) as store:
        keeper, clock, events = keep(store, keys)
        keeper.tick()
        store.append(rows[:2])
        clock.now_s = 299
        keeper.tick()
        assert events == []
        for now_s in (300, 301, 600, 900):
            clock.now_s = now_s
            keeper.tick()
        assert [event["detail"] for event in events] == ["signed over 2 records"]
        store.append(rows[2:])
        clock.now_s = 1200
        keeper.tick()
        assert open_checkpoint(events[1]["note"], vkey(keys)) == expected(rows)


def test_keeper_hashes_a_large_backlog_in_pieces(tmp_path: Path, keys: Path, rows_of: Rows) -> None:
    rows = rows_of("gallery", 10_000)
    with Store(tmp_path) as store:
        store.append(rows)
        keeper, _, events = keep(store, keys)
        ticks = 0
        while not events:
            keeper.tick()
            ticks += 1
        assert ticks == 3
        assert open_checkpoint(events[0]["note"], vkey(keys)) == expected(rows)


def test_keeper_tells_trouble_once_and_comes_back(
    tmp_path: Path, keys: Path, rows_of: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        store.append(rows_of("gallery", 2))
        keeper, clock, events = keep(store, keys)

        def broken(*_: object) -> None:
            raise StoreError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(store, "add_checkpoint", broken)
            for now_s in (0, 300, 600):
                clock.now_s = now_s
                keeper.tick()
        assert [event["detail"] for event in events] == ["no checkpoint is signed: the disk is full"]
        clock.now_s = 900
        keeper.tick()
        assert events[1]["detail"] == "signed over 2 records"
