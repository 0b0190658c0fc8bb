"""The link bench: the same seed gives the same figures, the line does what it says, and a bar can fall short."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from tocsin_sim.bench import link_run
from tocsin_sim.bench.bars import exit_code
from tocsin_sim.bench.command import bench
from tocsin_sim.bench.link_cell import OURS, Cell, Trouble, quantile
from tocsin_sim.bench.link_kill import KillRun, run_kills
from tocsin_sim.bench.link_model import LinkModel
from tocsin_sim.bench.link_peers import PEERS, run_peer
from tocsin_sim.bench.link_wire import SERIAL, USB, Wire

ROUGH = Trouble(0.002, 400, 1500, 1500, 2000, 0.5)


def test_wire_takes_its_time_and_keeps_the_order() -> None:
    wire = Wire(SERIAL, 0.0, Random(1))
    wire.put(b"a" * 1152, 0, False)
    wire.put(b"b" * 1152, 0, False)
    assert wire.is_full(0)
    assert wire.take(100.4) == b""
    assert wire.take(100.6) == b"a" * 1152
    assert not wire.is_full(150)
    assert wire.take(200.6) == b"b" * 1152
    wire.put(b"c", 300, True)
    assert wire.take(1000) == b""
    wire.put(b"d", 1000, False)
    wire.cut()
    assert wire.take(2000) == b""


@pytest.mark.parametrize("corruption", [0.001, 0.01, 0.2])
def test_wire_damages_the_share_it_is_told_to(corruption: float) -> None:
    wire = Wire(USB, corruption, Random(2))
    sent = bytes(1_000_000)
    for at in range(0, len(sent), 1000):
        wire.put(sent[at : at + 1000], at, False)
    came = wire.take(1e9)
    damaged = sum(byte != 0 for byte in came)
    assert len(came) == len(sent)
    assert 0.9 * corruption < damaged / len(sent) < 1.1 * corruption


def test_everything_at_once_loses_nothing_and_repeats_to_the_byte(tmp_path: Path) -> None:
    cells = [LinkModel(1500, USB, ROUGH, 3, tmp_path / name).run() for name in ("first", "second")]
    cell = cells[0]
    assert (cell.lost, cell.wrong, cell.doubled, cell.findings) == (0, 0, 0, 0)
    assert set(cell.mishaps) == {"burst", "outage", "kill", "cut"}
    assert cell.recovery_ms() != []
    assert cells[0].figures() | {"cpu_us_per_record": 0} == cells[1].figures() | {"cpu_us_per_record": 0}


def test_peers_lose_and_the_one_without_a_checksum_takes_what_is_wrong() -> None:
    cells = {name: run_peer(name, 2000, USB, Trouble(0.005), 1) for name in PEERS}
    assert cells["JSON lines, no checksum"].wrong > 10
    assert cells["COBS and CRC, no resend"].wrong == 0
    assert all(cell.lost > 500 for cell in cells.values())
    sound = [run_peer(name, 500, USB, Trouble(), 1) for name in PEERS]
    assert [(cell.lost, cell.wrong, cell.doubled) for cell in sound] == [(0, 0, 0)] * 2


def test_a_lost_record_and_a_slow_line_fall_short() -> None:
    good = Cell(OURS, USB.name, Trouble(), 100, joined_ms=400.0)
    kill = KillRun(100, 1, 0, 0, 0, 0, [1.0])
    assert exit_code(link_run._bars([good], [good], kill)) == 0
    for bad in (
        replace(good, lost=1),
        replace(good, wrong=1),
        replace(good, doubled=1),
        replace(good, joined_ms=501.0),
    ):
        assert exit_code(link_run._bars([bad], [good], kill)) == 1
    late = replace(good, recoveries_ms={"outage": [1001.0]})
    assert exit_code(link_run._bars([good], [late], kill)) == 1
    assert exit_code(link_run._bars([good], [good], replace(kill, lost=1))) == 1


def test_quantile_is_a_value_that_was_measured() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([3.0, 1.0, 2.0], 1) == 3.0


def test_collector_killed_with_minus_nine_while_a_gateway_drains(tmp_path: Path) -> None:
    kill = run_kills(3000, 3, 5, tmp_path)
    assert (kill.records, kill.kills, len(kill.restart_ms)) == (3000, 3, 4)
    assert (kill.lost, kill.wrong, kill.doubled, kill.findings) == (0, 0, 0, 0)


def test_command_leaves_figures_and_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(link_run.MODES, "quick", link_run.Mode("quick", 300, 100, 100, 200, 1))
    monkeypatch.setattr(link_run, "CORRUPTIONS", (0.0, 0.0001, 0.001, 0.005, 0.005))
    result = CliRunner().invoke(bench, ["link", "--quick", "--out", str(tmp_path)])
    assert result.exit_code in (0, 1), result.output
    found = json.loads((tmp_path / "bench-link.json").read_text())
    assert (found["bench"], found["mode"], found["seed"]) == ("link", "quick", 1)
    assert [len(found["grid"][part]["rows"]) for part in ("draining", "troubled")] == [20, 20]
    assert {bar["name"]: bar["ok"] for bar in found["bars"]}["records lost"] is True
    assert (tmp_path / "bench-link.png").stat().st_size > 10_000
