"""What a site description says of people: who they are, their credentials and hours; readers; rounds.

Role in the flow: before stage 1, part of `site_model.py`. Context: host. Reference for the user: docs/people.md.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StrictInt, field_validator

Role = Literal["guard", "staff", "manager", "technician"]
# Index + 1 is the number in the table of docs/people.md.
ROLES: tuple[Role, ...] = ("guard", "staff", "manager", "technician")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_DAYS = re.compile(f"{_DAY}(-{_DAY})?(,{_DAY}(-{_DAY})?)*")
_TIME = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
ALL_DAYS = 0x7F
WHOLE_DAY_MIN = 1440


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Hours(NamedTuple):
    """`days`: bit 0 Monday … bit 6 Sunday; minutes of the day. One that ends before it begins ends the day after."""

    days: int
    from_min: int
    until_min: int


def parse_days(text: str) -> int:
    """Bits of "mon-fri,sun"; bit 0 is Monday. Raises: ValueError."""
    if not _DAYS.fullmatch(text):
        raise ValueError(f"{text!r} names no days; write mon-fri, or mon,wed,sat")
    bits = 0
    for part in text.split(","):
        first, last = (DAYS.index(name) for name in (part.split("-") * 2)[:2])
        for day in range(first, last + 1 if last >= first else last + 8):
            bits |= 1 << day % 7
    return bits


def parse_time(text: str) -> int:
    """Minute of the day of "22:00". Raises: ValueError."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is no time; write it like 07:30")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def parse_hours(text: str) -> Hours:
    """From "mon-fri 07:00-19:00". Raises: ValueError."""
    days, _, times = text.partition(" ")
    first, _, last = times.partition("-")
    found = Hours(parse_days(days), parse_time(first), parse_time(last))
    if found.from_min == found.until_min or found.from_min == WHOLE_DAY_MIN:
        raise ValueError(f"{text!r} is empty; write from and until, such as 07:00-19:00 or 00:00-24:00")
    return found


class Reader(_Table):
    """An iButton reader on a pin of its own, pulled up to 3.3 V."""

    pin: StrictInt

    def compiled(self) -> dict[str, Any]:
        """As the gateway reads it."""
        return {"type": "reader", "pin": self.pin}


class Person(_Table):
    """Somebody who may do something here."""

    number: Annotated[StrictInt, Field(ge=1, le=250)]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role
    credentials: list[Annotated[str, Field(pattern=r"^[0-9a-f]{2}-[0-9a-f]{12}$")]] = []
    valid_from: date | None = None
    valid_until: date | None = None
    hours: Annotated[list[str], Field(min_length=1, max_length=14)] | None = None

    @field_validator("hours")
    @classmethod
    def _can_be_read(cls, hours: list[str] | None) -> list[str] | None:
        for text in hours or []:
            parse_hours(text)
        return hours

    @property
    def windows(self) -> list[Hours]:
        """When this person is let in; all the time unless told otherwise."""
        return [parse_hours(text) for text in self.hours or ["mon-sun 00:00-24:00"]]


class Round(_Table):
    """A guard's round: checkpoints in their order, each within a time from the one before."""

    number: Annotated[StrictInt, Field(ge=1, le=250)]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    checkpoints: Annotated[list[StrictInt], Field(min_length=1, max_length=30)]
    start: str
    days: str = "mon-sun"
    within_min: Annotated[StrictInt, Field(ge=1, le=720)]

    @field_validator("start")
    @classmethod
    def _is_time(cls, start: str) -> str:
        parse_time(start)
        return start

    @field_validator("days")
    @classmethod
    def _are_days(cls, days: str) -> str:
        parse_days(days)
        return days

    def compiled(self) -> dict[str, Any]:
        """As the gateway reads it."""
        return {
            "round": self.number,
            "zones": self.checkpoints,
            "start": parse_time(self.start) % WHOLE_DAY_MIN,
            "days": parse_days(self.days),
            "within": self.within_min,
        }
