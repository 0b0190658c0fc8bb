"""One run of `make bench-debounce`: the grid, the windows, the emulated chip, and the bars over them.

Role in the flow: stages 1 and 2 beside their peers. Context: CPython.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin_host import firmware_image
from tocsin_host.image_uf2 import ImageError

from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.debounce_grid import FULL, OURS_ALARM, QUICK, Axes, Cell, Grid, run_grid
from tocsin_sim.bench.score import MUST_US
from tocsin_sim.bench.window import LONGEST_MS, Window, measure_windows

BLACKOUT_MS = 400


@dataclass(frozen=True)
class Mode:
    """How much is measured. `replays` None: every place of the grid."""

    name: str
    axes: Axes
    window_step_ms: int
    window_activations: int
    spins: int
    replays: int | None


MODES = {
    "quick": Mode("quick", QUICK, 5, 30, 3_000_000, 1),
    "full": Mode("full", FULL, 1, 100, 3_000_000, None),
}


@dataclass(frozen=True)
class Chip:
    """What the emulated chip gave; the figures are those of chip_cpu, chip_blackout and chip_replay."""

    image: str
    cpu: list[Any]
    blackout: Any
    replays: list[Any]


@dataclass(frozen=True)
class Run:
    """Everything that was measured. `chip` None: not run, because of `chip_reason`."""

    mode: Mode
    seed: int
    grid: Grid
    windows: dict[str, Window]
    chip: Chip | None
    chip_reason: str

    @property
    def bars(self) -> list[Bar]:
        return _model_bars(self) + _chip_bars(self.chip)


def measure(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Run:
    """Measure all there is to measure here; `tell` hears what begins."""
    tell("the grid in the model")
    grid = run_grid(mode.axes, seed, workers)
    tell("the windows")
    windows = measure_windows(mode.window_step_ms, mode.window_activations, seed)
    try:
        path = firmware_image.locate()
        firmware_image.load()
    except ImageError as error:
        return Run(mode, seed, grid, windows, None, str(error))
    return Run(mode, seed, grid, windows, _measure_chip(mode, seed, workers, path, tell), "")


def _measure_chip(mode: Mode, seed: int, workers: int, path: Path, tell: Callable[[str], None]) -> Chip:
    from tocsin_sim.bench import chip, chip_blackout, chip_cpu, chip_replay

    tell("the emulated chip: boot")
    console = chip.Console()
    tell("the emulated chip: processor time, a blackout, a sample of the grid")
    with ThreadPoolExecutor(workers) as pool:  # every case runs in a fork of its own
        blackout = pool.submit(chip_blackout.measure_blackout, console, seed)
        cpu = chip_cpu.measure_cpu(console, mode.spins, pool)
        replays = chip_replay.replay_grid(console, mode.axes, mode.replays, seed, pool)
    image = f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    return Chip(image, cpu, blackout.result(), replays)


def is_long(cell: Cell) -> bool:
    """Its activations have to be reported."""
    return cell.place.pulse_ms * 1000 >= MUST_US


def _model_bars(run: Run) -> list[Bar]:
    long = run.grid.total(OURS_ALARM, is_long)
    every = run.grid.total(OURS_ALARM, lambda cell: True)
    window = run.windows[OURS_ALARM]
    width_ms = LONGEST_MS - window.never_ms if window.width_ms is None else window.width_ms
    lost = sum(cell.samples_lost or 0 for cell in run.grid.cells)
    return [
        Bar("activations of 400 ms and more missed", long.activations - long.reported, 0),
        Bar("alarms below 200 ms, or for nothing", every.reported_below + every.false, 0),
        Bar("window from never to always, ms", width_ms, 2),
        Bar("samples lost in the model", lost, 0),
        Bar("transitions of lib/ that differ from the oracle", run.grid.differences, 0),
    ]


_CPU_LIMITS = {"quiet": 0.2, "one noisy": 0.5, "all chattering": 1.0}


def _chip_bars(chip: Chip | None) -> list[Bar]:
    """All of them emulated."""
    lost = wrong = differences = misses = alarms = None
    cpu: dict[str, float] = {}
    if chip is not None:
        blackout = chip.blackout
        lost = blackout.samples_lost + max(0, BLACKOUT_MS - blackout.samples)
        wrong = blackout.samples_wrong + blackout.transitions_wrong
        differences = sum(replay.differences for replay in chip.replays)
        misses = sum(replay.long_missed + replay.samples_lost for replay in chip.replays)
        alarms = sum(replay.reported_below + replay.false for replay in chip.replays)
        cpu = {cost.load: cost.cpu_percent for cost in chip.cpu}
    return [
        Bar("emulated: samples lost over a 400 ms blackout", lost, 0),
        Bar("emulated: samples and transitions of the blackout that are wrong", wrong, 0),
        Bar("emulated: replayed transitions that differ from the model", differences, 0),
        Bar("emulated: replayed activations of 400 ms and more, or samples, lost", misses, 0),
        Bar("emulated: replayed alarms below 200 ms, or for nothing", alarms, 0),
        *(Bar(f"emulated: CPU for 26 inputs, {load}, %", cpu.get(load), most) for load, most in _CPU_LIMITS.items()),
    ]
