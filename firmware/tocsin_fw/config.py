"""The device's configuration: what `tocsin site` compiled into /site.json.

Role in the flow: read once at start. Context: task.
A gateway with a damaged configuration does not stay silent: it runs with what could be read and says so in a
trouble record.
"""

import json


def load(path: str) -> "tuple[dict[str, object], int]":
    """(configuration, number of problems). Unknown zones types and half entries are left out, one problem each."""
    try:
        with open(path) as file:
            config = json.load(file)
    except (OSError, ValueError):
        return _empty(), 1
    if not isinstance(config, dict) or not isinstance(config.get("zones"), list):
        return _empty(), 1
    usable = [zone for zone in config["zones"] if _is_usable(zone)]
    problems = len(config["zones"]) - len(usable)
    config["zones"] = usable
    for key, default in _empty().items():
        if key not in config:
            config[key] = default
            problems += 1
    return config, problems


def _empty() -> "dict[str, object]":
    return {"gateway": "unnamed", "board": "", "lib_hash": "0" * 16, "zones": []}


_FIELDS = {
    "contact": ("pin", "rest"),
    "loop": ("adc", "normal_from_mv", "alarm_from_mv", "open_from_mv"),
    "temperature": ("sensor", "low_mc", "high_mc", "period_s"),
}


def _is_usable(zone: object) -> bool:
    if not isinstance(zone, dict) or zone.get("type") not in _FIELDS:
        return False
    needed = ("zone", "h24") + _FIELDS[zone["type"]]
    return all(key in zone for key in needed) and 1 <= zone["zone"] <= 250
