"""The terminal at commissioning: each step as it is known, what is still to be tested, and questions.

Role in the flow: before stage 1, at commissioning. Context: host.
"""

from __future__ import annotations

import select
import sys

import click
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .commission_record import SIGNS
from .commission_steps import FAILED, NONE, OK, OVERRIDDEN, UNSEEN, Step
from .commission_walk import open_ends
from .diag_snapshot import Snapshot, ZoneView

_COLOURS = {OK: "green", FAILED: "red", OVERRIDDEN: "yellow", UNSEEN: "yellow", NONE: "bright_black"}
_HOW = {
    "pir": "walk past it",
    "glass": "use the tester",
    "vibration": "knock beside it",
    "object": "lift it",
    "tamper": "open the lid",
    "hold-up": "press it",
    "water": "wet it",
    "smoke": "use test smoke",
    "heat": "use the tester",
}


class Terminal:
    """`asks`: somebody is there to answer."""

    def __init__(self, asks: bool) -> None:
        self._asks = asks
        self._live: Live | None = None
        self._seen: set[int] = set()

    def told(self, step: Step) -> None:
        """A line for a step."""
        self.close()
        sign = click.style(SIGNS[step.status], fg=_COLOURS[step.status], bold=True)
        click.echo(f"{sign} {step.title:<18} {step.found}")
        if step.mend:
            click.echo(f"  {'':<18} {click.style(step.mend, fg=_COLOURS[step.status])}")

    def walked(self, snapshot: Snapshot) -> None:
        """How far the walk test is: a live list on a terminal, else a line for each zone that was hit."""
        if self._asks and sys.stdout.isatty():
            if self._live is None:
                self._live = Live(refresh_per_second=4, transient=True)
                self._live.start()
            self._live.update(_panel(snapshot))
            return
        for zone in snapshot.zones:
            if zone.hits and zone.number not in self._seen:
                self._seen.add(zone.number)
                click.echo(f"  seen to work: {zone.name}")

    def is_enough(self) -> bool:
        """Whether the person pressed Enter, to leave the rest untested."""
        if not (self._asks and sys.stdin.isatty()):
            return False
        is_pressed = bool(select.select([sys.stdin], [], [], 0)[0])
        if is_pressed:
            sys.stdin.readline()
        return is_pressed

    def confirm(self, question: str) -> bool | None:
        """Yes or no; None where nobody is there."""
        self.close()
        return click.confirm(question) if self._asks else None

    def close(self) -> None:
        """End the live list."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _panel(snapshot: Snapshot) -> Panel:
    table = Table.grid(padding=(0, 2))
    for zone in open_ends(snapshot):
        table.add_row(Text(str(zone.number), "dim"), Text(zone.name, "bold"), Text(zone.kind, "dim"), _to_do(zone))
    rest = Text("Enter: leave the rest untested    Ctrl-C: break off", "dim")
    return Panel(Group(table, Text(), rest), title=f"walk test: {snapshot.walk_words[0]}", border_style="yellow")


def _to_do(zone: ZoneView) -> Text:
    if not zone.hits:
        return Text(_HOW.get(zone.kind, "open it"), "yellow")
    return Text("works; close it again", "green")
