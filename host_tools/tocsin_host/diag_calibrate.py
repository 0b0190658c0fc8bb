"""What a supervised loop reads at rest, once everything is in place: the `calibrated_mv` of docs/site.md.

Role in the flow: before stage 1, at commissioning. Context: host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.event import NO_READING

from .diag_snapshot import DiagError
from .site_compile import loop_limits, loop_voltages
from .site_quantity_rules import CALIBRATED_WITHIN

if TYPE_CHECKING:
    from .site_model import Loop, Zone

READINGS = 32


@dataclass(frozen=True)
class Calibration:
    """A loop at rest: mean, lowest and highest of `count` readings, and what its scheme says, in mV."""

    gateway: str
    zone: int
    name: str
    mv: int
    lowest_mv: int
    highest_mv: int
    count: int
    nominal_mv: int

    @property
    def line(self) -> str:
        """What belongs into the loop in site.toml."""
        return f"calibrated_mv = {self.mv}"

    @property
    def text(self) -> str:
        """What was found, for people."""
        return (
            f"{self.name}: {self.mv} mV over {self.count} readings ({self.lowest_mv} to {self.highest_mv}), "
            f"nominal {self.nominal_mv} mV, {self.mv - self.nominal_mv:+d}"
        )


def calibrate(gateway: str, zone: Zone, readings: Sequence[int]) -> Calibration:
    """The calibration in readings of a loop at rest. Raises: DiagError where they cannot be its normal value."""
    loop = zone.loop
    if loop is None:
        raise DiagError(f"{zone.name}: it is no supervised loop; nothing is to be calibrated")
    nominal_mv, mv = nominal(loop), round(sum(readings) / len(readings))
    where, lowest_mv, highest_mv = f"{zone.name}: not calibrated", min(readings), max(readings)
    if highest_mv == NO_READING:
        raise DiagError(f"{where}: the converter gives no reading; is `adc` right?")
    if abs(mv - nominal_mv) > CALIBRATED_WITHIN * nominal_mv:
        raise DiagError(
            f"{where}: {mv} mV is not near the {nominal_mv} mV of {loop.scheme!r} at rest; close the contact, or check "
            "the resistors at its far end"
        )
    normal_from_mv, alarm_from_mv, _ = loop_limits(loop)
    room_mv = min(nominal_mv - normal_from_mv, alarm_from_mv - nominal_mv)
    if highest_mv - lowest_mv > room_mv // 4:
        raise DiagError(
            f"{where}: it reads {lowest_mv} to {highest_mv} mV; keep the contact still, and the cable off mains cables"
        )
    return Calibration(gateway, zone.number, zone.name, mv, lowest_mv, highest_mv, len(readings), nominal_mv)


def nominal(loop: Loop) -> int:
    """What the scheme says it should read at rest, in mV."""
    return loop_voltages(loop.model_copy(update={"calibrated_mv": None})).normal_mv


def calibration_file(found: Sequence[Calibration]) -> str:
    """TOML for people and programs: under [GATEWAY.zone-N] the line of each loop."""
    parts = [f"# {one.text}\n[{one.gateway}.zone-{one.zone}]\n{one.line}\n" for one in found]
    return (
        "# Copy each line into the `loop` of its zone in the site description, and give the gateway the new one.\n"
        + ("\n" + "\n".join(parts))
    )
