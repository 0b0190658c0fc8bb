"""People on the emulated chip: a reader, the roster in flash, and the whole way to the collector."""

from pathlib import Path

import pytest
from tocsin_sim.play import play
from tocsin_sim.scenario import load_scenario
from tocsin_sim.tiers import EmulatedTier

STAFFED = Path(__file__).parents[2] / "sim" / "sites" / "staffed.toml"
SCENARIO = f"""
name = "touch"
site = "{STAFFED}"
start = 2026-03-08T22:30:00Z
duration_s = 12
[[event]]
at_s = 6.0
do = "touch"
gateway = "wing"
zone = "reader"
person = "G. Celik"
[[expect]]
at_s = 6.0
gateway = "wing"
zone = "reader"
type = "access"
value = 3
count = 0
[[expect]]
at_s = 6.0
gateway = "wing"
type = "mode"
value = 0
count = 769
[[event]]
at_s = 9.0
do = "touch"
gateway = "wing"
zone = "cellar"
rom = "01-000000000bad"
[[expect]]
at_s = 9.0
gateway = "wing"
zone = "cellar"
type = "access"
value = 0
count = 1
"""


@pytest.mark.usefixtures("official_image")
def test_a_guard_is_let_in_at_night_and_a_stranger_is_not(tmp_path: Path) -> None:
    (tmp_path / "touch.toml").write_text(SCENARIO)
    outcome = play(load_scenario(tmp_path / "touch.toml"), tmp_path / "run", lambda _: None, EmulatedTier())
    assert outcome.complaints == []
    assert outcome.is_clean
