"""People at readers, by chance: who is let in and who is not, and what must come of each touch.

Role in the flow: before stage 1, part of `plan.py`. Context: CPython.
Who may enter when is worked out from the site with the calendar of this computer, not with that of the firmware.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from tocsin.event import ACCESS_OUTSIDE, ACCESS_REPEATED, ACCESS_TAKEN, ACCESS_UNKNOWN
from tocsin.event_names import MODE_NAMES
from tocsin_host.site_kinds import NO_WALK_TEST
from tocsin_host.site_model import Gateway, Zone
from tocsin_host.site_people import WHOLE_DAY_MIN, Person

from tocsin_sim.plan import Plan, Spans

# A reader is asked four times a second.
_WITHIN_MS = 600
_TOUCH_S = 1.0
_STAY_S = (60, 600)
_WALK_S = 30.0
# What is refused again within ten minutes is told of less often: of one kind only this far apart.
_REFUSED_APART_S = 620
_STORM = 5
_STORM_EVERY_S = 10.0
# The host's clock may be wrong by the steps that it makes; nobody touches this close to the edge of their time.
_EDGE_S = 300
# From power-up with a host to a clock that is set.
_CLOCK_WITHIN_S = 30


def plan_reader(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    """About `times` touches: people who set and unset, walk tests, people outside their time, unknown credentials."""
    busy: Spans = []
    people = [person for person in plan.site.people if person.credentials]
    for number in range(max(1, times // 4)):
        visitors = [person for person in people if person.role != "technician"]
        _plan_visit(plan, gateway, zone, visitors[number % len(visitors)], busy)
    for person in [person for person in people if person.role == "technician"]:
        for _ in range(max(1, times // 20)):
            _plan_walk_test(plan, gateway, zone, person, busy)
    for _ in range(max(1, times // 10)):
        _plan_refused(plan, gateway, zone, people, busy)
    _plan_storm(plan, gateway, zone, busy)


def expect_modes(plan: Plan) -> None:
    """Each setting and unsetting at a reader, once all changes of mode are known."""
    for gateway, changes in plan.modes.items():
        before = "closed"
        for at_s, mode in sorted(changes):
            person = plan.touched.get((gateway, at_s), 0)
            if person:
                count = MODE_NAMES.index(before) | person << 8
                plan.expect(gateway, "", "mode", at_s * 1000, _WITHIN_MS, count, MODE_NAMES.index(mode))
            before = mode


def _plan_visit(plan: Plan, gateway: Gateway, zone: Zone, person: Person, busy: Spans) -> None:
    """Somebody comes and goes: unsets what is set and sets it again, or, in open hours, the other way round."""
    stay_s = round(plan.random.uniform(*_STAY_S), 3)
    at_s = plan.moment(gateway.name, busy, stay_s)
    moments = (at_s, at_s + stay_s)
    if not all(_may_enter(plan, gateway.name, person, moment) for moment in moments):
        return
    before = plan.mode_at(gateway.name, at_s)
    other = (zone.sets or "closed") if before in ("open", "reopening") else "open"
    for moment, mode in zip(moments, (other, before), strict=True):
        _touch(plan, gateway, zone, moment, person)
        plan.change_mode(gateway.name, moment, mode, person.number)


def _plan_walk_test(plan: Plan, gateway: Gateway, zone: Zone, person: Person, busy: Spans) -> None:
    """Nothing moves meanwhile: every zone that can be walked up to is told as untested."""
    at_s = plan.moment(gateway.name, busy, _WALK_S)
    end_s = at_s + _WALK_S
    plan.forbidden.setdefault(gateway.name, []).append((at_s, end_s))
    for moment in (at_s, end_s):
        _touch(plan, gateway, zone, moment, person)
    plan.expect(gateway.name, "", "test", at_s * 1000, _WITHIN_MS, person.number, 0)
    untested = [one for one in gateway.zones if not one.does & NO_WALK_TEST]
    for one in untested:
        plan.expect(gateway.name, one.name, "test", end_s * 1000, _WITHIN_MS, None, 3)
    plan.expect(gateway.name, "", "test", end_s * 1000, _WITHIN_MS, len(untested) | person.number << 8, 2)


def _plan_refused(plan: Plan, gateway: Gateway, zone: Zone, people: list[Person], busy: Spans) -> None:
    """An unknown credential, or somebody who has no business here at this time."""
    at_s = plan.moment(gateway.name, busy, _REFUSED_APART_S)
    outside = [one for one in people if _is_inside(plan, one, at_s) is False and _knows_time(plan, gateway.name, at_s)]
    if outside and plan.random.random() < 0.5:
        _touch(plan, gateway, zone, at_s, plan.random.choice(outside), ACCESS_OUTSIDE)
    else:
        _touch_unknown(plan, gateway, zone, at_s)


def _plan_storm(plan: Plan, gateway: Gateway, zone: Zone, busy: Spans) -> None:
    """Unknown credentials again and again: the fifth is an alarm of the reader."""
    first_s = plan.moment(gateway.name, busy, _STORM * _STORM_EVERY_S + _REFUSED_APART_S)
    for number in range(_STORM):
        _touch_unknown(plan, gateway, zone, first_s + number * _STORM_EVERY_S)
    last_ms = (first_s + (_STORM - 1) * _STORM_EVERY_S) * 1000
    plan.expect(gateway.name, zone.name, "access", last_ms, _WITHIN_MS, ACCESS_REPEATED, 0)
    for kind in ("alarm", "restore"):
        plan.expect(gateway.name, zone.name, kind, last_ms, _WITHIN_MS)


def _touch(plan: Plan, gateway: Gateway, zone: Zone, at_s: float, person: Person, outcome: int = ACCESS_TAKEN) -> None:
    at = {"at_s": at_s, "do": "touch", "gateway": gateway.name, "zone": zone.name, "for_s": _TOUCH_S}
    plan.act(**at, rom=plan.random.choice(person.credentials))
    plan.expect(gateway.name, zone.name, "access", at_s * 1000, _WITHIN_MS, outcome, person.number)


def _touch_unknown(plan: Plan, gateway: Gateway, zone: Zone, at_s: float) -> None:
    known = {rom for person in plan.site.people for rom in person.credentials}
    rom = next(rom for rom in iter(lambda: f"01-{plan.random.getrandbits(48):012x}", "") if rom not in known)
    at = {"at_s": at_s, "do": "touch", "gateway": gateway.name, "zone": zone.name, "for_s": _TOUCH_S}
    plan.act(**at, rom=rom)
    plan.expect(gateway.name, zone.name, "access", at_s * 1000, _WITHIN_MS, ACCESS_UNKNOWN, 0)


def _may_enter(plan: Plan, gateway: str, person: Person, at_s: float) -> bool:
    return bool(_is_inside(plan, person, at_s)) and (_is_unlimited(person) or _knows_time(plan, gateway, at_s))


def _is_unlimited(person: Person) -> bool:
    return not person.hours and not person.valid_from and not person.valid_until


def _knows_time(plan: Plan, gateway: str, at_s: float) -> bool:
    """Whether a host told the gateway the time since its power came back."""
    for _, power_s in plan.power_cuts.get(gateway, ()):
        for killed_s, back_s in plan.kills:
            if killed_s <= power_s + _CLOCK_WITHIN_S and power_s <= at_s <= back_s + _CLOCK_WITHIN_S:
                return False
    return True


def _is_inside(plan: Plan, person: Person, at_s: float) -> bool | None:
    """Whether a person's time holds at a moment of the scenario; None close to its edge."""
    found = {_holds(plan, person, at_s + offset_s) for offset_s in (-_EDGE_S, 0, _EDGE_S)}
    return found.pop() if len(found) == 1 else None


def _holds(plan: Plan, person: Person, at_s: float) -> bool:
    local = (plan.start + timedelta(seconds=at_s)).astimezone(ZoneInfo(plan.site.timezone))
    minute, today = local.hour * 60 + local.minute, local.weekday()
    if (person.valid_from and local.date() < person.valid_from) or (
        person.valid_until and local.date() > person.valid_until
    ):
        return False
    for days, from_min, until_min in person.windows:
        if from_min < until_min:
            if days >> today & 1 and from_min <= minute < until_min % (WHOLE_DAY_MIN + 1):
                return True
        elif (days >> today & 1 and minute >= from_min) or (days >> (today - 1) % 7 & 1 and minute < until_min):
            return True
    return False
