"""What a scenario leaves to chance: its `[chance]` table, made into events and what must come of them.

Role in the flow: before stage 1. Context: CPython. Reference for the user: docs/scenarios.md.
"""

from dataclasses import replace
from random import Random

from tocsin_host.site import load_site

from tocsin_sim.plan import MARGIN_S, Plan, PlanError, Spans
from tocsin_sim.plan_people import expect_modes, plan_reader
from tocsin_sim.plan_zones import plan_zone
from tocsin_sim.scenario import Chance, Scenario, ScenarioError

_DAY_S = 86_400
# A gateway asks for the time every 600 s, and nothing may keep it from it after a step of the clock.
_STEP_SEEN_WITHIN_S = 620
_POWER_CUT_S = 45
# Heartbeats of two hours fit into the journal with room to spare.
_LINK_CUT_MAX_S = 7200
_LINK_CUT_MAX_SHARE = 12


def with_chance(scenario: Scenario) -> Scenario:
    """The scenario with what chance adds to it; the same seed adds the same. Raises: ScenarioError, SiteError."""
    if scenario.chance is None:
        return scenario
    return _drawn(scenario, scenario.chance)


def _drawn(scenario: Scenario, chance: Chance) -> Scenario:
    random = Random(f"chance/{scenario.seed}")
    plan = Plan(load_site(scenario.site), scenario.start, random, scenario.duration_ms / 1000)
    try:
        failures = _plan_what_concerns_all(plan, chance)
        for gateway in plan.site.gateways:
            _plan_failures(plan, chance, gateway.name, list(failures))
            # Modes first: what the other zones do follows from them.
            for zone in gateway.zones:
                if zone.kind == "reader":
                    plan_reader(plan, gateway, zone, chance.events_a_zone)
            for zone in gateway.zones:
                plan_zone(plan, gateway, zone, chance.events_a_zone)
        expect_modes(plan)
    except PlanError as error:
        raise ScenarioError(f"{scenario.name}: {error}") from None
    return replace(
        scenario, chance=None, actions=[*scenario.actions, *plan.actions], expects=[*scenario.expects, *plan.expects]
    )


def _plan_what_concerns_all(plan: Plan, chance: Chance) -> Spans:
    """Orders by the clock, steps of it, killed collectors; when no gateway may lose its host because of them."""
    taken: Spans = []
    for day in range(int(plan.duration_s // _DAY_S) + 1):
        for daily in chance.daily:
            at_s = day * _DAY_S + daily.after_h * 3600
            if at_s < plan.duration_s - 4 * MARGIN_S:
                taken.append((at_s, at_s))
                for gateway in plan.site.gateways:
                    plan.order(gateway.name, at_s, daily.mode)
    for _ in range(chance.clock_steps):
        at_s = plan.moment("", taken, _STEP_SEEN_WITHIN_S)
        plan.act(at_s=at_s, do="clock-step", step_s=round(plan.random.uniform(-30, 30), 3))
    kills = list(taken)
    for _ in range(chance.collector_kills):
        for_s = round(plan.random.uniform(5, 600), 3)
        at_s = plan.moment("", kills, for_s)
        plan.act(at_s=at_s, do="collector-kill", for_s=for_s)
        plan.kills.append((at_s, at_s + for_s))
    return taken


def _plan_failures(plan: Plan, chance: Chance, name: str, taken: Spans) -> None:
    """A gateway's cables and power."""
    longest_s = min(_LINK_CUT_MAX_S, plan.duration_s / _LINK_CUT_MAX_SHARE)
    for _ in range(chance.link_cuts):
        for_s = round(plan.random.uniform(1, longest_s), 3)
        plan.act(at_s=plan.moment(name, taken, for_s), do="link-cut", gateway=name, for_s=for_s)
    for _ in range(chance.power_cuts):
        at_s = plan.moment(name, taken, _POWER_CUT_S)
        plan.act(at_s=at_s, do="power-cut", gateway=name, for_s=_POWER_CUT_S)
        plan.forbidden.setdefault(name, []).append((at_s, at_s + _POWER_CUT_S))
        plan.power_cuts.setdefault(name, []).append((at_s, at_s + _POWER_CUT_S))
