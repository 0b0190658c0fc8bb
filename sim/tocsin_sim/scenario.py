"""A scenario: what happens to a site, when, and what must come of it.

Role in the flow: before stage 1 and after stage 10. Context: CPython.
A scenario is a TOML file (docs/scenarios.md) or made by a generator (`tocsin_sim.night`). Times are ms since its start.
"""

import datetime
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tocsin.event_names import TYPE_NAMES

Verb = Literal[
    "activate",
    "cut",
    "short",
    "interference",
    "set",
    "vanish",
    "freeze",
    "gust",
    "shake",
    "touch",
    "power-cut",
    "link-cut",
    "order",
    "collector-kill",
    "clock-step",
]


Mode = Literal["open", "closed", "lockdown", "reopening"]
Order = Literal["mode", "inhibit", "release", "walk-test-begin", "walk-test-end", "silence"]


class ScenarioError(Exception):
    """A scenario that cannot be played; the message names file, entry and what to write instead."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Action(_Table):
    """One thing that happens. Which of the fields a verb needs: docs/scenarios.md."""

    at_s: Annotated[float, Field(ge=0)]
    do: Verb
    gateway: str = ""
    zone: str = ""
    for_s: Annotated[float, Field(ge=0)] = 0.0
    bounce: Literal["none", "reed", "ganssle", "worn"] = "ganssle"
    per_s: Annotated[float, Field(gt=0)] = 5.0
    celsius: float | None = None
    order: Order = "mode"
    mode: Mode | None = None
    refused: bool = False
    rh: float | None = None
    mm: float | None = None
    volts: float | None = None
    m_s: float | None = None
    degrees: float | None = None
    mg: int | None = None
    over_s: Annotated[float, Field(ge=0)] = 0.0
    how: Literal["missing", "damaged", "power-on"] = "missing"
    person: str = ""
    override: bool = False
    rom: str = ""
    step_s: float | None = None

    @property
    def at_ms(self) -> int:
        return round(self.at_s * 1000)

    @property
    def end_ms(self) -> int:
        return self.at_ms + round(self.for_s * 1000)


class Expect(_Table):
    """One event that must come: from `at_s` on, `within_s` at most."""

    at_s: Annotated[float, Field(ge=0)]
    type: Literal[TYPE_NAMES[1:]]  # type: ignore[valid-type]  # one name each
    gateway: str
    zone: str = ""
    within_s: Annotated[float, Field(gt=0)] = 1.0
    value: int | None = None
    count: int | None = None


class Daily(_Table):
    """A mode that the host orders every day, so many hours after the scenario began."""

    after_h: Annotated[float, Field(gt=0, lt=24)]
    mode: Mode


class Chance(_Table):
    """How much is left to chance, over the whole scenario; cables and power fail so often at each gateway."""

    events_a_zone: Annotated[int, Field(ge=1)]
    link_cuts: Annotated[int, Field(ge=0)] = 0
    power_cuts: Annotated[int, Field(ge=0)] = 0
    collector_kills: Annotated[int, Field(ge=0)] = 0
    clock_steps: Annotated[int, Field(ge=0)] = 0
    daily: list[Daily] = []


class _File(_Table):
    name: str
    site: str
    start: datetime.datetime
    duration_s: Annotated[float, Field(gt=0)]
    seed: int = 1
    event: list[Action] = []
    expect: list[Expect] = []
    chance: Chance | None = None


@dataclass(frozen=True)
class Scenario:
    """A playable scenario: `site` is the site file, `start` the UTC its night begins at."""

    name: str
    site: Path
    start: datetime.datetime
    duration_ms: int
    seed: int
    actions: list[Action] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    chance: Chance | None = None

    @property
    def start_utc_ms(self) -> int:
        return round(self.start.timestamp() * 1000)


def load_scenario(path: Path, seed: int | None = None) -> Scenario:
    """Read a scenario file; `seed` replaces the file's. Raises: ScenarioError."""
    try:
        with path.open("rb") as file:
            raw = tomllib.load(file)
        table = _File.model_validate(raw)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ScenarioError("\n".join(lines)) from None
    if table.start.tzinfo is None:
        raise ScenarioError(f"{path}: start: write it in UTC with a Z at its end, for example 2026-03-14T22:00:00Z")
    return Scenario(
        table.name,
        (path.parent / table.site).resolve(),
        table.start,
        round(table.duration_s * 1000),
        table.seed if seed is None else seed,
        table.event,
        table.expect,
        table.chance,
    )
