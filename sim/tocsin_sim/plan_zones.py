"""What happens to zones, by chance: contacts, loops, and what is measured.

Role in the flow: before stage 1, part of `plan.py`. Context: CPython.
What must come of each event follows from physics (how long contacts bounce, how long a layer takes) and from the
zone's response to the mode, not from the firmware.
"""

from collections.abc import Callable

from tocsin.analog import LOOP_CONFIRMATIONS, LOOP_PERIOD_MS
from tocsin.debounce_layers import ALARM_SAMPLES
from tocsin_host.site_model import Gateway, Zone

from tocsin_sim.bounce import LONGEST_US
from tocsin_sim.plan import Plan, Spans
from tocsin_sim.plan_quantities import plan_limits, plan_wind

# An alarm's time is that of the sample that decided it.
_SLACK_MS = 2
_BOUNCES = tuple(LONGEST_US)


def plan_zone(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    """About `times` events of every kind that the zone's wiring can show; none where people touch something."""
    if zone.kind not in ("reader", "keyswitch", "checkpoint"):
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


_LOOP_VERBS = ("activate", "cut", "activate", "short", "activate", "activate")
_PLANNERS: dict[str, Callable[[Plan, Gateway, Zone, int], None]] = {
    "contact": _plan_contact,
    "loop": _plan_loop,
    "temperature": plan_limits,
    "humidity": plan_limits,
    "level": plan_limits,
    "voltage": plan_limits,
    "wind": plan_wind,
}
