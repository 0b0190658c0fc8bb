"""A run of `make bench-usb` for people: tables on standard output and a picture.

Role in the flow: the reports of `make bench-usb`. Context: CPython.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.tables import bars_table, make_console, make_table
from tocsin_sim.bench.usb_round import Storm
from tocsin_sim.bench.usb_run import Run

_OURS, _NOISE = "#b3001b", "#5b8db8"
_COMPLAINTS_SHOWN = 5


def show(run: Run) -> None:
    """Print everything that matters."""
    console = make_console()
    title = f"A stranger at the USB port, {run.mode.name} run, seed {run.seed}"
    table = make_table(title, "what was said", "virtual board", "emulated chip")
    for name in sorted(run.virtual.words):
        table.add_row(name, f"{run.virtual.words[name]:,}", f"{run.chip.words[name]:,}" if run.chip else "-")
    console.print(table)
    console.print(_life("virtual board", run.virtual), highlight=False)
    if run.chip is None:
        console.print(f"The emulated chip did not run: {run.chip_reason}", style="bold", highlight=False)
    else:
        console.print(_life("emulated chip", run.chip), highlight=False)
    console.print(bars_table(run.bars))
    for wrong in (run.virtual.complaints + (run.chip.complaints if run.chip else []))[:_COMPLAINTS_SHOWN]:
        console.print(f"  ! {wrong}", highlight=False, style="bold red")


def _life(name: str, storm: Storm) -> str:
    noise = ", ".join(f"{count} of {what}" for what, count in sorted(storm.noise.items())) or "none"
    return (
        f"{name}: {storm.rounds} storms, {storm.storm_ms / 1000:g} s, {storm.sent_bytes:,} bytes in and "
        f"{storm.said_bytes:,} out; {storm.records} records, {storm.alarms} alarms among them; records of the storm "
        f"itself: {noise}"
    )


def draw(run: Run, path: Path) -> None:
    """Two panels: what was said, and what the journal holds of it."""
    with mpl.rc_context({"font.size": 11, "axes.titlesize": 12.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(15, 6.5), dpi=110, layout="constrained")
        words, records = figure.subplots(1, 2, width_ratios=[3, 2])
        _draw_words(words, run)
        _draw_records(records, run.virtual)
        count = run.virtual.words.total() + (run.chip.words.total() if run.chip else 0)
        wrong = len(run.virtual.complaints) + (len(run.chip.complaints) if run.chip else 0)
        title = f"Tocsin's USB port under a stranger's words: {run.mode.name} run, seed {run.seed}"
        figure.suptitle(f"{title}; {count:,} words, {wrong} complaints of the judge", fontsize=14)
        figure.savefig(path)


def _draw_words(panel: Panel, run: Run) -> None:
    names = sorted(run.virtual.words, reverse=True)
    panel.barh(names, [run.virtual.words[name] for name in names], color=_OURS, label="virtual board")
    for number, name in enumerate(names):
        chip = f"  {run.chip.words[name]:,} on the chip" if run.chip else ""
        panel.text(run.virtual.words[name], number, f" {run.virtual.words[name]:,}{chip}", va="center")
    panel.set(xlabel="words said to the virtual board", xlim=(0, 1.6 * max(run.virtual.words.values(), default=1)))
    panel.set_title("What the stranger said")


def _draw_records(panel: Panel, storm: Storm) -> None:
    bars = {"of what happened": storm.records - storm.noise.total(), **dict(sorted(storm.noise.items()))}
    names = list(bars)[::-1]
    panel.barh(names, [bars[name] for name in names], color=[_NOISE] * len(storm.noise) + [_OURS])
    for number, name in enumerate(names):
        panel.text(bars[name], number, f" {bars[name]:,}", va="center")
    panel.set(xlabel=f"records in {storm.storm_ms / 60_000:g} minutes", xlim=(0, 1.2 * max(bars.values())))
    panel.set_title("What the virtual boards recorded")
