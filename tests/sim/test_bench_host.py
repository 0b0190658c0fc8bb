"""The host bench: what it plays is all there, its judge judges, and a bar that falls short fails the command.

Small runs only; the figures themselves are the bench's.
"""

import json
from collections import Counter
from dataclasses import replace

import pytest
from click.testing import CliRunner
from tocsin_host.cli import tocsin
from tocsin_sim.bench import host_run
from tocsin_sim.bench.bars import Bar, exit_code
from tocsin_sim.bench.host_load import Shape, run_load
from tocsin_sim.bench.host_store import measure_storing
from tocsin_sim.bench.host_verify import Verification, measure_verification

SHAPE = Shape(gateways=20, seconds=40, burst_gateways=3, burst_records=5)
SOUND = Verification(5000, 2.0, 2.2, 2.8, 0.9, 0.7)
TINY = host_run.Mode("quick", 1, 200, SHAPE)


def test_all_that_was_sent_is_stored_and_acknowledged(tmp_path):
    load = run_load(tmp_path, SHAPE, 1)
    bursts, outage = 2 * 3 * 5, 20 * 6
    assert load.sent == load.stored == load.acknowledged == 20 * 4 + bursts + outage
    assert load.latencies_ms.total() == load.sent
    assert load.findings == 0
    assert len(load.share_by_second) <= 41
    assert load.latency_ms(0.5) <= load.latency_ms(0.99) <= load.latency_ms(1) == max(load.latencies_ms)
    assert len(load.memory) >= 35


def test_memory_growth_is_counted_from_a_quarter_of_the_run(tmp_path):
    load = run_load(tmp_path, Shape(gateways=1, seconds=10), 1)
    load.memory = [1, 50, 100, 101, 99, 100, 103, 102]
    assert load.memory_growth == 103 - 101


def test_every_way_of_storing_stores(tmp_path):
    rows = measure_storing(tmp_path, 200)
    assert [(one.records, one.survives, one.proves) for one in rows] == [
        (10, True, True),
        (200, True, True),
        (200, True, True),
        (10, True, False),
        (10, True, False),
        (200, False, False),
    ]
    lines = (tmp_path / "0-JSON lines, never synced/events.jsonl").read_text().splitlines()
    assert json.loads(lines[199]) == {"gateway": "gallery", "type": 6, "source": 255, "value": 0, "time": 1_990_000}


def test_verification_times_all_three():
    found = measure_verification(1)
    assert found.records == 5000
    assert min(found.bare_us, found.log_us, found.arriving_us, found.log_ratio, found.arriving_ratio) > 0


def test_a_bar_may_be_a_least_value():
    assert [Bar("x", value, 0.8, True).ok for value in (0.79, 0.8, 0.9, None)] == [False, True, True, None]
    assert exit_code([Bar("x", 0.7, 0.8, True)]) == 1


@pytest.mark.parametrize("missing", [0, 1])
def test_command_leaves_its_files_and_fails_when_a_record_is_missing(tmp_path, monkeypatch, missing):
    played = run_load

    def lossy(*arguments):
        load = played(*arguments)
        times = {
            "cpu_s": 0.0,
            "share_by_second": [0.0] * 40,
            "memory": [1] * 40,
            "latencies_ms": Counter({1: load.sent}),
        }
        return replace(load, stored=load.stored - missing, **times)

    monkeypatch.setattr(host_run, "run_load", lossy)
    monkeypatch.setitem(host_run.MODES, "quick", TINY)
    monkeypatch.setattr(host_run, "measure_verification", lambda slices: SOUND)
    result = CliRunner().invoke(tocsin, ["bench", "host", "--quick", "--out", str(tmp_path)])
    assert result.exit_code == missing, result.output
    figures = json.loads((tmp_path / "bench-host.json").read_text())
    assert (figures["bench"], figures["mode"], figures["load"]["sent"]) == ("host", "quick", 230)
    short = [bar["name"] for bar in figures["bars"] if not bar["ok"]]
    assert short == ["records sent and not stored"] * missing
    assert (tmp_path / "bench-host.png").stat().st_size > 10_000
    assert "Bars" in result.stdout
