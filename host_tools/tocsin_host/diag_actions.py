"""What a technician does at a gateway beside looking: walk test, beep, calibration; and what is refused.

Role in the flow: beside stages 5 and 6. Context: host. Reference for the user: docs/diag.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tocsin.event import VERDICT_DONE

from .diag_calibrate import READINGS, Calibration, calibrate, calibration_file
from .diag_snapshot import DiagError, Snapshot
from .write_file import write_file

if TYPE_CHECKING:
    from .site_model import Gateway
    from .site_people import Person

# An output is on for half of it; whoever listens hears one after the other.
BEEP_EVERY_S = 1.0


class Hand(Protocol):
    """What is needed of a console: that of `diag_console.py`."""

    def begin_walk_test(self, person: int) -> int: ...
    def end_walk_test(self, person: int) -> int: ...
    def beep(self, output: int) -> bool: ...
    def readings(self, zone: int, count: int) -> list[int]: ...


class Actions:
    """Does it in the name of `person`, as `site` has it; each returns what came of it. Raises: DiagError."""

    def __init__(
        self,
        hand: Hand,
        site: Gateway | None,
        person: Person | None,
        calibration: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.calibrations: dict[int, Calibration] = {}
        self._hand = hand
        self._site = site
        self._person = person
        self._calibration = calibration
        self._sleep = sleep

    @property
    def person_name(self) -> str:
        """In whose name. Raises: DiagError where nobody is named."""
        if self._person is None:
            raise DiagError("who tests? Begin with --as NAME, of the people in --site FILE")
        return self._person.name

    def begin_walk_test(self) -> str:
        """The gateway's ordinary walk test: sealed, marked, in the person's name."""
        name = self.person_name
        assert self._person is not None
        if self._hand.begin_walk_test(self._person.number) != VERDICT_DONE:
            raise DiagError("no walk test begun: one runs already, or somebody is coming in or leaving just now")
        return f"walk test begun by {name}: open every door, walk through every room"

    def end_walk_test(self) -> str:
        """End it; who began it is on record, and who ended it where somebody is named."""
        if self._hand.end_walk_test(self._person.number if self._person else 0) != VERDICT_DONE:
            raise DiagError("no walk test runs")
        return "walk test ended"

    def beep(self, snapshot: Snapshot) -> str:
        """Each output for half a second, one after the other."""
        names = self.outputs(snapshot)
        if not names:
            raise DiagError("this gateway has no output to be heard ([[gateway.output]] in the site)")
        busy = []
        for place, (number, name) in enumerate(names.items()):
            if place:
                self._sleep(BEEP_EVERY_S)
            if not self._hand.beep(number):
                busy.append(name)
        on = f"; left alone, on for a reason of its own: {', '.join(busy)}" if busy else ""
        heard = [name for name in names.values() if name not in busy]
        return f"on for half a second: {', '.join(heard) or 'none'}{on}"

    def outputs(self, snapshot: Snapshot) -> dict[int, str]:
        """Names of the gateway's outputs by number."""
        known = {one.number: one.name for one in self._site.outputs} if self._site else {}
        numbers = [int(one["output"]) for one in snapshot.raw["outputs"]]
        return {number: known.get(number, f"output {number}") for number in numbers}

    def calibrate(self, number: int) -> str:
        """Take what a loop reads now for its normal value, and keep that for the file, where there is to be one."""
        if self._site is None:
            raise DiagError("how is it wired? Begin with --site FILE")
        zone = next((one for one in self._site.zones if one.number == number), None)
        if zone is None or zone.loop is None:
            loops = ", ".join(f"{one.number} {one.name}" for one in self._site.zones if one.loop) or "none"
            raise DiagError(f"zone {number} is no supervised loop; these are: {loops}")
        found = calibrate(self._site.name, zone, self._hand.readings(number, READINGS))
        self.calibrations[number] = found
        if self._calibration is None:
            return f"{found.text}; into its loop in site.toml: {found.line}"
        write_file(self._calibration, calibration_file(list(self.calibrations.values())).encode())
        return f"{found.text}; {found.line}, written to {self._calibration}"
