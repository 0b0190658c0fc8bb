"""The figures of a run, for machines: build/bench-debounce.json.

Role in the flow: the reports of `make bench-debounce`. Context: CPython. Form: docs/benches.md.
"""

from dataclasses import asdict
from importlib.metadata import version

from tocsin_sim.bench.debounce_run import Chip, Run
from tocsin_sim.bench.this_machine import machine

PEER_PACKAGE = "adafruit-circuitpython-debouncer"


def figures(run: Run) -> dict[str, object]:
    """JSON-ready."""
    rows = [cell.figures() for cell in run.grid.cells]
    return {
        "bench": "debounce",
        "mode": run.mode.name,
        "seed": run.seed,
        "machine": machine_and_peer(),
        "tiers": {"model": "ran", "emulated": f"not run: {run.chip_reason}" if run.chip is None else "ran"},
        "axes": asdict(run.mode.axes),
        "grid": {"columns": list(rows[0]), "rows": [list(row.values()) for row in rows]},
        "windows": {name: asdict(window) | {"width_ms": window.width_ms} for name, window in run.windows.items()},
        "emulated": None if run.chip is None else _chip(run.chip),
        "bars": [bar.figures() for bar in run.bars],
    }


def machine_and_peer() -> dict[str, object]:
    """Where this ran, and beside which version of the peer; no figure depends on the machine."""
    return {**machine(), PEER_PACKAGE: version(PEER_PACKAGE)}


def _chip(chip: Chip) -> dict[str, object]:
    return {
        "image": chip.image,
        "emulator": f"rp2040py {version('rp2040py')}",
        "cpu": [asdict(cost) for cost in chip.cpu],
        "blackout": asdict(chip.blackout),
        "replays": [asdict(replay) for replay in chip.replays],
    }
