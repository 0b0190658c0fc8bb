"""The figures of a run, for machines: build/bench-link.json.

Role in the flow: the reports of `make bench-link`. Context: CPython. Form: docs/benches.md.
"""

from tocsin_sim.bench.link_cell import Cell
from tocsin_sim.bench.link_run import Run
from tocsin_sim.bench.this_machine import machine


def figures(run: Run) -> dict[str, object]:
    """JSON-ready."""
    return {
        "bench": "link",
        "mode": run.mode.name,
        "seed": run.seed,
        "machine": machine(),
        "grid": {"draining": _grid(run.draining), "troubled": _grid(run.troubled)},
        "kill": run.kill.figures(),
        "bars": [bar.figures() for bar in run.bars],
    }


def _grid(cells: list[Cell]) -> dict[str, object]:
    rows = [cell.figures() for cell in cells]
    return {"columns": list(rows[0]), "rows": [list(row.values()) for row in rows]}
