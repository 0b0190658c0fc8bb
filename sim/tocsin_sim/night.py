"""A night in a museum, made from a seed: visitors leave, doors bounce, water comes, power and host fail.

Role in the flow: before stage 1. Context: CPython.
What must come of each event follows from physics (how long contacts bounce, how long a layer takes), not from the
firmware.
"""

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tocsin.analog import LOOP_CONFIRMATIONS, LOOP_PERIOD_MS
from tocsin.debounce import ALARM_SAMPLES
from tocsin.event import MODE_OPEN
from tocsin_host.site import load_site
from tocsin_host.site_model import Gateway, Site, Zone

from tocsin_sim.bounce import LONGEST_US
from tocsin_sim.scenario import Action, Expect, Scenario

START = datetime.datetime(2026, 3, 14, 22, 0, tzinfo=datetime.UTC)
NIGHT_S = 8 * 3600

# Opening hours end half an hour into the night.
_OPEN_FROM_S, _OPEN_TO_S = 30, 1800
# Nothing is planned this close to a power cut, an order, or the end: what comes of it would be open to argument.
_MARGIN_S = 20
# An alarm's time is that of the sample that decided it.
_SLACK_MS = 2
_EVENTS_A_ZONE = 8
_BOUNCES = tuple(LONGEST_US)


@dataclass
class _Plan:
    """What has been planned so far."""

    site: Site
    random: Random
    actions: list[Action] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    forbidden: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def moment(self, gateway: str, busy: list[tuple[float, float]], for_s: float) -> float:
        """A free time for something that lasts `for_s`, to the millisecond; it is `busy` from now on."""
        while True:
            at_s = round(self.random.uniform(2 * _MARGIN_S, NIGHT_S - for_s - 4 * _MARGIN_S), 3)
            taken = (*busy, *self.forbidden.get(gateway, ()))
            if all(at_s + for_s + _MARGIN_S < start or at_s > end + _MARGIN_S for start, end in taken):
                busy.append((at_s, at_s + for_s))
                return at_s

    def expect(self, gateway: str, zone: str, kind: str, at_ms: float, within_ms: float, count: int | None = 0) -> None:
        """Event `kind` must come between `at_ms` and `within_ms` later."""
        entry = {"at_s": at_ms / 1000, "within_s": within_ms / 1000, "type": kind, "gateway": gateway, "zone": zone}
        self.expects.append(Expect.model_validate({**entry, "count": count}))


def make_night(site_path: Path, seed: int) -> Scenario:
    """The night of `seed` for a site; the same seed gives the same night."""
    plan = _Plan(load_site(site_path), Random(f"night/{seed}"))
    for gateway in plan.site.gateways:
        plan.forbidden[gateway.name] = []
    _plan_failures(plan)
    _plan_opening_hours(plan)
    for gateway in plan.site.gateways:
        for zone in gateway.zones:
            _plan_zone(plan, gateway, zone)
    return Scenario("night", site_path.resolve(), START, NIGHT_S * 1000, seed, plan.actions, plan.expects)


def _plan_failures(plan: _Plan) -> None:
    """An hour of outage, a power cut for every gateway, a killed collector, a clock that jumps."""
    names = [gateway.name for gateway in plan.site.gateways]
    jitter_s = plan.random.uniform(0, 300)
    plan.actions.append(Action(at_s=round(4200 + jitter_s, 3), do="link-cut", gateway=names[0], for_s=3600))
    for place, name in enumerate(names):
        at_s = round(10_800 + 5400 * place + jitter_s, 3) + 0.137
        plan.actions.append(Action(at_s=at_s, do="power-cut", gateway=name, for_s=45))
        plan.forbidden[name].append((at_s, at_s + 45))
    plan.actions.append(Action(at_s=round(14_400 + jitter_s, 3), do="collector-kill", for_s=300))
    plan.actions.append(Action(at_s=round(20_000 + jitter_s, 3), do="clock-step", step_s=2.5))


def _plan_opening_hours(plan: _Plan) -> None:
    """The gateways start closed, as they must when nobody has told them otherwise."""
    for gateway in plan.site.gateways:
        for at_s, mode in ((_OPEN_FROM_S, "open"), (_OPEN_TO_S, "closed")):
            plan.actions.append(
                Action.model_validate({"at_s": at_s, "do": "order", "gateway": gateway.name, "mode": mode})
            )
            plan.forbidden[gateway.name].append((at_s, at_s))


