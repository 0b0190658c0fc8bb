"""The figures of a run, for people: tables on standard output.

Role in the flow: the reports of `make bench-link`. Context: CPython.
"""

from rich.console import Console
from rich.table import Table

from tocsin_sim.bench.link_cell import Cell, quantile
from tocsin_sim.bench.link_run import Run

_WIDTH = 140  # where standard output is no terminal


def show(run: Run) -> None:
    """Print everything that matters."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(
        _cells("A backlog over a line that damages bytes (model, virtual time; median / worst)", run.draining)
    )
    console.print(_cells("Everything at once: bursts, cable out, collector killed, gateway cut (model)", run.troubled))
    console.print(_kill(run), highlight=False)
    console.print(_bars(run))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns[:3]:
        table.add_column(column, no_wrap=True)
    for column in columns[3:]:
        table.add_column(column, justify="right")
    return table


def _cells(title: str, cells: list[Cell]) -> Table:
    table = _table(
        title,
        *("", "line", "damaged", "records", "mishaps", "lost", "wrong", "doubled", "records/s", "wire bytes a byte"),
        *("back ms", "alarm ms"),
    )
    for cell in cells:
        table.add_row(
            cell.way,
            cell.line,
            f"{100 * cell.trouble.corruption:g} %",
            str(cell.records),
            str(sum(cell.mishaps.values())),
            str(cell.lost),
            str(cell.wrong),
            str(cell.doubled),
            f"{cell.rate_per_s:.0f}",
            f"{cell.overhead:.2f}",
            _worst(cell.recovery_ms()),
            _worst(cell.alarm_ms),
        )
    return table


def _worst(values: list[float]) -> str:
    """Median and largest, with a stroke between."""
    median, worst = quantile(values, 0.5), quantile(values, 1)
    return "" if median is None or worst is None else f"{median:.0f} / {worst:.0f}"


def _kill(run: Run) -> str:
    kill = run.kill
    return (
        f"Real processes: {kill.records} records, collector killed with -9 {kill.kills} times: {kill.lost} lost, "
        f"{kill.wrong} wrong, {kill.doubled} doubled, {kill.findings} findings. From the start of a process to the "
        f"first record acknowledged: {_worst(kill.restart_ms)} ms (most of it is Python starting)."
    )


def _bars(run: Run) -> Table:
    table = Table(title="Bars", title_justify="left")
    table.add_column("bar")
    for column in ("value", "limit", ""):
        table.add_column(column, justify="right")
    for bar in run.bars:
        table.add_row(
            bar.name,
            "-" if bar.value is None else f"{bar.value:g}",
            f"{'>=' if bar.at_least else '<='} {bar.limit:g}",
            bar.verdict,
        )
    return table
