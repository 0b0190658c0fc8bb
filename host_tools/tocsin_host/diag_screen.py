"""The live screen of `tocsin diag`: every zone, and what the gateway says of itself.

Role in the flow: stages 1 to 8 seen by a technician. Context: host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import DataTable, Footer, Header, Static
from textual.worker import get_current_worker

from .diag_snapshot import Bounce, Snapshot, ZoneView

_STYLES = {"normal": "green", "alarm": "bold red", "tamper": "bold magenta", "fault": "bold yellow"}
_BARS = " ▁▂▃▄▅▆▇█"
_COLUMNS = ("no.", "zone", "wired as", "state", "reading", "errors", "bounce 1-24 ms", "marks")

# Gives the next snapshot; called from a thread, again and again.
Look = Callable[[], Snapshot]


class DiagScreen(App[None]):
    """Shows what `look` gives; `r` writes the report with `write_report`, which returns where."""

    TITLE = "Tocsin diagnosis"
    CSS = """
    #facts { width: 44; border-left: solid $primary; padding: 0 1; }
    DataTable { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("r", "report", "Write the report"),
        Binding("b", "forget_bounce", "Bounce from zero"),
    ]

    def __init__(self, look: Look, bounce: Bounce, write_report: Callable[[Snapshot], str]) -> None:
        super().__init__()
        self.error = ""
        self._look = look
        self._bounce = bounce
        self._write_report = write_report
        self._latest: Snapshot | None = None

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        yield Header(show_clock=True)
        with Horizontal():
            yield DataTable(cursor_type="row", zebra_stripes=True)
            with VerticalScroll(id="facts"):
                yield Static("asking the gateway …", id="fact-lines")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(DataTable).add_columns(*_COLUMNS)
        self.run_worker(self._watch, thread=True)

    def _watch(self) -> None:
        worker = get_current_worker()
        while not worker.is_cancelled:
            try:
                snapshot = self._look()
            except Exception as error:  # noqa: BLE001 - whatever it is ends the screen, and is told behind it
                self.error = str(error)
                self.call_from_thread(self.exit)
                return
            self.call_from_thread(self.show, snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Bring a snapshot onto the screen."""
        self._latest = snapshot
        self.sub_title = f"{snapshot.name}, mode {snapshot.mode}"
        table = self.query_one(DataTable)
        if table.row_count != len(snapshot.zones):
            table.clear()
            for zone in snapshot.zones:
                table.add_row(*self._cells(zone), key=str(zone.number))
        else:
            for row, zone in enumerate(snapshot.zones):
                for column, cell in enumerate(self._cells(zone)):
                    table.update_cell_at((row, column), cell, update_width=True)  # type: ignore[arg-type]
        lines = Text()
        for name, value in snapshot.facts:
            lines.append(f"{name}\n", "dim")
            lines.append(f"  {value}\n")
        self.query_one("#fact-lines", Static).update(lines)

    def _cells(self, zone: ZoneView) -> tuple[Text, ...]:
        counts = self._bounce.counts.get(zone.pin, []) if zone.pin is not None else []
        reading = zone.reading or ("" if zone.level is None else "not at rest" if zone.level else "at rest")
        errors = Text(str(zone.errors) if zone.errors else "", "bold yellow")
        state = Text(zone.state, _STYLES[zone.state])
        plain = (str(zone.number), zone.name, zone.kind)
        return (*map(Text, plain), state, Text(reading), errors, Text(_sparks(counts), "cyan"), Text(zone.marks))

    def action_report(self) -> None:
        """Write the report."""
        if self._latest is not None:
            self.notify(f"written: {self._write_report(self._latest)}")

    def action_forget_bounce(self) -> None:
        """Count bounce from zero."""
        self._bounce.counts.clear()


def _sparks(counts: list[int]) -> str:
    """A bar of eight heights for each class, and how many there were; nothing where nothing bounced."""
    if not any(counts):
        return ""
    top = max(counts)
    return "".join(_BARS[-(-8 * count // top)] for count in counts) + f"  {sum(counts)}"
