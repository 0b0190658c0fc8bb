"""Tables on standard output, as every bench prints them.

Role in the flow: the reports of the benches. Context: CPython.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from tocsin_sim.bench.bars import Bar

_WIDTH = 140  # where standard output is no terminal


def make_console() -> Console:
    """As wide as the terminal, or as a table needs."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def make_table(title: str, first: str, *columns: str) -> Table:
    """The first column holds names, the others figures."""
    table = Table(title=title, title_justify="left")
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def bars_table(bars: Iterable[Bar]) -> Table:
    """Every bar with its verdict."""
    table = make_table("Bars", "", "measured", "limit", "")
    for bar in bars:
        style = {True: "green", False: "bold red", None: "yellow"}[bar.ok]
        value = "-" if bar.value is None else f"{bar.value:.4g}"
        limit = f"{'at least' if bar.at_least else 'at most'} {bar.limit:g}"
        table.add_row(bar.name, value, limit, bar.verdict, style=style)
    return table
