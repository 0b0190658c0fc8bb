"""The figures of a run as one picture: build/bench-debounce.png.

Role in the flow: the reports of `make bench-debounce`. Context: CPython.
"""

from collections.abc import Callable
from itertools import product
from math import nan
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure

from tocsin_sim.bench.conditions import CONDITIONS, false_per_100, long_activations, missed_percent
from tocsin_sim.bench.debounce_grid import ALGORITHMS, LAYERS, OURS_ALARM
from tocsin_sim.bench.debounce_run import Chip, Run
from tocsin_sim.bench.score import Score
from tocsin_sim.bench.window import LONGEST_MS

_OURS = ("#b3001b", "#f07f13")  # alarm layer, evidence layer
_PEERS = ("#5b8db8", "#1f4e79", "#6a51a3", "#3c9d6b", "#7f7f7f")
COLOURS = dict(zip(ALGORITHMS, (*_OURS, *_PEERS), strict=True))
_MUST_NOT_MS, _MUST_MS = 200, 400
_LOW_PERCENT = 0.1  # a bar too low for its figure
_GREY = "#555555"
_LOADS = {
    "quiet": "quiet",
    "one noisy": "one noisy\n(1 sample in 7)",
    "all chattering": "all chattering\n(3 ms, 3 ms)",
    "one half active": "one at 2 ms, 2 ms\n(no bar)",
}


def draw(run: Run, path: Path) -> None:
    """Four panels."""
    with mpl.rc_context({"font.size": 10, "axes.titlesize": 11.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(16, 11.5), dpi=110, layout="constrained")
        panels = figure.subplots(2, 2)
        _draw_windows(panels[0, 0], run)
        _draw_cpu(panels[0, 1], run)
        _draw_conditions(panels[1, 0], run, missed_percent, "Missed, in % of activations of 400 ms and more (model)")
        _draw_conditions(
            panels[1, 1], run, false_per_100, "False reports per 100 activations of 400 ms and more (model)"
        )
        figure.suptitle(f"Tocsin's debouncer and its peers: {run.mode.name} run, seed {run.seed}", fontsize=15)
        figure.savefig(path)


def _draw_windows(panel: Panel, run: Run) -> None:
    panel.axvspan(0, _MUST_NOT_MS, color="#f3d9dc", alpha=0.6, lw=0)
    panel.axvspan(_MUST_MS, LONGEST_MS, color="#d8ecd8", alpha=0.8, lw=0)
    for name, window in reversed(run.windows.items()):
        lengths_ms, shares = zip(*window.share, strict=True)
        width = 2.8 if name in LAYERS else 1.5
        percent = [100 * share for share in shares]
        panel.plot(lengths_ms, percent, color=COLOURS[name], lw=width, label=name, clip_on=False)
    panel.text(_MUST_NOT_MS / 2, 107, "must not alarm", ha="center", color=_GREY)
    panel.text((_MUST_MS + LONGEST_MS) / 2, 107, "must report", ha="center", color=_GREY)
    panel.set(xlim=(0, LONGEST_MS), ylim=(0, 104), xlabel="length of the contact, ms", ylabel="reported, %")
    panel.set_title("Which contacts are reported: no bounce, processor idle (model)", pad=24)
    panel.spines[["top", "right"]].set_visible(False)
    handles, labels = panel.get_legend_handles_labels()
    panel.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(0.56, 0.4), framealpha=1, fontsize=9)


def _draw_conditions(panel: Panel, run: Run, value: Callable[[Score], float], title: str) -> None:
    totals = [[long_activations(run.grid, name, where.holds) for where in CONDITIONS] for name in ALGORITHMS]
    values = [[value(total) for total in row] for row in totals]
    shades = [[found or nan for found in row] for row in values]  # a zero stays white
    norm = SymLogNorm(linthresh=0.3, vmin=0, vmax=1000)
    panel.imshow(shades, cmap="OrRd", norm=norm, aspect="auto")
    for row, column in product(range(len(ALGORITHMS)), range(len(CONDITIONS))):
        found = values[row][column]
        text = "0" if found == 0 else f"{found:.1f}" if found < 100 else f"{found:.0f}"
        colour = "white" if norm(found) > 0.62 else "#2b7a2b" if found == 0 else "black"
        panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=11)
    panel.set_xticks(range(len(CONDITIONS)), [where.title.replace(" ", "\n", 1) for where in CONDITIONS])
    panel.set_yticks(range(len(ALGORITHMS)), ALGORITHMS)
    for label, name in zip(panel.get_yticklabels(), ALGORITHMS, strict=True):
        label.set_color(COLOURS[name])
        label.set_fontweight("bold" if name == OURS_ALARM else "normal")
    panel.axhline(len(LAYERS) - 0.5, color="black", lw=1)
    panel.set_title(title)
    panel.tick_params(length=0)
    panel.set_xlabel(f"{totals[0][0].activations} activations in each field", color=_GREY)


def _draw_cpu(panel: Panel, run: Run) -> None:
    panel.set_title("Processor time: 26 inputs at 1 kHz (emulated, 125 MHz)", pad=24)
    panel.spines[["top", "right"]].set_visible(False)
    if run.chip is None:
        panel.text(0.5, 0.5, f"not run\n{run.chip_reason}", ha="center", va="center", wrap=True, color=_GREY)
        panel.set(xticks=[], yticks=[])
        return
    _draw_costs(panel, run, run.chip)


def _draw_costs(panel: Panel, run: Run, chip: Chip) -> None:
    limits = {bar.name: bar.limit for bar in run.bars}
    for number, cost in enumerate(chip.cpu):
        limit = limits.get(f"emulated: CPU for 26 inputs, {cost.load}, %")
        for offset, percent, colour in ((-0.2, cost.cpu_percent, _OURS[0]), (0.2, cost.drain_cpu_percent, _OURS[1])):
            panel.bar(number + offset, percent, 0.36, color=colour)
            is_low = percent < _LOW_PERCENT
            y, colour = (percent + 0.01, "black") if is_low else (0.015, "white")
            panel.text(number + offset, y, f"{percent:.3f}", ha="center", va="bottom", color=colour)
        if limit is not None:
            panel.hlines(limit, number - 0.45, number + 0.45, color="black", lw=2, ls="--")
    panel.bar(0, 0, color=_OURS[0], label="whole: interrupt entry and exit included")
    panel.bar(0, 0, color=_OURS[1], label="the loop over the samples alone")
    panel.hlines([], 0, 0, color="black", lw=2, ls="--", label="bar, for the whole")
    panel.set_xticks(range(len(chip.cpu)), [_LOADS[cost.load] for cost in chip.cpu])
    panel.set(ylabel="% of the processor", ylim=(0, 1.3))
    panel.legend(loc="upper left", fontsize=9)
