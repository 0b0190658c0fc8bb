"""From a checked site to what one gateway reads as /site.json: integers and short names.

Role in the flow: before stage 1; the firmware's `config.py` reads the result. Context: host.
"""

from typing import Any, NamedTuple

from .roster_table import entries_of
from .site_kinds import RESPONSES
from .site_model import Contact, Gateway, Loop, Network, Scheme, Site, Zone
from .site_people import Reader
from .site_quantities import SUPPLY_MV, Quantity
from .site_times import utc_offsets

# (across the contact, in series at the far end) in ohms.
SCHEMES: dict[Scheme, tuple[int, int]] = {"4k7+2k2": (4700, 2200), "1k+1k": (1000, 1000)}
# What comes of a touch: the mode that it sets, 0 for a round's checkpoint.
_ACTS = {"reader": 1, "keyswitch": 1, "checkpoint": 0}


class LoopVoltages(NamedTuple):
    """What the ADC sees in each of a loop's four states, in mV."""

    short_mv: int
    normal_mv: int
    alarm_mv: int
    open_mv: int


def compile_gateway(site: Site, name: str, lib_hash: str) -> dict[str, Any]:
    """The device configuration of the gateway `name`; zones rise by number. Raises: KeyError."""
    gateway = site.gateway(name)
    zones = sorted(gateway.zones, key=lambda zone: zone.number)
    config: dict[str, Any] = {
        "gateway": gateway.name,
        "board": gateway.board,
        "lib_hash": lib_hash,
        "zones": [_zone(zone) for zone in zones],
    }
    if gateway.guard:
        config["guard"] = {key: value for key, value in gateway.guard.model_dump().items() if value}
    if gateway.outputs:
        config["outputs"] = [one.compiled() for one in sorted(gateway.outputs, key=lambda one: one.number)]
    if gateway.network:
        config["network"] = _network(gateway.network)
    return config | _people(site, gateway)


def fingerprint(text: str) -> str:
    """A certificate's SHA-256 as 64 small hexadecimal digits, of what OpenSSL or a browser prints."""
    return text.replace(":", "").lower()


def loop_voltages(loop: Loop) -> LoopVoltages:
    """U = 3300 mV · R / (R + pull-up) for R = 0, series, series + across, and no loop at all.

    A calibrated loop tells its resistance at rest, wires and all; what its wires add is added to both.
    """
    across_ohm, series_ohm = SCHEMES[loop.scheme]
    if loop.calibrated_mv is not None and loop.calibrated_mv < SUPPLY_MV:
        series_ohm = round(loop.pull_up_ohm * loop.calibrated_mv / (SUPPLY_MV - loop.calibrated_mv))
    return LoopVoltages(0, _divided_mv(series_ohm, loop), _divided_mv(series_ohm + across_ohm, loop), SUPPLY_MV)


def loop_limits(loop: Loop) -> tuple[int, int, int]:
    """Decision limits in mV, half way between neighbours: normal from, alarm from, open from."""
    low, normal, alarm, top = loop_voltages(loop)
    return (low + normal) // 2, (normal + alarm) // 2, (alarm + top) // 2


def _divided_mv(loop_ohm: int, loop: Loop) -> int:
    return round(SUPPLY_MV * loop_ohm / (loop_ohm + loop.pull_up_ohm))


def _network(network: Network) -> dict[str, Any]:
    return {
        "ssid": network.ssid,
        "broker": network.broker,
        "port": network.port,
        "certificates": [fingerprint(text) for text in network.certificate_sha256],
    }


def _people(site: Site, gateway: Gateway) -> dict[str, Any]:
    """What people and rounds need; `roster` becomes a file of its own (`gateway_files.py`)."""
    found: dict[str, Any] = {}
    if any(zone.kind in _ACTS for zone in gateway.zones):
        found["roster"] = entries_of(site.people)
    if gateway.rounds:
        found["rounds"] = [one.compiled() for one in sorted(gateway.rounds, key=lambda one: one.number)]
    if found or (gateway.guard and gateway.guard.test_days):
        found["utc_offsets"] = utc_offsets(site.timezone)
    return found


def _zone(zone: Zone) -> dict[str, Any]:
    compiled = {"zone": zone.number, **_wiring(zone.wiring)}  # `site.py` checked that one is given
    compiled["modes"] = "".join(str(RESPONSES.index(response)) for response in zone.responses)
    if zone.does:
        compiled["does"] = zone.does
    if zone.debounce_layer == "fast":
        compiled["layer"] = 0
    if zone.confirm_s:
        compiled["confirm_ms"] = round(zone.confirm_s * 1000)
    if zone.pulses:
        compiled |= {"pulses": zone.pulses, "pulse_window_s": zone.pulse_window_s}
    compiled |= {key: value for key, value in (("quiet_s", zone.quiet_s), ("constant_s", zone.stuck_s)) if value}
    if zone.kind in _ACTS:
        compiled["acts"] = 2 if zone.sets == "lockdown" else _ACTS[zone.kind]
    if zone.person is not None:
        compiled["person"] = zone.person
    return compiled


def _wiring(wiring: Contact | Loop | Quantity | Reader) -> dict[str, Any]:
    if isinstance(wiring, Contact):
        # The pin is pulled up and the contact goes to ground: closed reads 0.
        return {"type": "contact", "pin": wiring.pin, "rest": int(wiring.normally == "open")}
    if isinstance(wiring, Loop):
        normal, alarm, top = loop_limits(wiring)
        limits = {"normal_from_mv": normal, "alarm_from_mv": alarm, "open_from_mv": top}
        journal = {"journal_s": wiring.journal_s} if wiring.journal_s else {}
        return {"type": "loop", "adc": wiring.adc, **limits, "normal_mv": loop_voltages(wiring).normal_mv, **journal}
    return wiring.compiled()
