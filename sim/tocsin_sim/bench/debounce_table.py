"""The figures of a run, for people: tables on standard output.

Role in the flow: the reports of `make bench-debounce`. Context: CPython.
"""

from rich.table import Table

from tocsin_sim.bench.conditions import CONDITIONS, false_per_100, long_activations, missed_percent
from tocsin_sim.bench.debounce_grid import ALGORITHMS
from tocsin_sim.bench.debounce_run import Chip, Run
from tocsin_sim.bench.tables import bars_table, make_console, make_table


def show(run: Run) -> None:
    """Print everything that matters."""
    console = make_console()
    console.print(_algorithms(run), _conditions(run))
    if run.chip is None:
        console.print(f"The emulated chip did not run: {run.chip_reason}", style="bold", highlight=False)
    else:
        console.print(_cpu(run.chip))
        console.print(_chip_text(run.chip), highlight=False)
    console.print(bars_table(run.bars))


def _algorithms(run: Run) -> Table:
    table = make_table(
        f"Debounce, {run.mode.name} run, seed {run.seed}: the whole grid (model)",
        *("", "never up to ms", "always from ms", "missed of >= 400 ms", "reported of < 200 ms", "false", "latest ms"),
    )
    for name in ALGORITHMS:
        window = run.windows[name]
        long = long_activations(run.grid, name, lambda cell: True)
        every = run.grid.total(name, lambda cell: True)
        table.add_row(
            name,
            f"{window.never_ms:g}",
            "-" if window.always_ms is None else f"{window.always_ms:g}",
            f"{long.activations - long.reported} of {long.activations}",
            f"{every.reported_below} of {every.below}",
            str(every.false),
            f"{long.worst_latency_us / 1000:.0f}",
        )
    return table


def _conditions(run: Run) -> Table:
    titles = [condition.title for condition in CONDITIONS]
    table = make_table("Activations of 400 ms and more: % missed / false reports per 100 (model)", "", *titles)
    for name in ALGORITHMS:
        totals = [long_activations(run.grid, name, condition.holds) for condition in CONDITIONS]
        table.add_row(name, *(f"{missed_percent(total):.3g} / {false_per_100(total):.3g}" for total in totals))
    return table


def _cpu(chip: Chip) -> Table:
    table = make_table(
        "26 inputs at 1 kHz, 125 MHz (emulated; whole = with interrupt entry and exit)",
        *("", "cycles a sample, whole", "CPU %, whole", "cycles a sample, drain alone", "CPU %, drain alone"),
    )
    for cost in chip.cpu:
        cells = (cost.cycles_per_sample, cost.cpu_percent, cost.drain_cycles_per_sample, cost.drain_cpu_percent)
        table.add_row(cost.load, *map(str, cells))
    return table


def _chip_text(chip: Chip) -> str:
    blackout, replays = chip.blackout, chip.replays
    return (
        f"Blackout (emulated): {blackout.blackout_ms:g} ms, {blackout.samples} samples compared, "
        f"{blackout.samples_wrong} wrong, {blackout.samples_lost} lost; {blackout.transitions} transitions, "
        f"{blackout.transitions_wrong} wrong\n"
        f"Replayed (emulated): {sum(r.places for r in replays)} places of the grid in {len(replays)} runs, "
        f"{sum(r.transitions for r in replays)} transitions, "
        f"{sum(r.differences for r in replays)} differ from the model"
    )
