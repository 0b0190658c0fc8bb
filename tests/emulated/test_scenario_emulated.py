"""A scenario file plays unchanged on emulated boards: the official image, our compiled files, the real collector."""

from pathlib import Path

import pytest
from tocsin_sim.play import play
from tocsin_sim.scenario import load_scenario
from tocsin_sim.tiers import EmulatedTier

MINUTE = Path(__file__).parents[2] / "sim" / "scenarios" / "minute.toml"


@pytest.mark.usefixtures("official_image")
def test_the_busy_minute_ends_clean_on_the_emulated_chip(tmp_path: Path) -> None:
    outcome = play(load_scenario(MINUTE), tmp_path, lambda _: None, EmulatedTier())
    assert outcome.complaints == []
    assert outcome.is_clean
    assert outcome.expected == outcome.sealed == outcome.verified > 30
