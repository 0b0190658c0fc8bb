"""One run of `make bench-usb` (USB-1): storms at the USB port of virtual and emulated boards, and the bars over them.

Role in the flow: stages 1 to 9. Context: CPython.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tocsin_host.image_uf2 import ImageError

from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.this_machine import machine
from tocsin_sim.bench.usb_judge import HEAP_DIFFERENCE_BYTES
from tocsin_sim.bench.usb_round import SLOTS, Storm, attack
from tocsin_sim.tiers import EmulatedTier, Tier, VirtualTier


@dataclass(frozen=True)
class Part:
    """`rounds` storms of `storm_ms` in which 256 bytes come every `pace_ms`; at least `fewest` words in all."""

    rounds: int
    storm_ms: int
    pace_ms: int
    fewest: int


@dataclass(frozen=True)
class Mode:
    """How much is said."""

    name: str
    virtual: Part
    chip: Part


MODES = {
    "quick": Mode("quick", Part(2, 60_000, 4, 30_000), Part(1, 3_600, 80, 200)),
    "full": Mode("full", Part(6, 300_000, 4, 1_000_000), Part(9, 9_000, 20, 20_000)),
}


@dataclass(frozen=True)
class Run:
    """What was said and what came of it. `chip` None: not run, because of `chip_reason`."""

    mode: Mode
    seed: int
    virtual: Storm
    chip: Storm | None
    chip_reason: str

    @property
    def bars(self) -> list[Bar]:
        virtual = _bars("virtual board", self.virtual, self.mode.virtual.fewest)
        return virtual + _bars("emulated", self.chip, self.mode.chip.fewest)

    def figures(self) -> dict[str, object]:
        """JSON-ready (docs/benches.md)."""
        return {
            "bench": "usb",
            "mode": self.mode.name,
            "seed": self.seed,
            "machine": machine(),
            "virtual": self.virtual.figures(),
            "emulated": self.chip and self.chip.figures(),
            "emulated_reason": self.chip_reason,
            "bars": [bar.figures() for bar in self.bars],
        }


def _bars(name: str, storm: Storm | None, fewest: int) -> list[Bar]:
    words = complaints = heap_bytes = None
    if storm is not None:
        words, complaints, heap_bytes = storm.words.total(), len(storm.complaints), storm.heap_bytes
    return [
        Bar(f"{name}: words of a stranger", words, fewest, at_least=True),
        Bar(f"{name}: complaints of the judge", complaints, 0),
        Bar(f"{name}: heap lost to a storm, bytes", heap_bytes, HEAP_DIFFERENCE_BYTES),
    ]


def measure(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Run:
    """Every round is a task of its own; `tell` hears how far it is."""
    try:
        EmulatedTier()
        reason = ""
    except (ImageError, ImportError) as error:
        reason = str(error)
    storms = {"emulated": Storm(), "virtual": Storm()}
    parts = {"virtual": mode.virtual} if reason else {"emulated": mode.chip, "virtual": mode.virtual}
    with ProcessPoolExecutor(workers) as pool:
        tasks = [
            (tier, pool.submit(one_round, tier, part, f"{seed}/{tier}/{number}"))
            for tier, part in parts.items()
            for number in range(part.rounds)
        ]
        for number, (tier, task) in enumerate(tasks):
            tell(f"{tier} board, round {number + 1} of {len(tasks)}")
            storms[tier].add(task.result())
    return Run(mode, seed, storms["virtual"], None if reason else storms["emulated"], reason)


def one_round(tier: str, part: Part, seed: str) -> Storm:
    """One storm at one board."""
    board: Tier = EmulatedTier() if tier == "emulated" else VirtualTier(SLOTS)
    return attack(board, seed, part.storm_ms, part.pace_ms)
