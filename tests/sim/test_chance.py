"""A scenario that leaves things to chance: the week in lockdown, cut down to an hour and a half."""

from dataclasses import replace
from pathlib import Path

import pytest
from tocsin.event import ACCESS_OUTSIDE, ACCESS_REPEATED, ACCESS_TAKEN, ACCESS_UNKNOWN
from tocsin_sim.chance import with_chance
from tocsin_sim.play import play
from tocsin_sim.scenario import Chance, Daily, Scenario, ScenarioError, load_scenario

WEEK = Path(__file__).parents[2] / "sim" / "scenarios" / "long" / "lockdown-week.toml"
DAILY = [Daily(after_h=0.2, mode="open"), Daily(after_h=0.6, mode="lockdown")]
CHANCE = Chance(events_a_zone=3, link_cuts=1, power_cuts=1, collector_kills=1, daily=DAILY)


def _hour_and_a_half(chance: Chance = CHANCE) -> Scenario:
    return replace(load_scenario(WEEK), duration_ms=5_400_000, chance=chance)


def test_the_week_is_thousands_of_events_and_repeats_with_its_seed() -> None:
    first, again, other = (with_chance(load_scenario(WEEK, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first.actions != other.actions
    assert len(first.expects) > 3000
    verbs = {action.do for action in first.actions}
    assert {"power-cut", "link-cut", "collector-kill", "clock-step", "order", "cut", "short", "vanish"} <= verbs
    assert {"touch", "gust", "set"} <= verbs
    outcomes = {expect.count for expect in first.expects if expect.type == "access"}
    assert outcomes == {ACCESS_TAKEN, ACCESS_UNKNOWN, ACCESS_OUTSIDE, ACCESS_REPEATED}
    who = {expect.value for expect in first.expects if expect.type == "access" and expect.count == ACCESS_TAKEN}
    assert who == {1, 2, 3, 4}, "everybody comes at some time"
    measured = {action.zone for action in first.actions if action.do == "set"}
    assert measured == {"climate", "damp", "shelves", "river", "battery"}
    assert sum(action.do == "order" for action in first.actions) == 7 * 2 * 3


def test_what_is_left_to_chance_ends_with_nothing_lost_forged_or_unexpected(tmp_path: Path) -> None:
    outcome = play(_hour_and_a_half(), tmp_path, lambda _: None)
    assert outcome.complaints == []
    assert outcome.is_clean
    assert outcome.expected == outcome.sealed == outcome.verified > 1500


def test_more_than_the_time_has_room_for_is_refused() -> None:
    with pytest.raises(ScenarioError, match="no room for another"):
        with_chance(_hour_and_a_half(CHANCE.model_copy(update={"power_cuts": 500})))
