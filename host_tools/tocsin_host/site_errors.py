"""What pydantic found wrong with a site description, in the words of the person who wrote it.

Role in the flow: before stage 1. Context: host.
"""

import difflib
import re
from typing import Any

from pydantic import BaseModel

from .site_lines import Path
from .site_model import Contact, Delays, Gateway, Loop, Modes, Network, Site, Zone
from .site_outputs import Output
from .site_people import Person, Reader, Round
from .site_quantities import Accelerometer, Humidity, Level, Temperature, Voltage, Wind

# (path, where, what is wrong, how to mend it)
Finding = tuple[Path, str, str, str]

# Mends for the patterns of site_model; for the rest pydantic says what must be.
_PATTERN_MENDS = {
    "name": "use 1 to 32 of a-z, 0-9 and -",
    "credentials": 'write what is engraved on the iButton as "01-000012345678": family, then serial number',
    "sensor": 'write its ROM id as "28-0316a4f1c2ff", its address on I2C as "sht4x-44", "sht3x-45", "lis3dh-18", '
    'or "chip"',
}
_TABLES: dict[str, type[BaseModel]] = {
    "gateway": Gateway,
    "network": Network,
    "guard": Delays,
    "zone": Zone,
    "modes": Modes,
    "contact": Contact,
    "loop": Loop,
    "temperature": Temperature,
    "reader": Reader,
    "round": Round,
    "output": Output,
    "person": Person,
    "humidity": Humidity,
    "level": Level,
    "voltage": Voltage,
    "wind": Wind,
    "accelerometer": Accelerometer,
}


def explain(document: dict[str, Any], error: dict[str, Any]) -> Finding:
    """One of pydantic's errors as a finding."""
    path: Path = error["loc"]
    key, kind, given = str(path[-1]), error["type"], error.get("input")
    if kind == "missing":
        return path[:-1], where(document, path[:-1]), f"{key} is missing", _missing_mend(key)
    place = where(document, path)
    if kind == "extra_forbidden":
        return path, place, "unknown key", _unknown_mend(path)
    if kind == "string_pattern_mismatch":
        name = [str(step) for step in path if not isinstance(step, int)][-1]
        return path, place, f"{given!r} is not allowed", _PATTERN_MENDS[name]
    if kind == "value_error":
        what, _, mend = str(error["ctx"]["error"]).partition("; ")
        return path, place, what, mend
    if kind == "literal_error":
        return path, place, f"{given!r} is not known", f"use one of: {error['ctx']['expected']}"
    return path, place, f"{_shown(given)} is not allowed", re.sub(r"^\w+ should ", "it must ", error["msg"])


def where(document: dict[str, Any], path: Path) -> str:
    """A path by the names that the writer gave: `gateway gallery, zone 2, contact.pin`."""
    parts: list[str] = []
    keys: list[str] = []
    inside: Any = document
    for position, step in enumerate(path):
        inside = _step(inside, step)
        if isinstance(step, int) and keys:
            parts.append(f"{keys.pop()} {_label(inside, step)}")
        elif not isinstance(step, int):
            keys.append(step)
        if position == len(path) - 1 and keys:
            parts.append(".".join(keys))
    return ", ".join(parts) or "site"


def _step(inside: Any, step: str | int) -> Any:
    try:
        return inside[step]
    except (KeyError, IndexError, TypeError):
        return None


def _label(table: Any, index: int) -> str:
    """A gateway by its name, a zone by its number, anything else by its place."""
    if not isinstance(table, dict):
        return f"#{index + 1}"
    return str(table.get("number", table.get("name", f"#{index + 1}")))


def _shown(given: Any) -> str:
    """A value as the writer would know it again."""
    if isinstance(given, dict):
        return "a table" if given else "an empty table"
    if isinstance(given, list):
        return "a list" if given else "an empty list"
    return repr(given)


def _missing_mend(key: str) -> str:
    if key in ("gateway", "zone"):
        header = "[[gateway]]" if key == "gateway" else "[[gateway.zone]]"
        return f"add at least one {header}"
    return f"add `{key} = ...`"


def _unknown_mend(path: Path) -> str:
    """Name the key that was probably meant, else all that may stand there."""
    tables = [step for step in path[:-1] if isinstance(step, str)]
    model = _TABLES[tables[-1]] if tables else Site
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"remove it, or use one of: {', '.join(known)}"
