"""A run of `make bench-update` for people: tables on standard output and a picture.

Role in the flow: the reports of `make bench-update`. Context: CPython.
"""

from collections import Counter
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.tables import bars_table, make_console, make_table
from tocsin_sim.bench.update_case import KEPT, OLD, ON_TRIAL
from tocsin_sim.bench.update_run import Run

_COLOURS = {OLD: "#5b8db8", ON_TRIAL: "#d99a2b", KEPT: "#b3001b"}
_FAILURES_SHOWN = 5


def show(run: Run) -> None:
    """Print everything that matters."""
    console = make_console()
    table = make_table(
        f"Power cuts in an update, {run.mode.name} run, seed {run.seed}", "life", "what runs then", "cuts"
    )
    for (life, runs), count in sorted(Counter((case.life, case.runs) for case in run.cases or ()).items()):
        table.add_row(life, runs or "nothing", f"{count:,}")
    console.print(table)
    if run.cases is None:
        console.print(f"The emulated chip did not run: {run.reason}", style="bold", highlight=False)
    for life, count in run.operations.items():
        console.print(f"{life}: {count} flash operations, {run.received[life]} until it was judged", highlight=False)
    console.print(bars_table(run.bars))
    failures = [case for case in run.cases or () if case.failure]
    for case in failures[:_FAILURES_SHOWN]:
        text = f"  ! {case.life}, operation {case.number}: {': '.join(case.failure or ())}"
        console.print(text, highlight=False, style="bold red")


def draw(run: Run, path: Path) -> None:
    """What runs after a cut at each flash operation, a panel for each life."""
    with mpl.rc_context({"font.size": 11, "axes.titlesize": 12.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(15, 6.5), dpi=110, layout="constrained")
        for panel, life in zip(figure.subplots(2, 1), ("kept", "went back"), strict=True):
            _draw_life(panel, run, life)
        wrong = sum(case.failure is not None for case in run.cases or ())
        title = f"Updates under power cuts (emulated chip): {run.mode.name} run, seed {run.seed}"
        figure.suptitle(f"{title}; {wrong} of {run.cuts or 0:,} cuts ended badly", fontsize=14)
        figure.savefig(path)


def _draw_life(panel: Panel, run: Run, life: str) -> None:
    cases = [case for case in run.cases or () if case.life == life]
    rows = [OLD, ON_TRIAL, KEPT]
    for row, runs in enumerate(rows):
        at = [case.number for case in cases if case.runs == runs and not case.failure]
        panel.scatter(at, [row] * len(at), s=28, color=_COLOURS[runs], alpha=0.6)
    bad = [case for case in cases if case.failure]
    panel.scatter([case.number for case in bad], [-1] * len(bad), s=60, marker="x", color="black")
    panel.axvline(run.received.get(life, 0), color="#888888", linestyle="--", linewidth=1)
    panel.set(yticks=range(-1, 3), yticklabels=["something bad", *rows], ylim=(-1.6, 2.6))
    panel.set(xlabel="flash operation in which the power went; dashed: judged, and to be tried")
    panel.set_title(f"An update that {'works' if life == 'kept' else 'does not start'}: what runs after the cut")
