"""Scenario files play unchanged on emulated boards: the official image, our compiled files, the real collector."""

from pathlib import Path

import pytest
from tocsin_sim.play import play
from tocsin_sim.scenario import load_scenario
from tocsin_sim.tiers import EmulatedTier

SCENARIOS = Path(__file__).parents[2] / "sim" / "scenarios"


@pytest.mark.usefixtures("official_image")
@pytest.mark.parametrize(("name", "least"), [("minute.toml", 30), ("sensors.toml", 15)])
def test_a_scenario_ends_clean_on_the_emulated_chip(name: str, least: int, tmp_path: Path) -> None:
    outcome = play(load_scenario(SCENARIOS / name), tmp_path, lambda _: None, EmulatedTier())
    assert outcome.complaints == []
    assert outcome.is_clean
    assert outcome.expected == outcome.sealed == outcome.verified > least
