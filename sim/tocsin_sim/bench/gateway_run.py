"""One run of `make bench-gateway`: what a gateway costs on the emulated chip, and the bars over it.

Role in the flow: stages 1 to 10, and 6 and 7 beside their peers. Context: CPython.
"""

import hashlib
import math
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tocsin_host import firmware_image
from tocsin_host.image_uf2 import ImageError

from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.gateway_chip import Costs, Delays, measure_costs, measure_delays
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.size import HEAP_FREE_MIN_BYTES, heap_free_running

_LEAST_PER_S = 500
_US_PER_S = 1_000_000


@dataclass(frozen=True)
class Mode:
    """How much is measured: calls of each kind, and edges."""

    name: str
    calls: dict[str, int]
    edges: int


MODES = {
    "quick": Mode("quick", {"bare": 40, "naive": 10, "seal": 30, "record": 60, "append": 4}, 24),
    "full": Mode("full", {"bare": 300, "naive": 60, "seal": 300, "record": 480, "append": 40}, 400),
}


@dataclass(frozen=True)
class Chip:
    """What was measured on the emulated chip."""

    image: str
    costs: Costs
    delays: Delays
    heap_free_bytes: int


@dataclass(frozen=True)
class Run:
    """Everything. `chip` None: not run, because of `chip_reason`."""

    mode: Mode
    seed: int
    chip: Chip | None
    chip_reason: str = ""

    @property
    def bars(self) -> list[Bar]:
        """All of them emulated."""
        per_s = ratio = p99_ms = first_ms = missing = lost = heap = None
        if self.chip is not None:
            costs, delays = self.chip.costs, self.chip.delays
            per_s, ratio = round(_US_PER_S / costs.burst_us), round(costs.own_us / costs.mean_us("bare"), 3)
            p99_ms, first_ms = round(percentile(delays.edge_to_row_ms, 99), 1), round(delays.first_sample_ms)
            missing, lost = delays.edges_without_row, delays.samples_lost
            heap = self.chip.heap_free_bytes
        return [
            Bar("records sealed and journalled a second", per_s, _LEAST_PER_S, at_least=True),
            Bar("one of them, less the flash chip's 0.4 ms, in times of its bare hashes", ratio, 2.5),
            Bar("edge to verified row over USB, p99, ms", p99_ms, 60),
            Bar("edges without a row", missing, 0),
            Bar("samples lost, erases included", lost, 0),
            Bar("first sample after power-up, ms", first_ms, 1000),
            Bar("bytes of heap free with everything running", heap, HEAP_FREE_MIN_BYTES, at_least=True),
        ]


def measure(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Run:
    """Measure all there is to measure here; `tell` hears what begins."""
    try:
        path = firmware_image.locate()
        firmware = firmware_image.load()
    except ImageError as error:
        return Run(mode, seed, None, str(error))
    tell("the emulated chip: costs, delays, heap")
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(workers) as pool,
    ):  # every part in a fork of its own
        store = Path(folder) / "store"
        delays = pool.submit(forked, lambda: measure_delays(mode.edges, seed, store))
        costs = pool.submit(forked, lambda: measure_costs(mode.calls))
        heap = pool.submit(forked, lambda: heap_free_running(firmware))
        image = f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        return Run(mode, seed, Chip(image, costs.result(), delays.result(), heap.result()))


def percentile(values: list[float], percent: int) -> float:
    """The smallest of `values` that at least `percent` % of them do not exceed (nearest rank); NaN of none."""
    ranked = sorted(values)
    return ranked[math.ceil(percent * len(ranked) / 100) - 1] if ranked else math.nan
