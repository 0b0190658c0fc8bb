"""What measured quantities do over a scenario: temperatures, humidity, levels, voltages, wind, a work on its wall.

Role in the flow: stage 3's input; part of `world.py`. Context: CPython. Times are ms since the scenario's start.
"""

from itertools import pairwise
from typing import Any

from tocsin_sim.scenario import Action, ScenarioError
from tocsin_sim.vm.wire import DAMAGED, POWER_ON_VALUE, SENSOR_GONE

Zone = dict[str, Any]
Timed = list[tuple[int, int]]  # [(ms, value)], rising

# What there is before anything is set, in thousandths of the unit.
_AT_FIRST = {"temperature": 20_000, "humidity": 50_000, "level": 0, "voltage": 13_200, "wind": 0, "tilt": 0}
_KEYS = {"temperature": "celsius", "humidity": "rh", "voltage": "volts", "wind": "m_s", "tilt": "degrees"}
_FAILURES = {"missing": SENSOR_GONE, "damaged": DAMAGED, "power-on": POWER_ON_VALUE}
# No room is as still as a number: each six hours a sensor reads a little more, or a little less.
_WOBBLE_MS = 6 * 3_600_000
_WOBBLE = {"temperature": 60, "humidity": 120}
_RAMP_STEP_MS = 1000
_BLOW_MS = 300
_BROKEN_MA, _SHORT_MA = 0, 25


def quantity(zone: Zone, actions: list[Action], duration_ms: int) -> tuple[dict[int, Timed], dict[str, Timed]]:
    """({ADC channel: mV}, {sensor: readings}) of one zone. Raises: ScenarioError for what cannot happen to it."""
    values = _values(zone, actions, duration_ms)
    kind = zone["type"]
    if "adc" in zone:
        return {zone["adc"]: [(at_ms, _voltage_mv(zone, value)) for at_ms, value in values]}, {}
    if kind == "wind":  # pulses in 1000 s
        return {}, {zone["sensor"]: [(at_ms, _pulses(zone, value)) for at_ms, value in values]}
    if kind == "tilt":
        return {}, {f"{zone['sensor']}/tilt": values, f"{zone['sensor']}/shake": _blows(values, actions)}
    return {}, {zone["sensor"]: values}


def _values(zone: Zone, actions: list[Action], duration_ms: int) -> Timed:
    values: Timed = [(0, _at_first(zone))]
    frozen: list[tuple[int, int]] = []
    for action in actions:
        if action.do == "set":
            values += _set(zone, action, values[-1][1])
        elif action.do == "gust" and zone["type"] == "wind" and action.m_s is not None:
            values += [(action.at_ms, round(action.m_s * 1000)), (action.end_ms, values[-1][1])]
        elif action.do == "vanish":
            values += [(action.at_ms, _FAILURES[action.how]), (action.end_ms, values[-1][1])]
        elif action.do in ("cut", "short") and "least_milli" in zone:
            values += [(action.at_ms, _off_loop(zone, action.do)), (action.end_ms, values[-1][1])]
        elif action.do == "freeze":
            frozen.append((action.at_ms, action.end_ms))
        elif action.do != "shake" or zone["type"] != "tilt" or action.mg is None:
            raise _impossible(action, zone)
    return _wobbling(values, _WOBBLE.get(zone["type"], 0), frozen, duration_ms)


def _at_first(zone: Zone) -> int:
    """What is usual, or the middle between limits that are not."""
    usual, low, high = _AT_FIRST[zone["type"]], zone.get("low_milli"), zone.get("high_milli")
    if low is not None and high is not None and not low < usual < high:
        return int((low + high) // 2)
    return usual


def _set(zone: Zone, action: Action, before: int) -> Timed:
    value = action.mm if zone["type"] == "level" else getattr(action, _KEYS[zone["type"]])
    if value is None:
        raise _impossible(action, zone)
    target = round(value if zone["type"] == "level" else value * 1000)
    over_ms = round(action.over_s * 1000)
    if not over_ms:
        return [(action.at_ms, target)]
    steps = range(_RAMP_STEP_MS, over_ms + 1, _RAMP_STEP_MS)
    return [(action.at_ms + passed_ms, before + (target - before) * passed_ms // over_ms) for passed_ms in steps]


def _wobbling(values: Timed, wobble: int, frozen: list[tuple[int, int]], duration_ms: int) -> Timed:
    if not wobble:
        return values
    found: Timed = []
    for (from_ms, value), (to_ms, _) in pairwise([*values, (duration_ms, 0)]):
        found.append((from_ms, value))
        first = from_ms // _WOBBLE_MS + 1
        for number in range(first, -(-to_ms // _WOBBLE_MS)):
            at_ms = number * _WOBBLE_MS
            if value not in _FAILURES.values() and not any(start <= at_ms < end for start, end in frozen):
                found.append((at_ms, value + wobble * (number & 1)))
    return found


def _blows(values: Timed, actions: list[Action]) -> Timed:
    """Blows in mg; a sensor that gives no tilt gives no blow either."""
    blows = [(at_ms, value if value in _FAILURES.values() else 0) for at_ms, value in values]
    for action in actions:
        if action.do == "shake":
            blows += [(action.at_ms, action.mg or 0), (action.at_ms + _BLOW_MS, 0)]
    return sorted(blows)


def _pulses(zone: Zone, value: int) -> int:
    return value if value in _FAILURES.values() else value * 1000 // int(zone["mm_per_pulse"])


def _voltage_mv(zone: Zone, value: int) -> int:
    """What the ADC sees of a value in thousandths; -1: it cannot be read."""
    if value in _FAILURES.values():
        return -1 if "least_milli" not in zone or zone["type"] == "level" else 0
    shown_mv: int = zone["zero_mv"] + value * zone["per_mv"] // zone["gain"]
    return max(0, min(3300, shown_mv))


def _off_loop(zone: Zone, do: str) -> int:
    """The level that a broken or short-circuited 4-20 mA loop seems to show."""
    shown_mv = (_BROKEN_MA if do == "cut" else _SHORT_MA) * int(zone["zero_mv"]) // 4
    return (shown_mv - int(zone["zero_mv"])) * int(zone["gain"]) // int(zone["per_mv"])


def _impossible(action: Action, zone: Zone) -> ScenarioError:
    key = "mm" if zone["type"] == "level" else _KEYS[zone["type"]]
    verbs = f"set with {key}, or vanish with for_s"
    verbs += {"wind": ", or gust with m_s", "tilt": ", or shake with mg"}.get(zone["type"], "")
    what = f'"{action.do}" cannot happen to {action.zone}, which is a sensor of {zone["type"]}'
    return ScenarioError(f"at {action.at_s} s: {what}; write {verbs}")
