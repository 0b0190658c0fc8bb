"""The device's configuration: what `tocsin site` compiled into /site.json, and what else lies beside it.

Role in the flow: read once at start. Context: task.
A gateway with a damaged configuration does not stay silent: it runs with what could be read and says so in a
trouble record.
"""

import json
import os

import tocsin_boards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .hal import Config

# What belongs at the root of a board's file system. The stock image looks for modules there first, so a stray
# /struct.py would stand in for a built-in one.
ROOT_FILES = (
    "boot.py",
    "main.py",
    "lib",
    "site.json",
    "keys",
    "flash",
    "slots",
    "last-error.txt",
    "failed-starts",
    "roster",
    "state",
    "roster.new",
)

_HEX = "0123456789abcdef"
_CHIPS = ("sht3x", "sht4x", "lis3dh")
# Field, smallest, largest.
_NEEDED = (("zone", 1, 250),)
_MOST = 0x3FFFFFFF
_DAY_S = 86_400
# May be left out.
_OPTIONAL = (
    ("does", 0, 255),
    ("layer", 0, 1),
    ("confirm_ms", 0, 600_000),
    ("pulses", 0, 100),
    ("pulse_window_s", 0, _DAY_S),
    ("quiet_s", 0, 31 * _DAY_S),
    ("constant_s", 0, 31 * _DAY_S),
    ("normal_mv", 0, 5000),
    ("low_milli", -_MOST, _MOST),
    ("high_milli", -_MOST, _MOST),
    ("least_milli", -_MOST, _MOST),
    ("most_milli", -_MOST, _MOST),
    ("change_milli", 0, _MOST),
    ("rise_milli", 0, _MOST),
    ("span_s", 1, 31 * _DAY_S),
    ("mould_s", 0, 366 * _DAY_S),
    ("stuck_s", 0, 31 * _DAY_S),
    ("journal_s", 0, _DAY_S),
    ("tilt_milli", 0, 180_000),
    ("shake_milli", 0, 16_000),
    ("acts", 0, 2),
    ("person", 1, 250),
)
_SENSOR = (("hysteresis_milli", 0, _MOST), ("period_s", 1, _DAY_S))
_ADC = (("adc", 0, 2), ("zero_mv", 0, 5000), ("gain", 1, 200_000), ("per_mv", 1, 200_000))
_FIELDS = {
    "contact": (("pin", 0, 29), ("rest", 0, 1)),
    "loop": (
        ("adc", 0, 2),
        ("normal_from_mv", 0, 5000),
        ("alarm_from_mv", 0, 5000),
        ("open_from_mv", 0, 5000),
    ),
    "temperature": _SENSOR,
    "humidity": _SENSOR,
    "level": _SENSOR + _ADC,
    "voltage": _SENSOR + _ADC,
    "wind": (("mm_per_pulse", 1, 100_000), ("mean_milli", 1, _MOST), ("gust_milli", 1, _MOST)),
    "tilt": (),
    "reader": (("pin", 0, 29),),
}


def load(path: str) -> "tuple[Config, int]":
    """(configuration, number of problems). What cannot be used is left out or replaced, one problem each."""
    config: "Config" = {"gateway": "unnamed", "board": "", "lib_hash": "0" * 16, "zones": []}
    try:
        with open(path) as file:
            found = json.load(file)
    except (OSError, ValueError, MemoryError):
        return config, 1
    if not isinstance(found, dict):
        return config, 1
    problems = 0
    for key, is_right in _CHECKS:
        if is_right(found.get(key)):
            config[key] = found[key]
        else:
            problems += 1
    for key, is_right in _OPTIONAL_CHECKS:
        if key in found:
            if is_right(found[key]):
                config[key] = found[key]
            else:
                problems += 1
    return config, problems + _take_zones(config, found.get("zones"))


def strange_files(root: str) -> int:
    """How many files lie at the root of the file system that do not belong there."""
    return len([name for name in os.listdir(root) if name not in ROOT_FILES])


def _take_zones(config: "Config", zones: "Any") -> int:
    """Put the usable ones of `zones` into `config`; the number of others."""
    if not isinstance(zones, list):
        return 1
    numbers = set()
    for zone in zones:
        if _is_usable(zone, config["board"]) and zone["zone"] not in numbers:
            numbers.add(zone["zone"])
            config["zones"].append(zone)
    return len(zones) - len(numbers)


def _is_usable(zone: "Any", board: str) -> bool:
    if not isinstance(zone, dict) or zone.get("type") not in tuple(_FIELDS):
        return False
    for key, low, high in _NEEDED + _FIELDS[zone["type"]]:
        if not _is_within(zone.get(key), low, high):
            return False
    for key, low, high in _OPTIONAL:
        if not _is_within(zone.get(key, low), low, high):
            return False
    if not _is_text_of(zone.get("modes"), 4, "0123"):
        return False
    if ("change_milli" in zone or "rise_milli" in zone) and "span_s" not in zone:
        return False
    if zone["type"] in ("contact", "loop", "level", "voltage", "reader"):
        return True
    return _is_sensor(zone["type"], zone.get("sensor"), board)


