"""The physical world of one gateway: what its pins, loops and sensors do over a scenario, powered or not.

Role in the flow: stage 1's and stage 3's input. Context: CPython. Times are ms since the scenario's start.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tocsin_host.roster_table import rom_bytes

from tocsin_sim import bounce
from tocsin_sim.scenario import Action, Scenario, ScenarioError
from tocsin_sim.tape import merged, sampled
from tocsin_sim.world_quantities import quantity

_SHORT_MV = 20
_OPEN_MV = 3_290
_TOUCH_MS = 1_000

Zone = dict[str, Any]  # one zone of the device configuration, as `tocsin_host.site_compile` makes it
Timed = list[tuple[int, int]]  # [(ms, value)], rising


@dataclass
class World:
    """`pins`: sampled levels of each pin; `adc`: mV of each channel; `sensors`: what each says (`wire.READING`);
    `readers`: ROM id at each reader's pin as a number, 0 for none."""

    duration_ms: int = 0
    rest_word: int = 0
    pins: dict[int, Timed] = field(default_factory=dict)
    adc: dict[int, Timed] = field(default_factory=dict)
    sensors: dict[str, Timed] = field(default_factory=dict)
    readers: dict[int, Timed] = field(default_factory=dict)

    def tape(self) -> Timed:
        """[(ms, word)] of all pins together."""
        return merged(self.pins, self.rest_word)

    def active(self, zone: Zone) -> Timed:
        """[(ms, 1 = not at rest)] of a contact zone."""
        return [(at_ms, level ^ zone["rest"]) for at_ms, level in self.pins[zone["pin"]]]


def build_world(scenario: Scenario, gateway: str, config: dict[str, Any], names: dict[str, int]) -> World:
    """The world of `gateway`, whose device configuration is `config` and whose zones `names` numbers.

    Raises: ScenarioError for an action that the zone's wiring cannot show.
    """
    world = World(scenario.duration_ms)
    zones: dict[int, Zone] = {zone["zone"]: zone for zone in config["zones"]}
    by_zone: dict[int, list[Action]] = {number: [] for number in zones}
    for action in scenario.actions:
        if action.gateway == gateway and action.zone and action.do != "order":
            by_zone[_number(action, names)].append(action)
    for number, zone in zones.items():
        # A random stream of its own for each zone: an action added to one zone leaves the others as they were.
        random = Random(f"{scenario.seed}/{gateway}/{number}")
        actions = sorted(by_zone[number], key=lambda action: action.at_ms)
        _WIRINGS[zone["type"]](world, zone, actions, random)
    return world


def _number(action: Action, names: dict[str, int]) -> int:
    if action.zone not in names:
        known = ", ".join(sorted(names))
        raise ScenarioError(f'at {action.at_s} s: gateway {action.gateway} has no zone "{action.zone}"; it has {known}')
    return names[action.zone]


def _contact(world: World, zone: Zone, actions: list[Action], random: Random) -> None:
    rest: int = zone["rest"]
    changes = [(0, rest)]
    for action in actions:
        start_us, end_us = action.at_ms * 1000, action.end_ms * 1000
        if action.do == "activate":
            changes += bounce.movement(start_us, rest ^ 1, action.bounce, random)
            changes += bounce.movement(end_us, rest, action.bounce, random)
        elif action.do == "interference":
            changes += bounce.spikes(start_us, end_us, action.per_s, rest, random)
        else:
            raise _impossible(action, "a contact", "activate or interference")
    world.pins[zone["pin"]] = sampled(changes)
    world.rest_word |= rest << zone["pin"]


def _loop(world: World, zone: Zone, actions: list[Action], random: Random) -> None:
    normal_mv = zone["normal_mv"]
    alarm_mv = (zone["alarm_from_mv"] + zone["open_from_mv"]) // 2
    readings = [(0, normal_mv)]
    shown_mv = {"activate": alarm_mv, "cut": _OPEN_MV, "short": _SHORT_MV}
    for action in actions:
        if action.do not in shown_mv:
            raise _impossible(action, "a loop", "activate, cut or short")
        readings += [(action.at_ms, shown_mv[action.do]), (action.end_ms, normal_mv)]
    world.adc[zone["adc"]] = readings


def _quantity(world: World, zone: Zone, actions: list[Action], random: Random) -> None:
    channels, sensors = quantity(zone, actions, world.duration_ms)
    world.adc.update(channels)
    world.sensors.update(sensors)


def _reader(world: World, zone: Zone, actions: list[Action], random: Random) -> None:
    held = [(0, 0)]
    for action in actions:
        if action.do != "touch" or not action.rom:
            raise _impossible(action, "a reader", "touch with person or rom")
        rom = int.from_bytes(rom_bytes(action.rom), "little")
        held += [(action.at_ms, rom), (action.at_ms + (round(action.for_s * 1000) or _TOUCH_MS), 0)]
    world.readers[zone["pin"]] = held


_WIRINGS: dict[str, Callable[[World, Zone, list[Action], Random], None]] = {
    "contact": _contact,
    "loop": _loop,
    "temperature": _quantity,
    "humidity": _quantity,
    "level": _quantity,
    "voltage": _quantity,
    "wind": _quantity,
    "tilt": _quantity,
    "reader": _reader,
}


def _impossible(action: Action, wiring: str, verbs: str) -> ScenarioError:
    return ScenarioError(
        f'at {action.at_s} s: "{action.do}" cannot happen to {action.zone}, which is {wiring}; write {verbs}'
    )


def at(values: Timed, at_ms: int) -> int:
    """The value in force at `at_ms`."""
    return [value for from_ms, value in values if from_ms <= at_ms][-1]
