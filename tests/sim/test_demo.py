"""`tocsin demo` as a newcomer runs it: the whole night, its summary, and logs that the independent verifier takes."""

import json
import subprocess
import sys
from pathlib import Path

from tocsin_host.store import Store

KEYS = ["expected", "sealed", "verified", "lost", "forged", "unexpected", "virtual_seconds", "wall_seconds"]


def _tocsin(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tocsin_host.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_the_night_ends_with_nothing_lost_forged_or_unexpected(tmp_path: Path) -> None:
    out = tmp_path / "night"
    result = _tocsin("demo", "--json", "--seed", "5", "--out", str(out))
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert list(summary) == KEYS
    assert (summary["lost"], summary["forged"], summary["unexpected"]) == (0, 0, 0)
    assert summary["expected"] == summary["sealed"] == summary["verified"] > 5000
    assert summary["virtual_seconds"] >= 8 * 3600
    with Store(out / "store", read_only=True) as store:
        told = [finding.kind for finding in store.findings()]
    # The hour of outage, and a power cut of each gateway: the simulation's clock makes nobody else silent.
    assert sorted(set(told)) == ["heard again", "silent"]
    assert told.count("silent") == told.count("heard again") <= 3
    for gateway in ("gallery", "storeroom"):
        verified = _tocsin("verify", str(out / f"{gateway}.tlog"), "--keys", str(out / f"{gateway}.keys"), "--json")
        assert verified.returncode == 0, verified.stdout


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("do not touch")
    result = _tocsin("demo", "--out", str(tmp_path))
    assert result.returncode != 0
    assert "not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
