"""One run of `make bench-powercut` (POWERCUT-1): what is cut where, and the bars over it.

Role in the flow: stages 6 and 7. Context: CPython. The public figure beside ours: BrickProof's 12,109 cut states on an
STM32.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from tocsin_host.image_uf2 import ImageError

from tocsin_sim.bench import powercut_virtual
from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.powercut_virtual import Cuts, Plan
from tocsin_sim.bench.this_machine import machine


@dataclass(frozen=True)
class Mode:
    """How much is cut: `plan` on the virtual board; on the chip each `every`-th command of `life` records,
    `cases` times in all."""

    name: str
    plan: Plan
    life: int
    every: int
    cases: int
    reboots: int
    fewest_cuts: int
    fewest_chip_cuts: int


MODES = {
    "quick": Mode("quick", Plan(2, 150, 8, 1), 40, 8, 12, 1, 500, 12),
    "full": Mode("full", Plan(4, 1800, 1, 1), 700, 6, 1650, 20, 100_000, 2_000),
}


@dataclass(frozen=True)
class Chip:
    """Cuts on the emulated chip, whole reboots among them, and what went wrong."""

    cuts: int
    reboots: int
    failures: list[str]


@dataclass(frozen=True)
class Run:
    """Everything that was cut. `chip` None: not run, because of `chip_reason`."""

    mode: Mode
    seed: int
    virtual: Cuts
    chip: Chip | None
    chip_reason: str

    @property
    def bars(self) -> list[Bar]:
        cuts = reboots = failures = None
        if self.chip is not None:
            cuts, reboots, failures = self.chip.cuts, self.chip.reboots, len(self.chip.failures)
        return [
            Bar("cuts on the virtual board", self.virtual.cuts, self.mode.fewest_cuts, at_least=True),
            Bar("records lost or invented, keys left, starts that fail", self.virtual.failure_count, 0),
            Bar("emulated: cuts", cuts, self.mode.fewest_chip_cuts, at_least=True),
            Bar("emulated: whole reboots among them", reboots, self.mode.reboots, at_least=True),
            Bar("emulated: records lost or invented, keys left, starts that fail", failures, 0),
        ]

    def figures(self) -> dict[str, object]:
        """JSON-ready (docs/benches.md)."""
        return {
            "bench": "powercut",
            "mode": self.mode.name,
            "seed": self.seed,
            "machine": machine(),
            "virtual": {**asdict(self.virtual), "cuts": self.virtual.cuts},
            "emulated": self.chip and asdict(self.chip),
            "emulated_reason": self.chip_reason,
            "bars": [bar.figures() for bar in self.bars],
        }


def measure(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Run:
    """Cut wherever there is power to be cut; `tell` hears how far it is."""
    virtual = powercut_virtual.run(mode.plan, seed, workers, tell)
    try:
        chip = _measure_chip(mode, seed, workers, tell)
    except ImageError as error:
        return Run(mode, seed, virtual, None, str(error))
    return Run(mode, seed, virtual, chip, "")


def _measure_chip(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Chip:
    from tocsin_sim.bench import powercut_chip, powercut_reboot

    tell("emulated: a life to be cut")
    lives = powercut_chip.moments(mode.life, mode.every)
    cuts, failures = powercut_chip.run(lives, mode.cases, seed, workers, tell)
    failures += powercut_reboot.run(mode.reboots, seed, workers, tell)
    return Chip(cuts + mode.reboots, mode.reboots, failures)
