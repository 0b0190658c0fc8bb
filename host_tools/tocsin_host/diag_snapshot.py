"""What a gateway looks like from inside at one moment, as the probe read it, and how its contacts bounced.

Role in the flow: stages 1 to 8 seen by a technician. Context: host. Reference for the user: docs/diag.md.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tocsin.errors import TocsinError
from tocsin.event import NO_READING
from tocsin.event_names import MODE_NAMES, STATE_NAMES

from .symptom_words import WARNINGS

_WORD_BYTES = 4
# While the ring is copied the oldest samples may be overwritten.
_RING_GUARD = 16
# Upper ends of the classes of a bounce histogram, in ms: what the evidence layer (25 ms) takes for no movement.
BOUNCE_CLASSES_MS = (1, 2, 4, 8, 16, 24)
_RINGS = ("security", "evidence", "routine")
# Unit and thousandths of it, by the type that the probe tells or else by the kind of the zone.
_UNITS = {
    "loop": ("mV", 1),
    "wind": ("m/s", 1000),
    "tilt": ("°", 1000),
    "temperature": ("°C", 1000),
    "humidity": ("% RH", 1000),
    "water-level": ("mm", 1),
    "battery": ("V", 1000),
    "supply": ("V", 1000),
}


class DiagError(TocsinError):
    """A gateway that cannot be looked into; the text names the mend."""

    code = 640


@dataclass(frozen=True)
class ZoneView:
    """One zone: `value` as it was read, NO_READING for none, `reading` the same in the unit of its kind; `level` of its
    pin. None or "" where it has no such thing.

    `tested`: the day on which a walk test saw it work last, "never", or "" where none can; `hits`: in the walk
    test that runs, or ran last.
    """

    number: int
    name: str
    kind: str
    state: str
    value: int | None
    reading: str
    level: int | None
    pin: int | None
    errors: int
    marks: str
    is_testable: bool
    tested: str
    hits: int


@dataclass(frozen=True)
class Snapshot:
    """`facts`: what the gateway says of itself, as (name, value) for people; `raw`: all of it, as it came."""

    name: str
    mode: str
    uptime_ms: int
    facts: list[tuple[str, str]]
    zones: list[ZoneView]
    raw: Mapping[str, Any]

    @property
    def pins(self) -> list[int]:
        """Pins of contact zones."""
        return [zone.pin for zone in self.zones if zone.pin is not None]

    @property
    def is_testing(self) -> bool:
        """Whether a walk test runs."""
        return bool(self.raw["testing"])

    @property
    def unhit(self) -> list[ZoneView]:
        """Zones that the walk test which runs, or ran last, has not seen to work."""
        return [zone for zone in self.zones if zone.is_testable and not zone.hits]

    @property
    def walk_words(self) -> tuple[str, str]:
        """How far the walk test is, and what is missing, "" for nothing."""
        testable, unhit = [zone for zone in self.zones if zone.is_testable], self.unhit
        done = f"{len(testable) - len(unhit)} of {len(testable)} zones seen to work"
        return done, f"missing: {' · '.join(zone.name for zone in unhit)}" if unhit else ""


def parse(text: str, known: Mapping[int, tuple[str, str]]) -> Snapshot:
    """The snapshot in what the probe printed; `known`: (name, kind) of zones by number. Raises: DiagError."""
    try:
        raw = json.loads(text)
        zones = [_zone(entry, known) for entry in raw["zones"]]
        mode, raw["testing"] = MODE_NAMES[raw["mode"]], bool(raw["testing"])
        return Snapshot(str(raw["gateway"]), mode, int(raw["uptime_ms"]), _facts(raw), zones, raw)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DiagError(f"the gateway's answer cannot be read ({error}); flash it with this version") from error


def _zone(entry: Mapping[str, Any], known: Mapping[int, tuple[str, str]]) -> ZoneView:
    number = int(entry["zone"])
    name, kind = known.get(number, (f"zone {number}", str(entry["type"])))
    return ZoneView(
        number,
        name,
        kind,
        STATE_NAMES[entry["state"]],
        entry.get("value"),
        _reading(str(entry["type"]), kind, entry.get("value")),
        entry.get("level"),
        entry.get("pin"),
        int(entry.get("errors", 0)),
        ", ".join([*entry.get("marks", ()), *_warnings(entry.get("warnings", 0))]),
        bool(entry["is_testable"]),
        tested_text(entry["tested_day"]) if entry["is_testable"] else "",
        int(entry["hits"]),
    )


def tested_text(day: int | None) -> str:
    """A local day since 1970, 0 while the clock was not set then, as the walk test keeps it; None for never."""
    if day is None:
        return "never"
    return (date(1970, 1, 1) + timedelta(day)).isoformat() if day else "day not known"


def _warnings(bits: int) -> list[str]:
    """Words for the warnings that hold, bit n for code n of docs/record.md."""
    return [what for code, (what, _) in WARNINGS.items() if bits >> code & 1]


def _reading(wiring: str, kind: str, value: int | None) -> str:
    if value is None:
        return ""
    if value == NO_READING:
        return "none"
    unit, scale = _UNITS.get(wiring) or _UNITS.get(kind, ("", 1000))
    return f"{value} {unit}" if scale == 1 else f"{value / scale:.2f} {unit}"


def _facts(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    clock = "never set" if not raw["utc_ms"] else f"within {raw['clock_error_ms']} ms"
    kept = zip(_RINGS, raw["oldest_seqs"], strict=True)
    rings = ", ".join(
        f"{name} from no. {oldest}" if oldest < raw["next_seq"] else f"{name} none" for name, oldest in kept
    )
    waiting = raw["next_seq"] - raw["acked_seq"]
    return [
        ("board", raw["board"]),
        ("library", raw["lib_hash"]),
        ("firmware", raw["firmware"]),
        ("start", f"no. {raw['boot']}, {raw['uptime_ms'] / 3_600_000:.2f} h ago, by {_reset(raw['reset_cause'])}"),
        ("clock", clock),
        ("heap free", f"{raw['heap_free_bytes']} bytes"),
        ("samples lost", str(raw["samples_lost"])),
        ("transitions lost", str(raw["transitions_lost"])),
        ("damaged frames", str(raw["bad_frames"])),
        ("records", f"next no. {raw['next_seq']}, {waiting} not at the host yet"),
        ("journal", rings),
        ("erases", f"{raw['erases']} of the most used sector"),
    ]


def _reset(cause: int) -> str:
    return {1: "power", 3: "watchdog"}.get(cause, "unknown cause")


@dataclass
class Bounce:
    """Histograms of how long each pin stayed at a level, where that was too short to be a movement."""

    counts: dict[int, list[int]] = field(default_factory=dict)
    _levels: dict[int, int] = field(default_factory=dict)
    _since: dict[int, int] = field(default_factory=dict)
    _next: int = 0

    def feed_ring(self, samples: tuple[int, str] | None, pins: Sequence[int]) -> None:
        """Take the ring that the probe gave: (number of the next sample, words in base64)."""
        if samples is None:
            return
        next_sample, text = samples
        ring = b64decode(text)
        size = len(ring) // _WORD_BYTES
        first = max(0, next_sample - size + _RING_GUARD)
        words = [int.from_bytes(ring[at : at + _WORD_BYTES], "little") for at in range(0, len(ring), _WORD_BYTES)]
        self.feed(first, [words[number % size] for number in range(first, next_sample)], pins)

    def feed(self, first: int, words: Sequence[int], pins: Sequence[int]) -> None:
        """Take samples, numbered from `first`; those that came before are passed over, a gap begins anew."""
        if first > self._next:
            self._levels.clear()
        for number, word in enumerate(words, first):
            if number < self._next:
                continue
            for pin in pins:
                self._take(pin, word >> pin & 1, number)
            self._next = number + 1

    def _take(self, pin: int, level: int, number: int) -> None:
        before = self._levels.get(pin)
        if before is None:
            self._levels[pin] = level
            self._since[pin] = -1  # how long it had been so is not known
        elif level != before:
            if self._since[pin] >= 0:
                self._count(pin, number - self._since[pin])
            self._levels[pin], self._since[pin] = level, number

    def _count(self, pin: int, length_ms: int) -> None:
        for place, end_ms in enumerate(BOUNCE_CLASSES_MS):
            if length_ms <= end_ms:
                self.counts.setdefault(pin, [0] * len(BOUNCE_CLASSES_MS))[place] += 1
                return
