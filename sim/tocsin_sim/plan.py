"""A plan made by chance: what happens to a site's zones, when, and what must come of it.

Role in the flow: before stage 1. Context: CPython.
What must come of each event follows from physics (how long contacts bounce, how long a layer takes) and from the
zone's response to the mode, not from the firmware.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tocsin.analog import LOOP_CONFIRMATIONS, LOOP_PERIOD_MS
from tocsin.debounce_layers import ALARM_SAMPLES
from tocsin.event_names import MODE_NAMES
from tocsin_host.site_model import Gateway, Site, Zone

from tocsin_sim.bounce import LONGEST_US
from tocsin_sim.scenario import Action, Expect

# Nothing is planned this close to a power cut, an order, or the end: what comes of it would be open to argument.
MARGIN_S = 20
# An alarm's time is that of the sample that decided it.
_SLACK_MS = 2
_BOUNCES = tuple(LONGEST_US)
_TRIES_MAX = 10_000

Spans = list[tuple[float, float]]


class PlanError(Exception):
    """More is to happen than the time has room for."""


@dataclass
class Plan:
    """What has been planned so far. `modes`: for each gateway [(from_s, mode)], rising; closed before the first."""

    site: Site
    random: Random
    duration_s: float
    actions: list[Action] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    forbidden: dict[str, Spans] = field(default_factory=dict)
    modes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def moment(self, gateway: str, busy: Spans, for_s: float) -> float:
        """A free time for something that lasts `for_s`, to the millisecond; it is `busy` from now on.

        Raises: PlanError.
        """
        taken = (*busy, *self.forbidden.get(gateway, ()))
        for _ in range(_TRIES_MAX):
            at_s = round(self.random.uniform(2 * MARGIN_S, self.duration_s - for_s - 4 * MARGIN_S), 3)
            if all(at_s + for_s + MARGIN_S < start or at_s > end + MARGIN_S for start, end in taken):
                busy.append((at_s, at_s + for_s))
                return at_s
        raise PlanError(f"{gateway}: no room for another {for_s:g} s; plan fewer events, or a longer time")

    def act(self, **fields: Any) -> None:
        """Something happens."""
        self.actions.append(Action.model_validate(fields))

    def order(self, gateway: str, at_s: float, mode: str) -> None:
        """The host orders a mode."""
        self.act(at_s=at_s, do="order", gateway=gateway, mode=mode)
        self.forbidden.setdefault(gateway, []).append((at_s, at_s))
        self.modes.setdefault(gateway, []).append((at_s, mode))

    def alarm_kind(self, gateway: str, zone: Zone, at_s: float) -> str:
        """The record that leaving its rest is for a zone at `at_s`."""
        before = [mode for from_s, mode in sorted(self.modes.get(gateway, [])) if from_s < at_s]
        mode = before[-1] if before else "closed"
        return "activity" if zone.responses[MODE_NAMES.index(mode)] == "log" else "alarm"

    def expect(self, gateway: str, zone: str, kind: str, at_ms: float, within_ms: float, count: int | None = 0) -> None:
        """Event `kind` must come between `at_ms` and `within_ms` later."""
        entry = {"at_s": at_ms / 1000, "within_s": within_ms / 1000, "type": kind, "gateway": gateway, "zone": zone}
        self.expects.append(Expect.model_validate({**entry, "count": count}))


def plan_zone(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    """About `times` events of every kind that the zone's wiring can show; none where people touch something."""
    if zone.kind in ("reader", "keyswitch", "checkpoint"):
        return
    _PLANNERS[zone.wirings[0]](plan, gateway, zone, times)


def _plan_contact(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    busy: Spans = []
    random = plan.random
    for _ in range(times):
        bounce = random.choice(_BOUNCES)
        for_s = round(random.uniform(0.4, 8), 3)
        at_s = plan.moment(gateway.name, busy, for_s)
        action = {"at_s": at_s, "do": "activate", "gateway": gateway.name, "zone": zone.name, "for_s": for_s}
        plan.act(**action, bounce=bounce)
        decided_ms = ALARM_SAMPLES - 1
        within_ms = LONGEST_US[bounce] / 1000 + _SLACK_MS
        kind = plan.alarm_kind(gateway.name, zone, at_s)
        plan.expect(gateway.name, zone.name, kind, at_s * 1000 + decided_ms, within_ms)
        plan.expect(gateway.name, zone.name, "restore", (at_s + for_s) * 1000 + decided_ms, within_ms)
    # A touch of less than 200 ms leaves evidence, and no alarm.
    at_s = plan.moment(gateway.name, busy, 0.15)
    touch = {"at_s": at_s, "do": "activate", "gateway": gateway.name, "zone": zone.name, "bounce": "reed"}
    plan.act(**touch, for_s=round(random.uniform(0.03, 0.15), 3))
    at_s = plan.moment(gateway.name, busy, 600)
    plan.act(at_s=at_s, do="interference", gateway=gateway.name, zone=zone.name, for_s=600, per_s=5)


def _plan_loop(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    busy: Spans = []
    # The last of the readings that confirm comes this late: one period until the first, one for each further.
    within_ms = LOOP_PERIOD_MS * LOOP_CONFIRMATIONS + _SLACK_MS
    for number in range(times):
        verb = _LOOP_VERBS[number % len(_LOOP_VERBS)]
        for_s = round(plan.random.uniform(1, 20), 3)
        at_s = plan.moment(gateway.name, busy, for_s)
        kind = {"activate": plan.alarm_kind(gateway.name, zone, at_s), "cut": "tamper", "short": "fault"}[verb]
        action = {"at_s": at_s, "do": verb, "gateway": gateway.name, "zone": zone.name, "for_s": for_s}
        plan.act(**action)
        plan.expect(gateway.name, zone.name, kind, at_s * 1000, within_ms)
        plan.expect(gateway.name, zone.name, "restore", (at_s + for_s) * 1000, within_ms)


def _plan_temperature(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    busy: Spans = []
    assert zone.temperature is not None
    period_ms = zone.temperature.period_s * 1000 + _SLACK_MS
    common = {"gateway": gateway.name, "zone": zone.name}
    for number in range(max(2, times // 4)):
        celsius = zone.temperature.low_c - 2 if number % 2 else zone.temperature.high_c + 3
        at_s = plan.moment(gateway.name, busy, 900)
        plan.act(at_s=at_s, do="set", celsius=celsius, **common)
        plan.act(at_s=at_s + 900, do="set", celsius=20.0, **common)
        plan.expect(gateway.name, zone.name, "alarm", at_s * 1000, period_ms)
        plan.expect(gateway.name, zone.name, "restore", (at_s + 900) * 1000, period_ms)
    at_s = plan.moment(gateway.name, busy, 300)
    plan.act(at_s=at_s, do="vanish", for_s=300, **common)
    plan.expect(gateway.name, zone.name, "fault", at_s * 1000, period_ms)
    plan.expect(gateway.name, zone.name, "restore", (at_s + 300) * 1000, period_ms)


_LOOP_VERBS = ("activate", "cut", "activate", "short", "activate", "activate")
_PLANNERS: dict[str, Callable[[Plan, Gateway, Zone, int], None]] = {
    "contact": _plan_contact,
    "loop": _plan_loop,
    "temperature": _plan_temperature,
}
