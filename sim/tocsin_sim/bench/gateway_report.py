"""The figures of a run for people and for machines: tables on standard output, build/bench-gateway.json.

Role in the flow: the reports of `make bench-gateway`. Context: CPython. Form: docs/benches.md.
"""

from dataclasses import asdict
from importlib.metadata import version

from rich.table import Table

from tocsin_sim.bench.debounce_json import machine_and_peer
from tocsin_sim.bench.gateway_chip import Costs, Delays
from tocsin_sim.bench.gateway_run import Chip, Run, percentile
from tocsin_sim.bench.tables import bars_table, make_console, make_table

# What was called, and what that is.
CALLS = {
    "bare": "the three hashes of a seal, bare",
    "naive": "peer: the same with HMAC's pads built byte by byte",
    "seal": "a seal: packed, MAC, key evolved, CRC",
    "record": "a record: sealed and in flash, erases included",
    "append": "peer: 64 bytes appended to a LittleFS file, synced",
}


def show(run: Run) -> None:
    """Print everything that matters."""
    console = make_console()
    if run.chip is None:
        console.print(f"The emulated chip did not run: {run.chip_reason}", style="bold", highlight=False)
    else:
        console.print(_costs(run, run.chip.costs), _delays(run.chip.delays))
        console.print(
            f"heap free with everything running: {run.chip.heap_free_bytes} bytes (emulated)", highlight=False
        )
    console.print(bars_table(run.bars))


def figures(run: Run) -> dict[str, object]:
    """JSON-ready."""
    return {
        "bench": "gateway",
        "mode": run.mode.name,
        "seed": run.seed,
        "machine": machine_and_peer(),
        "tiers": {"emulated": f"not run: {run.chip_reason}" if run.chip is None else "ran"},
        "axes": {"calls": run.mode.calls, "edges": run.mode.edges},
        "emulated": None if run.chip is None else _chip(run.chip),
        "bars": [bar.figures() for bar in run.bars],
    }


def _chip(chip: Chip) -> dict[str, object]:
    return {
        "image": chip.image,
        "emulator": f"rp2040py {version('rp2040py')}",
        "spent_us": chip.costs.spent_us,
        "delays": asdict(chip.delays),
        "heap_free_bytes": chip.heap_free_bytes,
    }


def _costs(run: Run, costs: Costs) -> Table:
    title = f"Gateway, {run.mode.name} run, seed {run.seed}: emulated, 125 MHz, flash with typical busy times"
    table = make_table(title, "", "calls", "mean us", "a second", "x bare")
    rows = [(text, len(costs.spent_us[what]), costs.mean_us(what)) for what, text in CALLS.items()]
    rows.insert(4, ("the same, while its sector has room", rows[3][1] - costs.erases, costs.burst_us))
    rows.insert(5, ("the same, less the 0.4 ms that the flash chip is busy", rows[4][1], costs.own_us))
    for text, calls, mean_us in rows:
        ratio = mean_us / costs.mean_us("bare")
        table.add_row(text, str(calls), f"{mean_us:.0f}", f"{1e6 / mean_us:.0f}", f"{ratio:.2f}")
    return table


def _delays(delays: Delays) -> Table:
    columns = ("edges", "least", "median", "p99", "most", "erases meanwhile", "samples lost")
    table = make_table("From an edge to its verified row, over USB (emulated)", "ms", *columns)
    values = [percentile(delays.edge_to_row_ms, percent) for percent in (1, 50, 99, 100)]
    counts = (str(delays.erases), str(delays.samples_lost))
    table.add_row("", str(len(delays.edge_to_row_ms)), *(f"{value:.1f}" for value in values), *counts)
    return table
