"""The live screen of `tocsin diag`: every zone, what the gateway says of itself, and keys for what a technician does.

Role in the flow: stages 1 to 8 seen by a technician. Context: host.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import zip_longest
from queue import Empty, SimpleQueue
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Footer, Header, RichLog, Static
from textual.worker import get_current_worker
from tocsin.errors import TocsinError

from .diag_actions import Actions
from .diag_dialog import Question
from .diag_snapshot import Bounce, Snapshot, ZoneView

_STYLES = {"normal": "green", "alarm": "bold red", "tamper": "bold magenta", "fault": "bold yellow"}
_BARS = " ▁▂▃▄▅▆▇█"
_COLUMNS = ("no.", "zone", "kind", "state", "reading", "last tested", "marks", "errors", "bounce 1-24 ms")

# Gives the next snapshot; called from a thread, again and again.
Look = Callable[[], Snapshot]


class DiagScreen(App[None]):
    """Shows what `look` gives; `r` writes the report with `write_report`, which returns where."""

    TITLE = "Tocsin diagnosis"
    CSS = """
    #facts { height: auto; max-height: 9; border-top: solid $primary; padding: 0 1; }
    #walk { display: none; height: auto; padding: 0 1; background: $warning; color: $text; text-style: bold; }
    #walk.on { display: block; }
    #done { height: 5; border-top: solid $primary; padding: 0 1; background: $surface; }
    DataTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "walk_test", "Walk test begin/end"),
        Binding("o", "beep", "Outputs: beep"),
        Binding("c", "calibrate", "Calibrate the loop"),
        Binding("r", "report", "Report"),
        Binding("b", "forget_bounce", "Bounce from 0"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, look: Look, bounce: Bounce, write_report: Callable[[Snapshot], str], actions: Actions) -> None:
        super().__init__()
        self.error = ""
        self.told: list[str] = []
        self._look = look
        self._bounce = bounce
        self._write_report = write_report
        self._actions = actions
        self._wanted: SimpleQueue[Callable[[], str]] = SimpleQueue()
        self._latest: Snapshot | None = None

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        yield Header(show_clock=True, icon=" ")
        yield Static(id="walk", markup=False)
        yield DataTable(cursor_type="row", zebra_stripes=True)
        with VerticalScroll(id="facts", can_focus=False):
            yield Static("asking the gateway …", id="fact-lines")
        yield RichLog(id="done", wrap=True)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to look."""
        table = self.query_one(DataTable)
        table.add_columns(*_COLUMNS)
        table.focus()
        self.run_worker(self._watch, thread=True)

    def _watch(self) -> None:
        """The only thread that speaks with the gateway: looks, and between two looks does what was wanted."""
        worker = get_current_worker()
        while not worker.is_cancelled:
            try:
                self._do_wanted()
                snapshot = self._look()
            except Exception as error:  # noqa: BLE001 - whatever it is ends the screen, and is told behind it
                self.error = str(error)
                self.call_from_thread(self.exit)
                return
            self.call_from_thread(self.show, snapshot)

    def _do_wanted(self) -> None:
        while True:
            try:
                what = self._wanted.get_nowait()
            except Empty:
                return
            try:
                told, style = what(), "green"
            except (TocsinError, OSError) as error:
                told, style = str(error), "bold red"
            self.call_from_thread(self.tell, told, style)

    def show(self, snapshot: Snapshot) -> None:
        """Bring a snapshot onto the screen."""
        self._latest = snapshot
        self.sub_title = f"{snapshot.name}, mode {snapshot.mode}"
        table = self.query_one(DataTable)
        if table.row_count != len(snapshot.zones):
            table.clear()
            for zone in snapshot.zones:
                table.add_row(*self._cells(zone, snapshot), key=str(zone.number))
        else:
            for row, zone in enumerate(snapshot.zones):
                for column, cell in enumerate(self._cells(zone, snapshot)):
                    table.update_cell_at((row, column), cell, update_width=True)  # type: ignore[arg-type]
        self.query_one("#fact-lines", Static).update(_grid(snapshot.facts))
        walk = self.query_one("#walk", Static)
        walk.set_class(snapshot.is_testing, "on")
        walk.update(_walk_text(snapshot))

    def _cells(self, zone: ZoneView, snapshot: Snapshot) -> tuple[Text, ...]:
        counts = self._bounce.counts.get(zone.pin, []) if zone.pin is not None else []
        reading = zone.reading or ("" if zone.level is None else "not at rest" if zone.level else "at rest")
        errors = Text(str(zone.errors) if zone.errors else "", "bold yellow")
        state = Text(zone.state, _STYLES[zone.state])
        plain = (str(zone.number), zone.name, zone.kind)
        tested = _tested(zone, snapshot.is_testing)
        marks, bounce = Text(zone.marks, "yellow"), Text(_sparks(counts), "cyan")
        return (*map(Text, plain), state, Text(reading), tested, marks, errors, bounce)

    def tell(self, text: str, style: str = "") -> None:
        """A line that stays on the screen: what was done, and what came of it."""
        self.told.append(text)
        self.query_one("#done", RichLog).write(Text(f"{datetime.now():%H:%M:%S}  ").append(text, style), expand=True)

    def action_walk_test(self) -> None:
        """Begin a walk test, or end the one that runs."""
        if self._latest is None:
            return
        if self._latest.is_testing:
            self._ask("End the walk test", _end_text(self._latest), self._actions.end_walk_test)
            return
        try:
            name = self._actions.person_name
        except TocsinError as error:
            self.tell(str(error), "bold red")
            return
        text = f"In the name of {name}, on record. Until it ends no zone is an alarm, and no siren sounds."
        self._ask("Begin a walk test", text, self._actions.begin_walk_test)

    def action_beep(self) -> None:
        """Let every output be heard."""
        latest = self._latest
        if latest is not None:
            names = ", ".join(self._actions.outputs(latest).values()) or "no output"
            text = f"{names}: half a second each, one after the other, on record. A siren is loud: warn who is near it."
            self._ask("Beep", text, lambda: self._actions.beep(latest))

    def action_calibrate(self) -> None:
        """Take what the loop under the cursor reads for its normal value."""
        row = self.query_one(DataTable).cursor_row
        if self._latest is not None and 0 <= row < len(self._latest.zones):
            zone = self._latest.zones[row]
            text = f"{zone.name} reads {zone.reading or 'nothing'}. Is its contact closed and the cable in its place?"
            self._ask("Calibrate a loop", text, lambda: self._actions.calibrate(zone.number))

    def _ask(self, title: str, text: str, what: Callable[[], str]) -> None:
        def answered(answer: bool | None) -> None:
            if answer:
                self._wanted.put(what)

        self.push_screen(Question(title, text), answered)

    def action_report(self) -> None:
        """Write the report."""
        if self._latest is not None:
            self.tell(f"written: {self._write_report(self._latest)}")

    def action_forget_bounce(self) -> None:
        """Count bounce from zero."""
        self._bounce.counts.clear()


def _grid(facts: list[tuple[str, str]]) -> Table:
    """What the gateway says of itself, in two columns."""
    grid = Table.grid(padding=(0, 2), expand=True)
    for style, ratio in (("dim", None), ("", 1)) * 2:
        grid.add_column(style=style, ratio=ratio)
    half = -(-len(facts) // 2)
    for left, right in zip_longest(facts[:half], facts[half:], fillvalue=("", "")):
        grid.add_row(*map(Text, (*left, *right)))
    return grid


def _walk_text(snapshot: Snapshot) -> str:
    done, missing = snapshot.walk_words
    return f"WALK TEST  {done}; {missing or 'end it with w'}"


def _end_text(snapshot: Snapshot) -> str:
    unhit, standing = snapshot.unhit, [zone.name for zone in snapshot.zones if zone.state != "normal"]
    lines = [f"Not tested: {', '.join(zone.name for zone in unhit)}." if unhit else "Every zone was seen to work."]
    if standing:
        lines.append(f"Not at rest, and judged at once by the mode {snapshot.mode}: {', '.join(standing)}.")
    return "\n".join(lines)


def _tested(zone: ZoneView, is_testing: bool) -> Text:
    if not zone.is_testable:
        return Text("-", "dim")
    if is_testing:
        return (
            Text(f"✓ {zone.hits} hit{'s' if zone.hits > 1 else ''}", "bold green")
            if zone.hits
            else Text("now?", "bold yellow")
        )
    return Text(zone.tested, "bold yellow" if zone.tested == "never" else "")


def _sparks(counts: list[int]) -> str:
    """A bar of eight heights for each class, and how many there were; nothing where nothing bounced."""
    if not any(counts):
        return ""
    top = max(counts)
    return "".join(_BARS[-(-8 * count // top)] for count in counts) + f"  {sum(counts)}"
