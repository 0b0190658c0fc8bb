"""The figures of a run as one picture: build/bench-host.png.

Role in the flow: the reports of `make bench-host`. Context: CPython.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from tocsin_sim.bench.host_load import Load
from tocsin_sim.bench.host_run import GROWTH_MIB, LATENCY_MS, Run

_OURS, _PEER, _GREY = "#b3001b", "#5b8db8", "#555555"
_MIB = 1 << 20


def draw(run: Run, path: Path) -> None:
    """Five panels: what is fast, and what a thousand gateways do to one collector."""
    with mpl.rc_context({"font.size": 10, "axes.titlesize": 11.5, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(17, 10.5), dpi=110, layout="constrained")
        above, below = figure.subfigures(2, 1, squeeze=False)[:, 0]
        verification, storing = above.subplots(1, 2)
        _draw_verification(verification, run)
        _draw_storing(storing, run)
        share, latency, memory = below.subplots(1, 3)
        _draw_share(share, run)
        _draw_latency(latency, run.load)
        _draw_memory(memory, run.load)
        shape = run.load.shape
        below.suptitle(
            f"{shape.gateways:,} gateways at one collector for {shape.seconds} s: "
            f"{run.load.sent:,} records sent, {run.load.stored:,} stored, {run.load.acknowledged:,} acknowledged"
        )
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
    shape, share = run.load.shape, [100 * one for one in run.load.share_by_second]
    panel.fill_between(range(len(share)), share, step="post", color=_OURS, lw=0, alpha=0.8)
    panel.axhline(60, color="black", lw=2, ls="--", label="bar for the busiest second")
    at = shape.outage_ends_s
    text = f"all send what an outage\nof {shape.outage_s} s left behind"
    panel.annotate(text, (at, share[at]), (at, share[at] + 12), ha="center", arrowprops={"arrowstyle": "->"})
    panel.set(xlabel="virtual time, s", ylabel="% of one core", ylim=(0, 70), xlim=(0, len(share)))
    _finish(panel, "Processor")


def _draw_latency(panel: Panel, load: Load) -> None:
    latencies = sorted(load.latencies_ms.items())
    shares = [100 * sum(n for _, n in latencies[: end + 1]) / load.sent for end in range(len(latencies))]
    panel.step([max(ms, 1) for ms, _ in latencies], shares, where="post", color=_OURS, lw=2)
    panel.plot([LATENCY_MS, LATENCY_MS], [0, 99], color="black", lw=2, ls="--", label="bar for 99 % of the records")
    panel.set(xscale="log", xlim=(1, 2 * LATENCY_MS), ylim=(0, 105))
    panel.set(xlabel="arrival to acknowledgement, ms", ylabel="% of the records within it")
    _finish(panel, "Latency, at this disk")


def _draw_memory(panel: Panel, load: Load) -> None:
    settled = len(load.memory) // 4
    grown = [(one - load.memory[settled]) / _MIB for one in load.memory]
    panel.plot(range(settled + 1), grown[: settled + 1], color=_GREY, lw=2, label="settling")
    panel.plot(range(settled, len(grown)), grown[settled:], color=_OURS, lw=2)
    panel.axhline(GROWTH_MIB, color="black", lw=2, ls="--", label="bar")
    low = min(-1.0, *grown)
    panel.set(xlabel="virtual time, s", ylabel="MiB more than when settled", ylim=(low, 1.6 * GROWTH_MIB))
    _finish(panel, f"Memory, of {load.memory[-1] / _MIB:.0f} MiB with the bench's own")


def _finish(panel: Panel, title: str) -> None:
    panel.set_title(title)
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(loc="upper left", fontsize=9)
