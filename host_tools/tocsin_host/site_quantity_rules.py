"""What must hold within one measured zone, one loop, one supervised detector.

Role in the flow: before stage 1; part of `site_rules.py`. Context: host.
"""

from collections.abc import Iterator
from itertools import pairwise

from .site_compile import loop_voltages
from .site_model import Loop, Zone
from .site_quantities import SHORT_MA, SUPPLY_MV, Accelerometer, Humidity, Level, Temperature, Voltage, Wind

# Neighbouring states must lie this far apart: the RP2040's ADC is off by some 30 mV, wires and resistors add.
LEAST_GAP_MV = 200
# How far a loop's reading at rest may lie from what its scheme says: long wires add, no resistor is off by more.
CALIBRATED_WITHIN = 0.15
_SWITCH_KEYS = ("pulses", "quiet_s", "stuck_s", "layer")

# (keys below the zone, what is wrong, how to mend it)
Broken = tuple[tuple[str, ...], str, str]


def broken_wiring(zone: Zone) -> Iterator[Broken]:
    """Every rule that a zone's wiring breaks; it has exactly one."""
    wiring = zone.wiring
    yield from _switch_only(zone)
    if isinstance(wiring, Loop):
        yield from _loop(wiring)
    elif isinstance(wiring, Temperature):
        yield from _apart("temperature", "_c", wiring.low_c, wiring.high_c)
    elif isinstance(wiring, Humidity):
        yield from _apart("humidity", "_rh", wiring.low_rh, wiring.high_rh)
    elif isinstance(wiring, Level):
        yield from _level(wiring)
    elif isinstance(wiring, Voltage):
        yield from _voltage(wiring)
    elif isinstance(wiring, Wind) and wiring.gust_m_s < wiring.mean_m_s:
        what = f"gust_m_s {wiring.gust_m_s:g} is below mean_m_s {wiring.mean_m_s:g}"
        yield ("wind", "gust_m_s"), what, "a gust is always at least as strong as the mean: raise it"
    elif isinstance(wiring, Accelerometer) and wiring.tilt_deg is None and wiring.shake_mg is None:
        yield ("accelerometer",), "says nothing to alarm of", "give tilt_deg, shake_mg or both"


def _switch_only(zone: Zone) -> Iterator[Broken]:
    """Settings that mean something for contacts and loops only; pulses need a window."""
    if zone.contact or zone.loop:
        if zone.pulses is None and "pulse_window_s" in zone.model_fields_set:
            yield ("pulse_window_s",), "there is no number of pulses", "give `pulses = 2`, or remove pulse_window_s"
        return
    for key in _SWITCH_KEYS:
        if getattr(zone, key) is not None:
            what = f"{zone.wirings[0]} knows no such thing"
            yield (key,), what, "remove it: it is for contacts and loops"


def _loop(loop: Loop) -> Iterator[Broken]:
    nominal = loop_voltages(loop.model_copy(update={"calibrated_mv": None}))
    if loop.calibrated_mv is not None:
        off = abs(loop.calibrated_mv - nominal.normal_mv)
        if off > CALIBRATED_WITHIN * nominal.normal_mv:
            what = f"{loop.calibrated_mv} mV is not near the {nominal.normal_mv} mV of {loop.scheme!r} at rest"
            mend = "measure again with the contact closed, or check the resistors at its far end"
            yield ("loop", "calibrated_mv"), what, mend
            return
    gap_mv = min(high - low for low, high in pairwise(loop_voltages(loop)))
    if gap_mv < LEAST_GAP_MV:
        mend = f"choose a pull-up nearer to 4700 ohm, so that it is {LEAST_GAP_MV} mV"
        yield ("loop", "pull_up_ohm"), f"two states lie only {gap_mv} mV apart", mend


def _apart(table: str, unit: str, low: float, high: float) -> Iterator[Broken]:
    if low >= high:
        key = f"low{unit}"
        yield (table, key), f"{key} {low:g} is not below high{unit} {high:g}", "set the limits apart"


def _level(level: Level) -> Iterator[Broken]:
    if level.low_mm is None and level.high_mm is None and level.rise_mm is None:
        yield ("level",), "says nothing to alarm of", "give high_mm, low_mm or rise_mm"
    if level.low_mm is not None and level.high_mm is not None:
        yield from _apart("level", "_mm", level.low_mm, level.high_mm)
    for key in ("low_mm", "high_mm"):
        limit = getattr(level, key)
        if limit is not None and not 0 <= limit < level.range_mm:
            what = f"{limit} mm is not within the sensor's range of {level.range_mm} mm"
            yield ("level", key), what, "set a limit that the sensor can reach"
    most_mv = (SHORT_MA + 1) * level.shunt_ohm
    if level.signal == "4-20mA" and not SUPPLY_MV / 3 <= most_mv <= SUPPLY_MV:
        what = f"{level.shunt_ohm} ohm make {round(most_mv)} mV of {SHORT_MA + 1:g} mA"
        yield ("level", "shunt_ohm"), what, "use a resistor of 50 to 150 ohm"


def _voltage(voltage: Voltage) -> Iterator[Broken]:
    for key in ("low_v", "high_v"):
        limit = getattr(voltage, key)
        if limit is not None and limit >= voltage.most_v:
            what = f"{limit:g} V cannot be read: this divider ends at {voltage.most_v:.1f} V"
            yield ("voltage", key), what, "choose a larger top_ohm"
    if voltage.high_v is not None:
        yield from _apart("voltage", "_v", voltage.low_v, voltage.high_v)
    if voltage.missing_v >= voltage.low_v:
        what = f"missing_v {voltage.missing_v:g} is not below low_v {voltage.low_v:g}"
        yield ("voltage", "missing_v"), what, "set it below: less than this is taken for a battery that is gone"
