"""The gateway's bench: figures, bars and exit code, from figures made up here; the chip's part is in tests/emulated."""

import json
import math
from dataclasses import replace

import pytest
from click.testing import CliRunner
from tocsin_sim.bench import gateway_picture, gateway_report
from tocsin_sim.bench.bars import exit_code
from tocsin_sim.bench.command import bench
from tocsin_sim.bench.gateway_chip import Costs, Delays
from tocsin_sim.bench.gateway_run import MODES, Chip, Run, percentile

COSTS = Costs(
    {"bare": [600, 800], "naive": [1800], "seal": [1200], "record": [1700, 1500, 46_600, 1600], "append": [52_000]}
)
DELAYS = Delays([30.0, 40.0, 55.0], 0, 0, 2, 700.0)
RUN = Run(MODES["quick"], 1, Chip("an image", COSTS, DELAYS, 90_000))


def values(run):
    return [(bar.value, bar.ok) for bar in run.bars]


def test_records_that_waited_for_an_erase_are_counted_apart():
    assert (COSTS.burst_us, COSTS.erases, COSTS.mean_us("record")) == (1600, 1, 12_850)


def test_a_good_run_clears_every_bar():
    assert values(RUN) == [
        (625, True),
        (1.714, True),
        (55.0, True),
        (0, True),
        (0, True),
        (700, True),
        (90_000, True),
    ]
    assert exit_code(RUN.bars) == 0


@pytest.mark.parametrize(
    ("changes", "short"),
    [
        ({"costs": Costs({**COSTS.spent_us, "record": [2200]})}, [0, 1]),
        ({"costs": Costs({**COSTS.spent_us, "bare": [450]})}, [1]),
        ({"delays": replace(DELAYS, edge_to_row_ms=[60.1])}, [2]),
        ({"delays": replace(DELAYS, edge_to_row_ms=[], edges_without_row=3)}, [2, 3]),
        ({"delays": replace(DELAYS, samples_lost=1)}, [4]),
        ({"delays": replace(DELAYS, first_sample_ms=1001.0)}, [5]),
        ({"heap_free_bytes": 81_919}, [6]),
    ],
)
def test_what_falls_short_fails_the_run(changes, short):
    run = replace(RUN, chip=replace(RUN.chip, **changes))
    assert [number for number, bar in enumerate(run.bars) if not bar.ok] == short
    assert exit_code(run.bars) == 1


def test_percentiles_are_of_the_nearest_rank():
    values = [float(value) for value in range(1, 201)]
    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [2, 100, 198, 200]
    assert percentile([7.0], 99) == 7
    assert math.isnan(percentile([], 99))


def test_figures_and_picture_hold_a_run(tmp_path, capsys):
    gateway_picture.draw(RUN, tmp_path / "picture.png")
    gateway_report.show(RUN)
    found = json.loads(json.dumps(gateway_report.figures(RUN)))
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert found["emulated"]["spent_us"]["record"] == [1700, 1500, 46_600, 1600]
    assert found["bars"][1] == RUN.bars[1].figures()
    assert "edge to verified row over USB" in capsys.readouterr().out


def test_without_the_image_nothing_is_cleared_and_nothing_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("TOCSIN_UF2", str(tmp_path / "absent.uf2"))
    result = CliRunner().invoke(bench, ["gateway", "--quick", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "bench-gateway.json").read_text())
    assert {bar["ok"] for bar in found["bars"]} == {None}
    assert found["tiers"]["emulated"].startswith("not run: no firmware image")
    assert (tmp_path / "bench-gateway.png").exists()
