"""What a site description says of outputs: sirens, strobes, lights, buzzers, and what each shows.

Role in the flow: before stage 1, part of `site_model.py` and `site_compile.py`. Context: host. Reference for the user:
docs/modes.md, "Outputs".
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StrictInt
from tocsin.event_names import MODE_NAMES

from .site_lines import Path

OutputKind = Literal["siren", "strobe", "light", "buzzer"]
Shown = Literal["alarm", "tamper", "fault", "entry", "exit", "chime", "unset", "set", "fire", "silent-alarm"]
# Bit n of the mask in /site.json is number n here; `tocsin.alarm_memory` has the same.
SHOWN: tuple[Shown, ...] = (
    "alarm",
    "tamper",
    "fault",
    "entry",
    "exit",
    "chime",
    "unset",
    "set",
    "fire",
    "silent-alarm",
)
Mode = Literal["open", "closed", "lockdown", "reopening"]
LIMIT_MAX_S = 900


class Usual(NamedTuple):
    """What a kind shows unless told otherwise, and for how long at most; 0: as long as there is something to show."""

    shows: tuple[Shown, ...]
    limit_s: int


USUAL: dict[OutputKind, Usual] = {
    "siren": Usual(("alarm", "tamper", "fire"), 180),
    "strobe": Usual(("alarm", "tamper", "fire"), 0),
    "light": Usual(("set",), 0),
    "buzzer": Usual(("entry", "exit", "chime"), 60),
}
# A noise that nobody ends is turned off by the neighbours.
_LOUD = ("siren", "buzzer")


class Output(BaseModel):
    """One pin that the gateway drives."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    number: Annotated[StrictInt, Field(ge=1, le=250)]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    kind: OutputKind
    pin: StrictInt
    active: Literal["high", "low"] = "high"
    shows: Annotated[list[Shown], Field(min_length=1)] | None = None
    limit_s: Annotated[StrictInt, Field(ge=0, le=LIMIT_MAX_S)] | None = None
    silent_in: list[Mode] = []

    @property
    def longest_s(self) -> int:
        """How long it may be on, 0 for ever."""
        return USUAL[self.kind].limit_s if self.limit_s is None else self.limit_s

    def compiled(self) -> dict[str, Any]:
        """As the gateway reads it."""
        entry = {
            "output": self.number,
            "pin": self.pin,
            "active": int(self.active == "high"),
            "shows": sum(1 << SHOWN.index(one) for one in set(self.shows or USUAL[self.kind].shows)),
            "limit_s": self.longest_s,
        }
        quiet = sum(1 << MODE_NAMES.index(mode) for mode in set(self.silent_in))
        return {**entry, "quiet": quiet} if quiet else entry


def output_rules(outputs: list[Output], gateway: str, path: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Every rule that outputs break among themselves; their pins are checked with all others."""
    numbers: dict[int, Output] = {}
    for index, output in enumerate(outputs):
        here, where = (*path, "output", index), f"gateway {gateway}, output {output.number}"
        if (other := numbers.setdefault(output.number, output)) is not output:
            what = f"number {output.number} is taken by {other.name!r}"
            yield (*here, "number"), f"{where}, number", what, "give each output of a gateway its own"
        if output.kind in _LOUD and not output.longest_s:
            what = f"a {output.kind} without a limit would never be quiet"
            yield (*here, "limit_s"), f"{where}, limit_s", what, f"give it 1 to {LIMIT_MAX_S} seconds"
