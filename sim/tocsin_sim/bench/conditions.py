"""Conditions that people know, as choices of cells of the grid.

Role in the flow: the reports of `make bench-debounce`. Context: CPython.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin_sim.bench.debounce_grid import Cell, Grid
from tocsin_sim.bench.debounce_run import is_long
from tocsin_sim.bench.score import Score


@dataclass(frozen=True)
class Condition:
    """Cells with this bounce, interference a second and background."""

    title: str
    bounce: str
    per_s: int
    background: str

    def holds(self, cell: Cell) -> bool:
        return (cell.place.bounce, cell.place.per_s, cell.background) == (self.bounce, self.per_s, self.background)


CONDITIONS = (
    Condition("ordinary contact", "ganssle", 0, "idle"),
    Condition("worn contact", "worn", 0, "idle"),
    Condition("interference 20/s", "ganssle", 20, "idle"),
    Condition("flash erase 45 ms", "ganssle", 0, "flash 45 ms"),
    Condition("flash erase 400 ms", "ganssle", 0, "flash 400 ms"),
    Condition("all of it", "worn", 20, "flash 400 ms"),
)


def long_activations(grid: Grid, algorithm: str, holds: Callable[[Cell], bool]) -> Score:
    """Activations of 400 ms and more of the chosen cells."""
    return grid.total(algorithm, lambda cell: is_long(cell) and holds(cell))


def missed_percent(total: Score) -> float:
    return 100 * (total.activations - total.reported) / total.activations


def false_per_100(total: Score) -> float:
    """Further reports for each 100 activations."""
    return 100 * total.false / total.activations
