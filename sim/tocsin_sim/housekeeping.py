"""The records that come by themselves: boot, heartbeat, first time setting, evidence transitions.

Role in the flow: part of the judge. Context: CPython. Times are ms since the scenario's start.
"""

from collections.abc import Iterator
from typing import Any

from tocsin.debounce_layers import EVIDENCE_SAMPLES
from tocsin.event import (
    RESET_POWER,
    SOURCE_GATEWAY,
    TYPE_BOOT,
    TYPE_CONFIG,
    TYPE_HEARTBEAT,
    TYPE_TIME_SET,
    TYPE_TRANSITION,
    TYPE_WEAR,
)

from tocsin_sim.expectation import Expectation
from tocsin_sim.oracle import transitions
from tocsin_sim.world import World

HEARTBEAT_MS = 10_000
DAY_MS = 86_400_000
WEAR_WITHIN_MS = 1000
# The slower debounce layer needs as long to say how things stand.
BOOT_RECORD_MS = 250
# How long after the boot record a gateway with a roster may need to tell which one.
_FIRST_TASKS_MS = 1000


def expected_of_itself(
    gateway: str, config: dict[str, Any], physical: World, powered: list[tuple[int, int]], import_ms: int
) -> Iterator[Expectation]:
    """Everything a gateway records on its own account over its powered stretches [(from, to)], each from its first
    sample on. `import_ms`: how much later than where nothing takes time the boot record may come."""
    for from_ms, to_ms in powered:
        yield from _life_signs(gateway, from_ms, to_ms, import_ms)
        told_ms = from_ms + BOOT_RECORD_MS
        if "roster" in config and told_ms < to_ms:
            yield Expectation(gateway, TYPE_CONFIG, SOURCE_GATEWAY, told_ms, told_ms + import_ms + _FIRST_TASKS_MS, 1)
        for zone in config["zones"]:
            if zone["type"] == "contact":
                active = physical.active(zone)
                for at_ms, level in transitions(active, from_ms, to_ms, EVIDENCE_SAMPLES):
                    yield Expectation(gateway, TYPE_TRANSITION, zone["zone"], at_ms, at_ms, level, 0)


def _life_signs(gateway: str, from_ms: int, to_ms: int, import_ms: int) -> Iterator[Expectation]:
    boot_ms = from_ms + BOOT_RECORD_MS
    if boot_ms > to_ms:
        return
    yield Expectation(gateway, TYPE_BOOT, SOURCE_GATEWAY, boot_ms, boot_ms + import_ms, RESET_POWER)
    # Once in each boot, whenever the host could first be asked; later ones only after the host's clock stepped.
    yield Expectation(gateway, TYPE_TIME_SET, SOURCE_GATEWAY, boot_ms, to_ms, 0)
    for at_ms in range(from_ms + HEARTBEAT_MS, to_ms + 1, HEARTBEAT_MS):
        yield Expectation(gateway, TYPE_HEARTBEAT, SOURCE_GATEWAY, at_ms, at_ms)
    for at_ms in range(from_ms + DAY_MS, to_ms - WEAR_WITHIN_MS + 1, DAY_MS):
        yield Expectation(gateway, TYPE_WEAR, SOURCE_GATEWAY, at_ms, at_ms + WEAR_WITHIN_MS)
