"""A run of `make bench-powercut` for people: tables on standard output and a picture.

Role in the flow: the reports of `make bench-powercut`. Context: CPython.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.powercut_run import Run
from tocsin_sim.bench.tables import bars_table, make_console, make_table

_OURS, _PEER, _BAD = "#b3001b", "#5b8db8", "#000000"
# BrickProof, an update tester for STM32: the largest number of cut states published that we know of.
PEER_NAME, PEER_CUTS = "BrickProof on an STM32\n(published)", 12_109
_FAILURES_SHOWN = 5


def show(run: Run) -> None:
    """Print everything that matters."""
    console = make_console()
    title = f"Power cuts, {run.mode.name} run, seed {run.seed}: journal and key area"
    table = make_table(title, "what the cut leaves", "starts judged")
    for name, count in run.virtual.by_model.items():
        table.add_row(name, f"{count:,}")
    table.add_row("of these, cut a second time while recovering", f"{run.virtual.second_cuts:,}")
    console.print(table)
    found = run.virtual
    console.print(f"{found.operations:,} flash operations in the lives of {found.records:,} records", highlight=False)
    if run.chip is None:
        console.print(f"The emulated chip did not run: {run.chip_reason}", style="bold", highlight=False)
    console.print(bars_table(run.bars))
    for failure in (run.virtual.failures + (run.chip.failures if run.chip else []))[:_FAILURES_SHOWN]:
        console.print(f"  ! {failure}", highlight=False, style="bold red")


def draw(run: Run, path: Path) -> None:
    """Two panels: how often the power went, and what the cuts left."""
    with mpl.rc_context({"font.size": 11, "axes.titlesize": 12.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(15, 6.5), dpi=110, layout="constrained")
        often, models = figure.subplots(1, 2)
        _draw_cuts(often, run)
        _draw_models(models, run)
        cuts = run.virtual.cuts + (run.chip.cuts if run.chip else 0)
        wrong = run.virtual.failure_count + (len(run.chip.failures) if run.chip else 0)
        title = f"Tocsin's journal and keys under power cuts: {run.mode.name} run, seed {run.seed}"
        figure.suptitle(f"{title}; {wrong} of {cuts:,} cuts lost or invented a record or left a key", fontsize=14)
        figure.savefig(path)


def _draw_cuts(panel: Panel, run: Run) -> None:
    names = ["virtual board\n(MicroPython VM)", "emulated chip\n(official image)", PEER_NAME]
    counts = [run.virtual.cuts, run.chip.cuts if run.chip else 0, PEER_CUTS]
    panel.bar(names, [max(count, 0.8) for count in counts], color=[_OURS, _OURS, _PEER])
    for number, count in enumerate(counts):
        panel.text(number, max(count, 1) * 1.15, f"{count:,}" if count else "not run", ha="center")
    panel.set(yscale="log", ylim=(1, 6 * max(counts)), ylabel="power cuts, each followed by a judged start")
    panel.set_title("How often the power went")


def _draw_models(panel: Panel, run: Run) -> None:
    names = [name.replace(", ", ",\n").replace(" at the ", "\nat the ") for name in run.virtual.by_model]
    counts = list(run.virtual.by_model.values())
    panel.barh(names[::-1], counts[::-1], color=_OURS)
    for number, count in enumerate(counts[::-1]):
        panel.text(count, number, f" {count:,}", va="center")
    panel.barh(["cut again while recovering"], [run.virtual.second_cuts], color=_PEER)
    panel.text(run.virtual.second_cuts, len(names), f" {run.virtual.second_cuts:,}", va="center")
    panel.set(xlabel="starts judged on the virtual board", xlim=(0, 1.25 * max([*counts, run.virtual.second_cuts])))
    panel.set_title("What a cut left of the operation it hit")
