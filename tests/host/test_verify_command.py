"""From the store through `tocsin export` to `tocsin verify`, as a person does it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin import event
from tocsin.record import mac_of
from tocsin.seal import Sealer
from tocsin_host.cli import tocsin
from tocsin_host.export import export_log
from tocsin_host.keys import GatewaySecrets, secrets_path, write_key_file, write_secrets
from tocsin_host.store import Store, StoredRecord
from tocsin_host.store_errors import StoreError

SECRETS = GatewaySecrets("gallery", bytes(range(32)), bytes(32))
UTC_MS = 1_795_385_244_776


def rows(count: int) -> list[StoredRecord]:
    sealer = Sealer(SECRETS.k0)
    made = [sealer.seal(event.TYPE_BOOT, 255, 0, 1, 250, 0, 1, 0)]
    for n in range(1, count):
        made.append(sealer.seal(event.TYPE_ALARM, n, 1 | 2 << 4, 1, 1000 * n, UTC_MS + 1000 * n, 0, 0))
    return [StoredRecord("gallery", n, record, None, UTC_MS + n) for n, record in enumerate(made)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with ten records of one gateway, its secrets beside it."""
    (tmp_path / "keys").mkdir()
    write_secrets(secrets_path(tmp_path / "keys", "gallery"), SECRETS)
    with Store(tmp_path) as store:
        store.append(rows(10))
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(tocsin, [str(argument) for argument in arguments])


def export(folder: Path) -> tuple[Path, Path]:
    log, keys = folder / "g.tlog", folder / "g.keys"
    result = run("export", "gallery", "--store", folder, "-o", log, "--key-file", keys)
    assert result.exit_code == 0, result.output
    return log, keys


def test_export_then_verify_is_clean(folder: Path) -> None:
    log, keys = export(folder)
    result = run("verify", log, "--keys", keys)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{log}: clean: 10 records of gateway gallery proven, seq 0 to 9\n",
    )


def test_export_twice_gives_the_same_bytes(folder: Path) -> None:
    log, _ = export(folder)
    first = log.read_bytes()
    export(folder)
    assert log.read_bytes() == first


def test_verify_altered_log_names_record_and_reason(folder: Path) -> None:
    log, keys = export(folder)
    data = bytearray(log.read_bytes())
    data[64 * 7 + 30] ^= 1
    log.write_bytes(data)
    result = run("verify", log, "--keys", keys)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("record 7: damaged: ")
    assert lines[1].startswith("trailer: forged: ")
    assert lines[2] == f"{log}: 2 findings; 9 of 10 entries proven"


def test_verify_json_holds_the_same(folder: Path) -> None:
    log, keys = export(folder)
    clean = json.loads(run("verify", log, "--keys", keys, "--json").stdout)
    assert (clean["clean"], clean["gateway"], clean["sealed"], clean["last_seq"]) == (True, "gallery", 10, 9)
    data = log.read_bytes()
    log.write_bytes(data[: 64 * 5] + data[64 * 6 :])
    result = run("verify", log, "--keys", keys, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)["findings"]
    assert [(f["position"], f["seq"], f["kind"]) for f in found] == [
        (5, 5, "gap"),
        (5, 5, "unproven"),
        (10, None, "truncated"),
    ]


def test_verify_unusable_input_is_exit_code_two(folder: Path) -> None:
    log, keys = export(folder)
    (folder / "text").write_text("no log")
    (folder / "binary").write_bytes(b"\xff\xfe" * 200)
    cases = [
        (folder / "text", keys, "not a Tocsin log"),
        (folder / "binary", keys, "not a Tocsin log"),
        (folder / "none", keys, "No such file"),
        (folder, keys, "Is a directory"),
        (log, folder / "none", "No such file"),
        (log, folder / "text", "no JSON"),
        (log, folder / "binary", "it is no text"),
        (log, secrets_path(folder / "keys", "gallery"), "format"),
    ]
    for file, key_file, reason in cases:
        result = run("verify", file, "--keys", key_file)
        assert result.exit_code == 2, reason
        assert reason in result.stderr
        assert result.stdout == ""
        assert reason in json.loads(run("verify", file, "--keys", key_file, "--json").stdout)["error"]


def test_verify_wrong_gateways_key_is_a_finding(folder: Path) -> None:
    log, _ = export(folder)
    write_key_file(folder / "other.keys", GatewaySecrets("storeroom", bytes(32), bytes(32)))
    result = run("verify", log, "--keys", folder / "other.keys")
    assert result.exit_code == 1
    assert result.stdout.startswith("header: wrong key: the log is of gateway gallery, the key of storeroom")


def test_export_gap_is_named_by_verify(tmp_path: Path) -> None:
    made = rows(10)
    with Store(tmp_path) as store:
        store.append([*made[:3], made[6]._replace(prev_mac=mac_of(made[5].record)), *made[7:]])
        (tmp_path / "g.tlog").write_bytes(export_log(store, "gallery", SECRETS))
    write_key_file(tmp_path / "g.keys", SECRETS)
    result = run("verify", tmp_path / "g.tlog", "--keys", tmp_path / "g.keys")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "record 5 (seq 6): gap: records 3 to 5 are missing"


def test_export_gap_filled_later_leaves_no_gap(tmp_path: Path) -> None:
    made = rows(10)
    with Store(tmp_path) as store:
        store.append([*made[:3], made[6]._replace(prev_mac=mac_of(made[5].record)), *made[7:]])
        store.append(made[3:6])
        assert len(export_log(store, "gallery", SECRETS)) == 64 * 12


def test_export_without_proof_for_a_gap_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append(rows(5)[2:])
        with pytest.raises(StoreError, match="lacks records 0 to 1"):
            export_log(store, "gallery", SECRETS)


def test_export_with_other_gateways_secrets_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(StoreError, match="secrets of gallery"):
        export_log(store, "storeroom", SECRETS)


def test_export_unknown_gateway_or_missing_secrets_names_the_remedy(folder: Path) -> None:
    result = run("export", "cellar", "--store", folder)
    assert result.exit_code == 1
    assert "tocsin provision" in result.stderr
    write_secrets(secrets_path(folder / "keys", "cellar"), SECRETS._replace(gateway="cellar"))
    result = run("export", "cellar", "--store", folder)
    assert "it has those of: gallery" in result.stderr
