"""`tocsin fsck`: a sound store is sound, and whatever was done to one is named."""

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin.record import mac_of
from tocsin_host.cli import tocsin
from tocsin_host.database_sqlite import DATABASE_NAME, SqliteDatabase
from tocsin_host.keys import GatewaySecrets, secrets_path, write_secrets
from tocsin_host.store import Store, StoredRecord
from tocsin_host.store_schema import NAMES, sqlite_statements

Rows = Callable[..., list[StoredRecord]]
SOURCE = Path(__file__).parents[2] / "host_tools/tocsin_host"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(tocsin, [str(argument) for argument in arguments])


def tamper(where: str | Path, *statements: tuple[object, ...]) -> None:
    """Change the past as an intruder with the database's rights does: guards off, and on again."""
    with Store(where) as store:
        database = store.database
        is_sqlite = isinstance(database, SqliteDatabase)
        guards = [one for one in sqlite_statements() if one.startswith("CREATE TRIGGER")]
        for table in NAMES:
            if not is_sqlite:
                database.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for guard in guards if is_sqlite else ():
            database.execute(f"DROP TRIGGER {guard.split()[2]}")
        for statement, *values in statements:
            database.execute(str(statement), values)
        for guard in guards if is_sqlite else ():
            database.execute(guard)
        for table in NAMES:
            if not is_sqlite:
                database.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


class Museum:
    """A store of two gateways, 25 rows, one gap, two checkpoints, and the keys beside it."""

    def __init__(self, folder: Path, where: str | Path, rows_of: Rows) -> None:
        self.where, self.keys = where, folder / "keys"
        run("checkpoint", "init", "museum.example/tocsin", "--keys", self.keys)
        for name in ("attic", "gallery"):
            write_secrets(secrets_path(self.keys, name), GatewaySecrets(name, bytes(32), bytes(32)))
        gallery, attic = rows_of("gallery", 20), rows_of("attic", 9)
        self.gallery = gallery
        after_gap = gallery[14]._replace(prev_mac=mac_of(gallery[13].record))
        for rows in ([gallery[0], *attic[:4], *gallery[1:10]], [after_gap, *attic[4:], *gallery[15:]]):
            with Store(where) as store:
                store.append(rows)
            self.sign()

    def sign(self) -> str:
        return run("checkpoint", "--store", self.where, "--keys", self.keys).stdout

    def fsck(self, *arguments: object) -> Result:
        return run("fsck", "--store", self.where, "--keys", self.keys, *arguments)

    def found(self, *arguments: object) -> list[tuple[str, str, int | None]]:
        result = self.fsck("--json", *arguments)
        figures = json.loads(result.stdout)
        assert result.exit_code == (1 if figures["findings"] else 0), result.output
        assert figures["sound"] == (not figures["findings"])
        return [(one["kind"], one["gateway"], one["seq"]) for one in figures["findings"]]


@pytest.fixture
def museum(where: str | Path, tmp_path: Path, rows_of: Rows) -> Museum:
    return Museum(tmp_path, where, rows_of)


def test_a_sound_store_is_sound_and_its_gap_is_named(museum: Museum) -> None:
    result = museum.fsck()
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "gallery: gap: records 10 to 13 never came",
            f"{museum.where}: sound: 25 records of 2 gateways, 25 seals, 3 checkpoints",
        ],
    )
    figures = json.loads(museum.fsck("--json").stdout)
    assert figures["gateways"]["gallery"] == {"records": 16, "sealed": 16, "gaps": [[10, 13]]}
    assert figures["checkpoints"] == 3  # two in the store, and the memory beside the key


def test_rows_after_the_last_checkpoint_are_checked_too(museum: Museum, rows_of: Rows) -> None:
    with Store(museum.where) as store:
        store.append([rows_of("gallery", 21)[20]._replace(record=museum.gallery[3].record)])
    assert museum.found() == [("damaged", "gallery", 20), ("forged", "gallery", 20)]


