"""The figures of a run as one picture: build/bench-host.png.

Role in the flow: the reports of `make bench-host`. Context: CPython.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.host_run import Run

_OURS, _PEER, _GREY = "#b3001b", "#5b8db8", "#555555"
_MIB = 1 << 20


def draw(run: Run, path: Path) -> None:
    """Four panels."""
    with mpl.rc_context({"font.size": 10, "axes.titlesize": 11.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(15, 10), dpi=110, layout="constrained")
        panels = figure.subplots(2, 2)
        _draw_verification(panels[0, 0], run)
        _draw_storing(panels[0, 1], run)
        _draw_share(panels[1, 0], run)
        _draw_memory(panels[1, 1], run)
        figure.suptitle(f"Tocsin's host and its peers: {run.mode.name} run, seed {run.seed}", fontsize=15)
        figure.savefig(path)


def _draw_verification(panel: Panel, run: Run) -> None:
    one = run.verification
    names = ("bare hmac.digest\nand one SHA-256", "tocsin verify,\na whole log", "the collector's,\nrecord by record")
    times = (one.bare_us, one.log_us, one.arriving_us)
    _bars(panel, names, [1e6 / us for us in times], [_PEER, _OURS, _OURS])
    panel.axhline(0.8e6 / one.bare_us, color="black", lw=2, ls="--", label="bar for a whole log: 0.8 of the bare calls")
    panel.set(ylabel="records a second of processor time", ylim=(0, 1.35e6 / one.bare_us))
    panel.set_title("Verifying")
    panel.legend(loc="upper right", fontsize=9)


def _draw_storing(panel: Panel, run: Run) -> None:
    names = [one.name.replace(", ", ",\n").replace(": ", ":\n") for one in run.storing]
    colours = [_OURS if one.proves else _PEER for one in run.storing]
    _bars(panel, names, [one.per_s for one in run.storing], colours)
    for number, one in enumerate(run.storing):
        if not one.survives:
            panel.text(number, one.per_s * 2.2, "lost in a\npower cut", ha="center", color=_GREY, fontsize=9)
    panel.set(yscale="log", ylabel="records a second", ylim=(10, 10 * max(one.per_s for one in run.storing)))
    panel.tick_params(axis="x", labelsize=8)
    panel.set_title("Storing, on this disk")


def _bars(panel: Panel, names: "list[str] | tuple[str, ...]", values: list[float], colours: list[str]) -> None:
    panel.bar(range(len(values)), values, 0.6, color=colours)
    for number, value in enumerate(values):
        panel.text(number, value * 1.03, f"{value:,.0f}", ha="center", va="bottom")
    panel.set_xticks(range(len(values)), names)
    panel.spines[["top", "right"]].set_visible(False)


def _draw_share(panel: Panel, run: Run) -> None:
    share = [100 * one for one in run.load.share_by_second]
    panel.fill_between(range(len(share)), share, color=_OURS, lw=0, alpha=0.8)
    panel.axhline(60, color="black", lw=2, ls="--", label="bar, for the busiest second")
    panel.set(xlabel="virtual time, s", ylabel="% of one core", ylim=(0, 70), xlim=(0, len(share)))
    panel.set_title(f"{run.load.shape.gateways} gateways at one collector: processor")
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(loc="upper right", fontsize=9)


def _draw_memory(panel: Panel, run: Run) -> None:
    memory = [one / _MIB for one in run.load.memory]
    panel.plot(memory, color=_OURS, lw=2)
    panel.set(xlabel="virtual time, s", ylabel="MiB", ylim=(0, 1.4 * max(memory)), xlim=(0, len(memory)))
    panel.set_title("The same: memory of the process, the bench included")
    panel.spines[["top", "right"]].set_visible(False)
