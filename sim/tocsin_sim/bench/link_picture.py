"""The figures of a run as one picture: build/bench-link.png.

Role in the flow: the reports of `make bench-link`. Context: CPython.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.link_cell import OURS, Cell
from tocsin_sim.bench.link_peers import NAMES
from tocsin_sim.bench.link_run import CORRUPTIONS, Run
from tocsin_sim.bench.link_wire import SERIAL, USB

_COLOURS = dict(zip(NAMES, ("#b3001b", "#5b8db8", "#3c9d6b"), strict=True))
_LABELS = [f"{100 * corruption:g} %" for corruption in CORRUPTIONS]
_BAR_WIDTH = 0.26
_RATE_BAR = 200
_BACK_BAR_MS = 1000


def draw(run: Run, path: Path) -> None:
    """Four panels over the share of damaged bytes."""
    with mpl.rc_context({"font.size": 10, "axes.titlesize": 11.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(14, 10), dpi=110, layout="constrained")
        panels = figure.subplots(2, 2)
        _draw_shares(panels[0, 0], run, lambda cell: cell.lost, "Lost, everything at once, in % of the records")
        _draw_shares(panels[0, 1], run, lambda cell: cell.wrong, "Wrong and accepted, in % of the records")
        _draw_rates(panels[1, 0], run)
        _draw_recoveries(panels[1, 1], run)
        for panel in panels.flat:
            panel.set_xticks(range(len(_LABELS)), _LABELS)
            panel.set_xlabel("bytes damaged on the line")
        figure.suptitle(f"Tocsin's link and its peers: {run.mode.name} run, seed {run.seed} (model)", fontsize=15)
        figure.savefig(path)


def _ours(cells: list[Cell], line: str) -> list[Cell]:
    return [cell for cell in cells if cell.way == OURS and cell.line == line]


def _draw_shares(panel: Panel, run: Run, count: Callable[[Cell], int], title: str) -> None:
    for place, name in enumerate(NAMES):
        cells = [cell for cell in run.troubled if cell.way == name and cell.line == USB.name]
        shares = [100 * count(cell) / cell.records for cell in cells]
        at = [index + (place - 1) * _BAR_WIDTH for index in range(len(shares))]
        bars = panel.bar(at, shares, _BAR_WIDTH, color=_COLOURS[name], label=name)
        panel.bar_label(bars, [f"{share:.3g}" for share in shares], fontsize=8)
    panel.set_title(title, loc="left")
    panel.legend(loc="upper left", frameon=False)


def _draw_rates(panel: Panel, run: Run) -> None:
    for line, colour in ((USB, "#b3001b"), (SERIAL, "#f07f13")):
        for cells, style, what in ((run.draining, "o-", "backlog"), (run.troubled, "s--", "everything at once")):
            rates = [cell.rate_per_s for cell in _ours(cells, line.name)]
            panel.plot(range(len(rates)), rates, style, color=colour, label=f"{line.name}, {what}")
    panel.axhline(_RATE_BAR, color="#555555", lw=1, ls=":")
    panel.set_ylim(0, 1.3 * max(cell.rate_per_s for cell in run.draining))
    panel.set_title("Records a second while both ends are there", loc="left")
    panel.legend(loc="upper right", frameon=False, ncols=2)


def _draw_recoveries(panel: Panel, run: Run) -> None:
    values = [cell.recovery_ms() or [0.0] for cell in _ours(run.troubled, USB.name)]
    panel.boxplot(values, positions=range(len(values)), widths=0.5)
    panel.axhline(_BACK_BAR_MS, color="#555555", lw=1, ls=":")
    panel.set_yscale("log")
    panel.set_title("From line and both ends being back to a new record stored, ms (USB)", loc="left")