def test_without_secrets_and_log_key_the_rest_is_checked(museum: Museum, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("fsck", "--store", museum.where, "--keys", tmp_path / "empty")
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "attic: seals not checked: its secrets are not here",
            "gallery: gap: records 10 to 13 never came",
            "gallery: seals not checked: its secrets are not here",
            "2 checkpoints: signature not checked: their key is not here",
            f"{museum.where}: sound: 25 records of 2 gateways, 0 seals, 2 checkpoints",
        ],
    )


def test_a_changed_record_breaks_every_checkpoint_over_it_and_its_seal(museum: Museum) -> None:
    forged = bytearray(museum.gallery[5].record)
    forged[28] ^= 1
    tamper(museum.where, ("UPDATE records SET record = ? WHERE gateway = 'gallery' AND seq = 5", bytes(forged)))
    assert museum.found() == [
        ("damaged", "gallery", 5),
        ("checkpoint", "", None),
        ("checkpoint", "", None),
        ("checkpoint", "", None),
        ("forged", "gallery", 5),
    ]


def test_a_changed_time_of_arrival_is_found_by_the_tree_alone(museum: Museum) -> None:
    tamper(museum.where, ("UPDATE records SET received_utc_ms = 0 WHERE gateway = 'attic' AND seq = 8",))
    assert museum.found() == [("checkpoint", "", None)] * 2
    assert "the first 25 records are not those that the stored checkpoint 25 covers" in museum.fsck().stdout


def test_removed_rows_are_found(museum: Museum) -> None:
    tamper(museum.where, ("DELETE FROM records WHERE gateway = 'attic' AND seq = 2",))
    assert museum.found() == [
        ("checkpoint", "", None),
        ("checkpoint", "", None),
        ("order", "attic", 3),
        ("gap", "attic", 3),
    ]


def test_rows_cut_off_at_the_end_with_their_checkpoint_are_found_by_the_memory_beside_the_key(museum: Museum) -> None:
    tamper(museum.where, ("DELETE FROM records WHERE leaf >= 14",), ("DELETE FROM checkpoints WHERE size > 14",))
    assert museum.found() == [("checkpoint", "", None)]
    said = "the checkpoint signed last (log.signed) covers 25 records: 11 of them are not here"
    assert said in museum.fsck().stdout


def test_a_store_written_anew_is_found_by_a_checkpoint_kept_elsewhere(museum: Museum, tmp_path: Path) -> None:
    """Whoever has all the keys of the host can make everything fit, but for what he gave out of hand."""
    kept = tmp_path / "newspaper"
    kept.write_text(museum.sign())
    assert museum.found("--checkpoint", kept) == []
    (museum.keys / "log.signed").unlink()
    tamper(
        museum.where,
        ("DELETE FROM checkpoints",),
        ("UPDATE records SET received_utc_ms = 5 WHERE leaf = 3",),
    )
    museum.sign()
    assert museum.found() == []
    assert museum.found("--checkpoint", kept) == [("fork", "", None), ("checkpoint", "", None)]


def test_a_gap_that_lost_its_proof_and_a_false_proof_are_found(museum: Museum) -> None:
    tamper(museum.where, ("UPDATE records SET prev_mac = NULL WHERE seq = 14",))
    assert museum.found()[-1] == ("gap", "gallery", 14)
    tamper(museum.where, ("UPDATE records SET prev_mac = ? WHERE seq = 14", bytes(16)))
    assert museum.found()[-1] == ("forged", "gallery", 14)
    tamper(museum.where, ("UPDATE records SET prev_mac = ? WHERE seq = 3 AND gateway = 'attic'", bytes(16)))
    assert ("fork", "attic", 3) in museum.found()