def _is_sensor(kind: str, name: "Any", board: str) -> bool:
    """Whether this names a sensor for such a zone; all but "chip" are on a board that is known to have a bus."""
    if kind == "temperature" and name == "chip":
        return True
    if not board or not isinstance(name, str):
        return False
    if kind == "temperature" and name[:3] == "28-":
        return _is_hex(name[3:], 12)
    if kind == "wind":
        return name[:7] == "pulses-" and name[7:].isdigit() and int(name[7:]) <= 29
    start, end = {"temperature": ("sht", "/t"), "humidity": ("sht", "/rh"), "tilt": ("lis3dh", "")}[kind]
    chip, _, address = name[: len(name) - len(end)].partition("-")
    return name.startswith(start) and name.endswith(end) and chip in _CHIPS and _is_hex(address, 2)


def _is_guard(guard: "Any") -> bool:
    """Whether these are the delays of a guard, in seconds, and days between tests."""
    keys = ("exit_s", "entry_s", "confirm_s", "test_days")
    return isinstance(guard, dict) and all(_is_within(guard.get(key, 0), 0, 3600) for key in keys)


def _are_outputs(outputs: "Any") -> bool:
    limits = (("output", 1, 250), ("pin", 0, 29), ("active", 0, 1), ("shows", 1, 1023), ("limit_s", 0, 900))
    return isinstance(outputs, list) and all(
        isinstance(one, dict)
        and all(_is_within(one.get(key), low, high) for key, low, high in limits)
        and _is_within(one.get("quiet", 0), 0, 15)
        for one in outputs
    )


def _is_network(network: "Any") -> bool:
    """Whether this says where the broker is, and how its certificate is known."""
    if not isinstance(network, dict) or not isinstance(network.get("port"), int):
        return False
    ssid, certificates = network.get("ssid"), network.get("certificates")
    return (
        isinstance(ssid, str)
        and 1 <= len(ssid.encode()) <= 32
        and _is_address(network.get("broker"))
        and 1 <= network["port"] <= 65535
        and isinstance(certificates, list)
        and 1 <= len(certificates) <= 4
        and all(_is_hex(text, 64) for text in certificates)
    )


def _is_address(text: "Any") -> bool:
    """Whether this is an IPv4 address: looking up a name would hold up the whole gateway."""
    parts = text.split(".") if isinstance(text, str) else []
    return len(parts) == 4 and all(part.isdigit() and int(part) <= 255 for part in parts)


def _is_within(value: "Any", low: int, high: int) -> bool:
    return isinstance(value, int) and low <= value <= high


def _is_hex(text: "Any", digits: int) -> bool:
    return _is_text_of(text, digits, _HEX)


def _is_text_of(text: "Any", length: int, letters: str) -> bool:
    return isinstance(text, str) and len(text) == length and all(letter in letters for letter in text)


def _is_name(text: "Any") -> bool:
    return isinstance(text, str) and 1 <= len(text) <= 32 and all("!" <= letter <= "~" for letter in text)


def _is_board(text: "Any") -> bool:
    return text in tocsin_boards.BOARDS


def _is_lib_hash(text: "Any") -> bool:
    return _is_hex(text, 16)


def _are_offsets(numbers: "Any") -> bool:
    """Whether these are pairs of UTC minute and offset, one after the other."""
    return isinstance(numbers, list) and len(numbers) % 2 == 0 and all(isinstance(one, int) for one in numbers)


def _are_rounds(rounds: "Any") -> bool:
    limits = (("round", 1, 250), ("start", 0, 1439), ("days", 0, 127), ("within", 1, 720))
    return isinstance(rounds, list) and all(
        isinstance(one, dict)
        and all(_is_within(one.get(key), low, high) for key, low, high in limits)
        and isinstance(one.get("zones"), list)
        and all(_is_within(zone, 1, 250) for zone in one["zones"])
        for one in rounds
    )


_CHECKS: "tuple[tuple[str, Callable[[Any], bool]], ...]" = (
    ("gateway", _is_name),
    ("board", _is_board),
    ("lib_hash", _is_lib_hash),
)
_OPTIONAL_CHECKS: "tuple[tuple[str, Callable[[Any], bool]], ...]" = (
    ("network", _is_network),
    ("guard", _is_guard),
    ("outputs", _are_outputs),
    ("utc_offsets", _are_offsets),
    ("rounds", _are_rounds),
)