def _plan_zone(plan: _Plan, gateway: Gateway, zone: Zone) -> None:
    busy: list[tuple[float, float]] = []
    planner = {"contact": _plan_contact, "loop": _plan_loop, "temperature": _plan_temperature}[zone.wirings[0]]
    planner(plan, gateway, zone, busy)


def _alarm_kind(zone: Zone, at_s: float) -> str:
    is_open = _OPEN_FROM_S < at_s < _OPEN_TO_S
    return "activity" if is_open and zone.responses[MODE_OPEN] == "log" else "alarm"


def _plan_contact(plan: _Plan, gateway: Gateway, zone: Zone, busy: list[tuple[float, float]]) -> None:
    random = plan.random
    for _ in range(_EVENTS_A_ZONE):
        bounce = random.choice(_BOUNCES)
        for_s = round(random.uniform(0.4, 8), 3)
        at_s = plan.moment(gateway.name, busy, for_s)
        action = {"at_s": at_s, "do": "activate", "gateway": gateway.name, "zone": zone.name, "for_s": for_s}
        plan.actions.append(Action.model_validate({**action, "bounce": bounce}))
        decided_ms = ALARM_SAMPLES - 1
        within_ms = LONGEST_US[bounce] / 1000 + _SLACK_MS
        plan.expect(gateway.name, zone.name, _alarm_kind(zone, at_s), at_s * 1000 + decided_ms, within_ms)
        plan.expect(gateway.name, zone.name, "restore", (at_s + for_s) * 1000 + decided_ms, within_ms)
    # A touch of less than 200 ms leaves evidence, and no alarm.
    at_s = plan.moment(gateway.name, busy, 0.15)
    touch = {"at_s": at_s, "do": "activate", "gateway": gateway.name, "zone": zone.name, "bounce": "reed"}
    plan.actions.append(Action.model_validate({**touch, "for_s": round(random.uniform(0.03, 0.15), 3)}))
    at_s = plan.moment(gateway.name, busy, 600)
    plan.actions.append(Action(at_s=at_s, do="interference", gateway=gateway.name, zone=zone.name, for_s=600, per_s=5))


def _plan_loop(plan: _Plan, gateway: Gateway, zone: Zone, busy: list[tuple[float, float]]) -> None:
    # The last of the readings that confirm comes this late: one period until the first, one for each further.
    within_ms = LOOP_PERIOD_MS * LOOP_CONFIRMATIONS + _SLACK_MS
    for verb in ("activate", "cut", "activate", "short", "activate", "activate"):
        for_s = round(plan.random.uniform(1, 20), 3)
        at_s = plan.moment(gateway.name, busy, for_s)
        kind = {"activate": _alarm_kind(zone, at_s), "cut": "tamper", "short": "fault"}[verb]
        action = {"at_s": at_s, "do": verb, "gateway": gateway.name, "zone": zone.name, "for_s": for_s}
        plan.actions.append(Action.model_validate(action))
        plan.expect(gateway.name, zone.name, kind, at_s * 1000, within_ms)
        plan.expect(gateway.name, zone.name, "restore", (at_s + for_s) * 1000, within_ms)


def _plan_temperature(plan: _Plan, gateway: Gateway, zone: Zone, busy: list[tuple[float, float]]) -> None:
    assert zone.temperature is not None
    period_ms = zone.temperature.period_s * 1000 + _SLACK_MS
    common = {"gateway": gateway.name, "zone": zone.name}
    for celsius in (zone.temperature.high_c + 3, zone.temperature.low_c - 2):
        at_s = plan.moment(gateway.name, busy, 900)
        plan.actions.append(Action.model_validate({"at_s": at_s, "do": "set", "celsius": celsius, **common}))
        plan.actions.append(Action.model_validate({"at_s": at_s + 900, "do": "set", "celsius": 20.0, **common}))
        plan.expect(gateway.name, zone.name, "alarm", at_s * 1000, period_ms)
        plan.expect(gateway.name, zone.name, "restore", (at_s + 900) * 1000, period_ms)
    at_s = plan.moment(gateway.name, busy, 300)
    plan.actions.append(Action(at_s=at_s, do="vanish", gateway=gateway.name, zone=zone.name, for_s=300))
    plan.expect(gateway.name, zone.name, "fault", at_s * 1000, period_ms)
    plan.expect(gateway.name, zone.name, "restore", (at_s + 300) * 1000, period_ms)
