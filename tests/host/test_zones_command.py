"""`tocsin zones`: state and last test of each zone, from the records alone."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin import event
from tocsin.seal import Sealer
from tocsin_host import zones_command
from tocsin_host.cli import tocsin
from tocsin_host.store import Store, StoredRecord

STAFFED = Path(__file__).resolve().parents[2] / "sim" / "sites" / "staffed.toml"
DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zones_command.time, "time_ns", lambda: NOW_MS * 1_000_000)
    sealer = Sealer(bytes(32))
    told = [
        (event.TYPE_BOOT, 255, 0, NOW_MS - 50 * DAY_MS, 1, 0),
        (event.TYPE_TEST, 2, 0, NOW_MS - 41 * DAY_MS, 1, 1),
        (event.TYPE_ALARM, 1, event.pack_flags(1, 0, 4), NOW_MS - DAY_MS, 0, 0),
        (event.TYPE_INHIBIT, 1, 0, NOW_MS - DAY_MS, 7, 600),
        (event.TYPE_TEST, 3, 0, NOW_MS - 1000, 1, 1),
        (event.TYPE_TEST, 3, 0, NOW_MS, 3, 5),
        (event.TYPE_ALARM, 9, event.pack_flags(1, 0, 4), NOW_MS - DAY_MS, 0, 0),
        (event.TYPE_RESTORE, 9, event.pack_flags(0, 1, 4), 0, 0, 0),
    ]
    rows = []
    for seq, (kind, source, flags, utc_ms, value, count) in enumerate(told):
        data = sealer.seal(kind, source, flags, 1, 250, utc_ms, value, count)
        rows.append(StoredRecord("wing", seq, data, None, NOW_MS - 500))
    with Store(tmp_path) as store:
        store.append(rows)
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(tocsin, ["zones", "wing", "--store", str(folder), *arguments])


def test_lines(folder: Path) -> None:
    lines = [" ".join(line.split()) for line in run(folder).output.splitlines()]
    assert lines[0].startswith("1 zone 1 alarm, inhibited since 2026-09-20T")
    assert lines[0].endswith("never tested")
    assert lines[1] == "2 zone 2 normal no record of its state tested 41 days ago"
    assert lines[2] == "3 zone 3 normal no record of its state tested today"
    assert lines[-1] == "zone 2 not tested for 41 days"


def test_names_and_zones_without_a_record_come_from_the_site(folder: Path) -> None:
    result = run(folder, "--site", str(STAFFED))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("  1  front door")
    assert lines[-1] == "PIR not tested for 41 days"
    patient = folder / "patient.toml"
    patient.write_text(STAFFED.read_text("utf-8").replace("test_days = 30", "test_days = 42"), "utf-8")
    assert "not tested" not in run(folder, "--site", str(patient)).output
    assert any(line.split()[:2] == ["11", "cellar"] and "tested" not in line for line in lines)


def test_json(folder: Path) -> None:
    found = [json.loads(line) for line in run(folder, "--json").output.splitlines()]
    assert found[1] == {
        "zone": 2,
        "name": "",
        "state": "normal",
        "since_utc_ms": None,
        "inhibited": False,
        "last_tested_utc_ms": NOW_MS - 41 * DAY_MS,
        "days_since_tested": 41,
        "is_testable": True,
    }
    # A record without UTC counts from when it came in.
    assert found[-1]["since_utc_ms"] == NOW_MS - 500


def test_an_unknown_gateway(folder: Path) -> None:
    result = CliRunner().invoke(tocsin, ["zones", "attic", "--store", str(folder)])
    assert result.exit_code == 1
    assert "no records of attic; it has those of: wing" in result.output
