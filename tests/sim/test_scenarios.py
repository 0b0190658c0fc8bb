"""Whole runs on virtual boards: the firmware on the MicroPython VM, the real collector as a process of its own."""

from pathlib import Path

import pytest
from tocsin_host.store import Store
from tocsin_sim.night import make_night
from tocsin_sim.outcome import Outcome
from tocsin_sim.play import play
from tocsin_sim.scenario import ScenarioError, load_scenario
from tocsin_sim.tiers import VirtualTier

SCENARIOS = Path(__file__).parents[2] / "sim" / "scenarios"
MUSEUM = Path(__file__).parents[2] / "sim" / "sites" / "museum.toml"


def _play(name: str, folder: Path, seed: int | None = None) -> Outcome:
    return play(load_scenario(SCENARIOS / name, seed), folder, lambda _: None)


@pytest.mark.parametrize("name", sorted(path.name for path in SCENARIOS.glob("*.toml")))
def test_every_scenario_ends_clean(name: str, tmp_path: Path) -> None:
    outcome = _play(name, tmp_path)
    assert outcome.complaints == []
    assert outcome.is_clean
    assert outcome.expected == outcome.sealed == outcome.verified > 15


def test_two_runs_with_faults_give_the_same_bytes(tmp_path: Path) -> None:
    exports = []
    for run in ("one", "two"):
        _play("faults.toml", tmp_path / run)
        exports.append({path.name: path.read_bytes() for path in (tmp_path / run).glob("*.tlog")})
    assert len(exports[0]) == 2
    assert exports[0] == exports[1]


def test_another_seed_gives_other_bounce_and_other_keys(tmp_path: Path) -> None:
    exports = []
    for seed in (7, 8):
        assert _play("minute.toml", tmp_path / str(seed), seed).is_clean
        exports.append((tmp_path / str(seed) / "gallery.tlog").read_bytes())
    assert exports[0] != exports[1]


def test_killed_collector_leaves_no_duplicates_in_the_store(tmp_path: Path) -> None:
    outcome = _play("faults.toml", tmp_path)
    with Store(tmp_path / "store", read_only=True) as store:
        numbers = {gateway: [row.seq for row in store.records(gateway)] for gateway in store.gateways()}
        # The gallery's cable is out for two minutes.
        told = [(finding.gateway, finding.kind) for finding in store.findings()]
        assert told == [("gallery", "silent"), ("gallery", "heard again")]
    assert all(seqs == list(range(len(seqs))) for seqs in numbers.values())
    assert sum(map(len, numbers.values())) == outcome.sealed


def test_a_missing_event_is_lost_and_an_undeclared_one_unexpected(tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIOS / "minute.toml")
    door, *others = scenario.expects
    moved = door.model_copy(update={"at_s": 50.0})
    wrong = scenario.__class__(**{**scenario.__dict__, "expects": [moved, *others]})
    outcome = play(wrong, tmp_path, lambda _: None, VirtualTier({"/last-error.txt": b"ValueError: once"}))
    assert (outcome.lost, outcome.unexpected, outcome.forged) == (1, 1, 0)
    assert not outcome.is_clean
    assert f"{door.gateway}: the last error on the board: ValueError: once" in outcome.complaints


def test_a_night_repeats_with_its_seed_and_changes_with_it() -> None:
    first, again, other = make_night(MUSEUM, 1), make_night(MUSEUM, 1), make_night(MUSEUM, 2)
    assert first == again
    assert first.actions != other.actions
    verbs = {action.do for action in first.actions}
    assert {"power-cut", "link-cut", "collector-kill", "clock-step", "order", "interference", "vanish"} <= verbs


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = 1\n", "name: Input should be a valid string"),
        ("not toml", "not TOML"),
        ('zone = "front door"\ndo = "explode"', "do: Input should be"),
        ('gateway = "attic"\nzone = "door"\ndo = "activate"', 'no gateway "attic"; the site has gallery, storeroom'),
        ('gateway = "gallery"\nzone = "moat"\ndo = "activate"', 'no zone "moat"; it has'),
        ('gateway = "gallery"\nzone = "case"\ndo = "short"', "write activate or interference"),
        ('gateway = "gallery"\nzone = "climate"\ndo = "set"', "write set with celsius, or vanish with for_s"),
        ('do = "activate"\nat_s = -1', "at_s: Input should be greater than or equal to 0"),
    ],
)
def test_a_scenario_that_cannot_be_played_says_what_to_write(text: str, told: str, tmp_path: Path) -> None:
    head = f'name = "x"\nsite = "{MUSEUM}"\nstart = 2026-03-14T22:00:00Z\nduration_s = 5\n'
    event = f"[[event]]\n{text}\n" + ("" if "at_s" in text else "at_s = 1.0\n")
    path = tmp_path / "bad.toml"
    path.write_text(
        text if text in ("not toml",) else (head.replace('"x"', "1") if "name = 1" in text else head + event)
    )
    with pytest.raises(ScenarioError) as caught:
        play(load_scenario(path), tmp_path / "out", lambda _: None)
    assert told in str(caught.value)


def test_a_start_without_zone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(f'name = "x"\nsite = "{MUSEUM}"\nstart = 2026-03-14T22:00:00\nduration_s = 5\n')
    with pytest.raises(ScenarioError, match="with a Z at its end"):
        load_scenario(path)