def test_checkpoints_that_were_touched_are_found(museum: Museum) -> None:
    tamper(museum.where, ("UPDATE checkpoints SET note = 'x' WHERE size = 14",))
    assert museum.found() == [("checkpoint", "", None)]
    assert "the stored checkpoint 14: not a signed note" in museum.fsck().stdout
    note = museum.sign().replace("\n25\n", "\n14\n")
    tamper(museum.where, ("UPDATE checkpoints SET note = ? WHERE size = 14", note))
    said = museum.fsck().stdout
    assert "the stored checkpoint 14: the signature of museum.example/tocsin is wrong" in said
    assert "the stored checkpoint 14: its frontier does not give its root" in said
    tamper(museum.where, ("UPDATE checkpoints SET note = ? WHERE size = 14", museum.sign()))
    assert "the stored checkpoint 14: it is over 25 records" in museum.fsck().stdout


def test_a_checkpoint_signed_by_a_stranger_is_refused(museum: Museum, tmp_path: Path) -> None:
    run("checkpoint", "init", "museum.example/tocsin", "--keys", tmp_path / "strange")
    strange = tmp_path / "strange/note"
    run("checkpoint", "--store", museum.where, "--keys", tmp_path / "strange", "-o", strange)
    assert museum.found("--checkpoint", strange) == [("checkpoint", "", None)]
    assert f"{strange}: not signed by museum.example/tocsin" in museum.fsck("--checkpoint", strange).stdout


def test_checkpoints_of_an_earlier_log_are_held_against_the_rows(museum: Museum, tmp_path: Path) -> None:
    for name in ("log.skey", "log.vkey", "log.signed"):
        (museum.keys / name).rename(tmp_path / name)
    run("checkpoint", "init", "museum.example/second", "--keys", museum.keys)
    assert museum.found() == []
    assert "2 checkpoints: signature not checked: their key is not here" in museum.fsck().stdout
    tamper(museum.where, ("UPDATE records SET received_utc_ms = 0 WHERE leaf = 24",))
    assert museum.found() == [("checkpoint", "", None)]


def test_a_guard_that_was_taken_away_is_found(museum: Museum) -> None:
    with Store(museum.where) as store:
        on_table = "" if isinstance(store.database, SqliteDatabase) else " ON records"
        store.database.execute(f"DROP TRIGGER records_no_update{on_table}")
    assert museum.found() == [("database", "", None)]


def test_a_damaged_file_is_found_and_the_rest_is_checked(tmp_path: Path, rows_of: Rows) -> None:
    museum = Museum(tmp_path, tmp_path, rows_of)
    with Store(tmp_path) as store:
        store.append(rows_of("cellar", 3000))
    path = tmp_path / DATABASE_NAME
    data = bytearray(path.read_bytes())
    data[-4096 * 3 :] = b"\xff" * 4096 * 3
    path.write_bytes(data)
    found = museum.found()
    assert {kind for kind, _, _ in found} >= {"database"}
    assert museum.fsck().exit_code == 1


def test_a_store_that_cannot_be_opened_is_exit_code_two(tmp_path: Path) -> None:
    result = run("fsck", "--store", tmp_path / "nowhere")
    assert (result.exit_code, "not there; name the folder" in result.stderr) == (2, True)
    (tmp_path / DATABASE_NAME).write_bytes(b"no database at all, but long enough to be looked at. " * 40)
    result = run("fsck", "--store", tmp_path, "--json")
    assert result.exit_code == 2
    assert "no store, or damaged" in json.loads(result.stdout)["error"]


def test_fsck_shares_no_code_with_the_writer() -> None:
    """Through all that it imports, it never comes to the store's append, the signer, or the collector."""
    reached, ahead = set(), {"fsck", "fsck_command"}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        for node in ast.walk(ast.parse((SOURCE / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                ahead |= {node.module} - reached
    assert "merkle" in reached
    assert not reached & {"store", "checkpoint_signer", "checkpoint_keeper", "collector", "export", "prover"}


def test_long_work_tells_how_far_it_is(museum: Museum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin_host.fsck_command._TELL_EVERY_S", 0.0)
    assert museum.fsck().stderr.splitlines() == [
        "database: 0 of 0 records",
        "rows: 25 of 25 records",
        "chains: 9 of 25 records",
        "chains: 25 of 25 records",
    ]
