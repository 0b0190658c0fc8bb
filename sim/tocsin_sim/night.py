"""A night in a museum, made from a seed: visitors leave, doors bounce, water comes, power and host fail.

Role in the flow: before stage 1. Context: CPython.
"""

import datetime
from pathlib import Path
from random import Random

from tocsin_host.site import load_site

from tocsin_sim.plan import Plan
from tocsin_sim.plan_zones import plan_zone
from tocsin_sim.scenario import Scenario

START = datetime.datetime(2026, 3, 14, 22, 0, tzinfo=datetime.UTC)
NIGHT_S = 8 * 3600

# Opening hours end half an hour into the night.
_OPEN_FROM_S, _OPEN_TO_S = 30, 1800
_EVENTS_A_ZONE = 8


def make_night(site_path: Path, seed: int) -> Scenario:
    """The night of `seed` for a site; the same seed gives the same night."""
    plan = Plan(load_site(site_path), START, Random(f"night/{seed}"), NIGHT_S)
    _plan_failures(plan)
    for gateway in plan.site.gateways:
        # They start closed, as they must when nobody has told them otherwise.
        plan.order(gateway.name, _OPEN_FROM_S, "open")
        plan.order(gateway.name, _OPEN_TO_S, "closed")
    for gateway in plan.site.gateways:
        for zone in gateway.zones:
            plan_zone(plan, gateway, zone, _EVENTS_A_ZONE)
    return Scenario("night", site_path.resolve(), START, NIGHT_S * 1000, seed, plan.actions, plan.expects)


def _plan_failures(plan: Plan) -> None:
    """An hour of outage, a power cut for every gateway, a killed collector, a clock that jumps."""
    names = [gateway.name for gateway in plan.site.gateways]
    jitter_s = plan.random.uniform(0, 300)
    plan.act(at_s=round(4200 + jitter_s, 3), do="link-cut", gateway=names[0], for_s=3600)
    for place, name in enumerate(names):
        at_s = round(10_800 + 5400 * place + jitter_s, 3) + 0.137
        plan.act(at_s=at_s, do="power-cut", gateway=name, for_s=45)
        plan.forbidden[name] = [(at_s, at_s + 45)]
    plan.act(at_s=round(14_400 + jitter_s, 3), do="collector-kill", for_s=300)
    plan.act(at_s=round(20_000 + jitter_s, 3), do="clock-step", step_s=2.5)
