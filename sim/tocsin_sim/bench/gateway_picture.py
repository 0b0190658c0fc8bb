"""The figures of a run as one picture: build/bench-gateway.png.

Role in the flow: the reports of `make bench-gateway`. Context: CPython.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.gateway_chip import Costs, Delays
from tocsin_sim.bench.gateway_run import Run

_OURS, _PEER, _BARE = "#b3001b", "#5b8db8", "#7f7f7f"
_BAR_RECORD_US, _BAR_DELAY_MS = 2000, 60


def draw(run: Run, path: Path) -> None:
    """Two panels; without the chip an empty picture that says why."""
    with mpl.rc_context({"font.size": 10, "axes.titlesize": 11.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(14, 5.5), dpi=110, layout="constrained")
        panels = figure.subplots(1, 2)
        if run.chip is None:
            panels[0].text(0.5, 0.5, f"not run\n{run.chip_reason}", ha="center", va="center", wrap=True)
        else:
            _draw_costs(panels[0], run.chip.costs)
            _draw_delays(panels[1], run.chip.delays)
        figure.suptitle(f"Tocsin's gateway (emulated): {run.mode.name} run, seed {run.seed}", fontsize=14)
        figure.savefig(path)


def _draw_costs(panel: Panel, costs: Costs) -> None:
    rows = [
        ("bare hashes", costs.mean_us("bare"), _BARE),
        ("naive HMAC", costs.mean_us("naive"), _PEER),
        ("seal", costs.mean_us("seal"), _OURS),
        ("record in flash,\nsector has room", costs.burst_us, _OURS),
        ("record in flash,\nerases included", costs.mean_us("record"), _OURS),
        ("LittleFS append", costs.mean_us("append"), _PEER),
    ]
    names, values, colours = zip(*rows, strict=True)
    panel.barh(names, values, color=colours)
    for place, value in enumerate(values):
        panel.text(value * 1.05, place, f"{value:.0f} us", va="center")
    panel.axvline(_BAR_RECORD_US, color="black", lw=2, ls="--", label="bar for a record")
    panel.set(xscale="log", xlim=(100, max(values) * 4), xlabel="microseconds a call (emulated, log)")
    panel.invert_yaxis()
    panel.legend(loc="lower right")
    panel.set_title("What a record costs")


def _draw_delays(panel: Panel, delays: Delays) -> None:
    ranked = sorted(delays.edge_to_row_ms)
    share = [100 * (place + 1) / len(ranked) for place in range(len(ranked))]
    panel.step(ranked, share, where="post", color=_OURS, lw=2)
    panel.axvline(_BAR_DELAY_MS, color="black", lw=2, ls="--", label="bar for 99 %")
    panel.set(xlim=(0, max([_BAR_DELAY_MS * 1.2, *ranked])), ylim=(0, 101))
    panel.set(xlabel="ms from the edge to the verified row (emulated)", ylabel="% of edges")
    panel.legend(loc="lower right")
    panel.set_title("From an edge to its verified row, over USB")
