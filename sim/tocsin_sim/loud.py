"""How long outputs were on, by what the board drove its pins to: whatever its records say.

Role in the flow: part of the judge. Context: CPython. Times are ms since the scenario's start.
"""

from collections.abc import Iterator
from typing import Any

from tocsin_sim.conductor import VirtualGateway

Stretch = tuple[int, int]


def stretches(gateway: VirtualGateway, output: dict[str, Any]) -> Iterator[Stretch]:
    """(from, to) of every time that an output was on; without power everything is off."""
    for (_, off_ms), driven in zip(gateway.powered, gateway.driven, strict=True):
        since_ms = -1
        for at_ms, pin, level in [*driven, (off_ms, output["pin"], 1 - output["active"])]:
            if pin != output["pin"]:
                continue
            is_on = level == output["active"]
            if is_on and since_ms < 0:
                since_ms = at_ms
            elif not is_on and since_ms >= 0:
                if at_ms > since_ms:
                    yield since_ms, at_ms
                since_ms = -1


def complaints(gateway: VirtualGateway, config: dict[str, Any], late_ms: int) -> Iterator[str]:
    """What an output did that none may do."""
    for output in config.get("outputs", ()):
        name = f"{gateway.name} output {output['output']}"
        for from_ms, to_ms in stretches(gateway, output):
            limit_ms = output["limit_s"] * 1000
            if limit_ms and to_ms - from_ms > limit_ms + late_ms:
                yield f"unexpected: {name} was on for {to_ms - from_ms} ms, its limit is {limit_ms}"
