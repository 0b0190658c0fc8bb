"""What kinds of zones there are, and what each does unless the site says otherwise.

Role in the flow: before stage 1. Context: host. Reference for the user: docs/site.md, docs/modes.md.
A new kind is one line here; `site_compile.py` makes numbers of the words.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "door",
    "window",
    "case",
    "glass",
    "vibration",
    "pir",
    "object",
    "vehicle",
    "hold-up",
    "tamper",
    "water",
    "water-level",
    "wind",
    "smoke",
    "heat",
    "mains",
    "battery",
    "supply",
    "temperature",
    "humidity",
    "reader",
    "keyswitch",
    "checkpoint",
]
Layer = Literal["fast", "normal"]
# What becomes of an alarm in a mode: nothing, an activity record, an alarm after the entry delay, an alarm at once.
Response = Literal["off", "log", "delayed", "instant"]
RESPONSES: tuple[Response, ...] = ("off", "log", "delayed", "instant")
# Open, closed, lockdown, reopening.
Responses = tuple[Response, Response, Response, Response]

FOLLOWS: Responses = ("log", "instant", "instant", "log")
ALWAYS: Responses = ("instant",) * 4
NEVER: Responses = ("off",) * 4

# What a zone does beside raising an alarm: the bits of "does" in /site.json.
SILENT = 1  # no siren
CHIME = 2  # a short tone as it opens in open hours
IS_TAMPER = 4  # leaving rest is a tamper, not an alarm
RELEASABLE = 8  # a work of art that a person may move for a while
NO_WALK_TEST = 16
NO_INHIBIT = 32
FIRE = 64
NO_CONFIRM = 128  # its alarm says nothing of a burglar


@dataclass(frozen=True)
class Facts:
    """`wirings`: the tables of site.toml that may wire such a zone; `does`: bits of the constants above."""

    wirings: tuple[str, ...]
    responses: Responses = ALWAYS
    does: int = 0
    layer: Layer = "normal"


# What no mode may soften.
ALWAYS_INSTANT: tuple[Kind, ...] = ("hold-up", "tamper", "smoke", "heat")

_SWITCH = ("contact", "loop")
_MEASURED = NO_WALK_TEST | NO_CONFIRM
_PEOPLE = NO_WALK_TEST | NO_INHIBIT | NO_CONFIRM
_SWITCH_OR_ACCELEROMETER = ("contact", "loop", "accelerometer")
_SWITCH_OR_VOLTAGE = ("contact", "loop", "voltage")

KINDS: dict[Kind, Facts] = {
    "door": Facts(_SWITCH, FOLLOWS),
    "window": Facts(_SWITCH, FOLLOWS),
    "case": Facts(_SWITCH, FOLLOWS),
    "glass": Facts(_SWITCH, FOLLOWS, layer="fast"),
    "vibration": Facts(_SWITCH_OR_ACCELEROMETER, FOLLOWS, layer="fast"),
    "pir": Facts(_SWITCH, FOLLOWS),
    "object": Facts(_SWITCH_OR_ACCELEROMETER, does=RELEASABLE),
    "vehicle": Facts(_SWITCH, FOLLOWS),
    "hold-up": Facts(_SWITCH, does=SILENT | NO_INHIBIT),
    "tamper": Facts(_SWITCH, does=IS_TAMPER | NO_INHIBIT),
    "water": Facts(_SWITCH, does=NO_CONFIRM),
    "water-level": Facts(("level",), does=NO_CONFIRM),
    "wind": Facts(("wind",), does=_MEASURED),
    "smoke": Facts(_SWITCH, does=FIRE | NO_CONFIRM),
    "heat": Facts(_SWITCH, does=FIRE | NO_CONFIRM),
    "mains": Facts(_SWITCH, does=_MEASURED),
    "battery": Facts(_SWITCH_OR_VOLTAGE, does=_MEASURED),
    "supply": Facts(_SWITCH_OR_VOLTAGE, does=_MEASURED),
    "temperature": Facts(("temperature",), does=_MEASURED),
    "humidity": Facts(("humidity",), does=_MEASURED),
    # A reader is an alarm when credentials that nobody knows are tried there again and again.
    "reader": Facts(("reader",), ALWAYS, NO_WALK_TEST | NO_INHIBIT),
    "keyswitch": Facts(_SWITCH, NEVER, _PEOPLE),
    "checkpoint": Facts((*_SWITCH, "reader"), NEVER, _PEOPLE),
}
