"""Measured quantities, by chance: limits that are crossed, sensors that are gone, wires that are cut, gusts.

Role in the flow: before stage 1, part of `plan.py`. Context: CPython.
"""

from collections.abc import Callable
from typing import Any

from tocsin_host.site_model import Gateway, Zone

from tocsin_sim.plan import Plan, Spans

_SLACK_MS = 2
# A sensor that gave nothing is asked three times more, a second apart.
_RETRIES_MS = 3000
_OFF_S = 900
_GONE_S = 300
_GUST_S = 10
# A gust counts for ten minutes, in steps of ten seconds; so long nothing else may blow.
_GUST_COUNTS_MS, _GUST_STEP_MS = 600_000, 20_000
_GUST_LASTS_S = 640
_GUST_MORE_M_S = 10.0

# What is set, and how: (key of the action, below the limits, above them, at rest); None where there is no such limit.
Span = tuple[str, float | None, float | None, float]


def plan_limits(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    """A quarter of `times` above or below its limits; once without a reading, and cut or short where a wire can be."""
    busy: Spans = []
    key, below, above, rest = _SPANS[zone.wirings[0]](zone)
    wiring = getattr(zone, zone.wirings[0])
    within_ms = wiring.period_s * 1000 + _SLACK_MS
    values = [value for value in (above, below) if value is not None]
    for number in range(max(2, times // 4)):
        at_s = plan.moment(gateway.name, busy, _OFF_S)
        for moment, value in ((at_s, values[number % len(values)]), (at_s + _OFF_S, rest)):
            plan.act(at_s=moment, do="set", gateway=gateway.name, zone=zone.name, **{key: value})
        _expect_both(plan, gateway, zone, "alarm", at_s, _OFF_S, within_ms)
    verbs = ["vanish", *(("cut", "short") if getattr(wiring, "signal", "") == "4-20mA" else ())]
    for verb in verbs:
        at_s = plan.moment(gateway.name, busy, _GONE_S)
        plan.act(at_s=at_s, do=verb, gateway=gateway.name, zone=zone.name, for_s=_GONE_S)
        _expect_both(plan, gateway, zone, "fault", at_s, _GONE_S, within_ms + _RETRIES_MS)


def plan_wind(plan: Plan, gateway: Gateway, zone: Zone, times: int) -> None:
    """A tenth of `times` gusts."""
    busy: Spans = []
    assert zone.wind is not None
    for _ in range(max(1, times // 10)):
        at_s = plan.moment(gateway.name, busy, _GUST_LASTS_S)
        at: dict[str, Any] = {"at_s": at_s, "do": "gust", "gateway": gateway.name, "zone": zone.name}
        plan.act(**at, m_s=zone.wind.gust_m_s + _GUST_MORE_M_S, for_s=_GUST_S)
        plan.expect(gateway.name, zone.name, "alarm", at_s * 1000, _GUST_S * 1000)
        from_ms = at_s * 1000 + _GUST_COUNTS_MS - _GUST_STEP_MS
        plan.expect(gateway.name, zone.name, "restore", from_ms, 3 * _GUST_STEP_MS)


def _expect_both(
    plan: Plan, gateway: Gateway, zone: Zone, kind: str, at_s: float, for_s: float, within_ms: float
) -> None:
    plan.expect(gateway.name, zone.name, kind, at_s * 1000, within_ms)
    plan.expect(gateway.name, zone.name, "restore", (at_s + for_s) * 1000, within_ms)


def _temperature(zone: Zone) -> Span:
    assert zone.temperature is not None
    return "celsius", zone.temperature.low_c - 2, zone.temperature.high_c + 3, 20.0


def _humidity(zone: Zone) -> Span:
    assert zone.humidity is not None
    return "rh", zone.humidity.low_rh - 5, zone.humidity.high_rh + 5, 50.0


def _level(zone: Zone) -> Span:
    assert zone.level is not None
    low_mm, high_mm = zone.level.low_mm, zone.level.high_mm
    return "mm", low_mm and low_mm // 2, high_mm and high_mm + 100, 0.0


def _voltage(zone: Zone) -> Span:
    assert zone.voltage is not None
    high_v = zone.voltage.high_v
    return "volts", zone.voltage.low_v - 0.5, high_v and high_v + 0.5, 13.2


_SPANS: dict[str, Callable[[Zone], Span]] = {
    "temperature": _temperature,
    "humidity": _humidity,
    "level": _level,
    "voltage": _voltage,
}
