"""The field rehearsal, as `make field-rehearsal` plays it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tocsin_host.cli import tocsin
from tocsin_sim.rehearsal.steps import STEPS


@pytest.mark.usefixtures("official_image")
def test_every_step_comes_out_as_it_must(tmp_path: Path) -> None:
    result = CliRunner().invoke(tocsin, ["sim", "rehearse", "--out", str(tmp_path / "bench"), "--json"])
    told = json.loads(result.output)
    assert [(step["step"], step["ok"]) for step in told["steps"]] == [(step.__name__, True) for step in STEPS]
    assert result.exit_code == 0
