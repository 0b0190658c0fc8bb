"""One run of `make bench-update` (UPDATE-1): where the power is cut, and the bars over what came of it.

Role in the flow: before stage 1. Context: CPython.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from tocsin import event
from tocsin_host import image
from tocsin_host.image_uf2 import ImageError

from tocsin_sim.bench import update_case, update_life
from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.this_machine import machine
from tocsin_sim.bench.update_case import DOWNGRADE, HARMED, LOST, UNSIGNED, Case
from tocsin_sim.bench.update_life import NEW_LIB, Life
from tocsin_sim.broken_firmware import broken_files
from tocsin_sim.update_signer import SimulatedSigner


@dataclass(frozen=True)
class Mode:
    """Each `every`-th flash command of the transfer is cut, and each `every_then`-th of what comes behind it."""

    name: str
    every: int
    every_then: int
    fewest: int


MODES = {"quick": Mode("quick", 175, 5, 12), "full": Mode("full", 1, 1, 500)}


@dataclass(frozen=True)
class Run:
    """`operations`: flash commands of each life; `cases` None: not run, because of `reason`."""

    mode: Mode
    seed: int
    operations: dict[str, int]
    received: dict[str, int]
    cases: list[Case] | None
    reason: str = ""

    @property
    def cuts(self) -> int | None:
        """Power cuts, second ones included."""
        return None if self.cases is None else sum(case.cuts for case in self.cases)

    @property
    def bars(self) -> list[Bar]:
        return [
            Bar("emulated: power cuts in an update", self.cuts, self.mode.fewest, at_least=True),
            Bar("emulated: boards that do not come back", self._failed(LOST), 0),
            Bar("emulated: downgrades", self._failed(DOWNGRADE), 0),
            Bar("emulated: unsigned code run", self._failed(UNSIGNED), 0),
            Bar("emulated: journals harmed", self._failed(HARMED), 0),
        ]

    def _failed(self, kind: str) -> int | None:
        return None if self.cases is None else sum((case.failure or ("",))[0] == kind for case in self.cases)

    def figures(self) -> dict[str, object]:
        """JSON-ready (docs/benches.md)."""
        return {
            "bench": "update",
            "mode": self.mode.name,
            "seed": self.seed,
            "machine": machine(),
            "operations": self.operations,
            "cuts": self.cuts,
            "cases": None if self.cases is None else [asdict(case) for case in self.cases],
            "reason": self.reason,
            "bars": [bar.figures() for bar in self.bars],
        }


def measure(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Run:
    """Cut at every chosen flash command of both lives; `tell` hears how far it is."""
    signer = SimulatedSigner()
    try:
        flash, old = update_life.new_flash(signer)
    except ImageError as error:
        return Run(mode, seed, {}, {}, None, str(error))
    tell("emulated: an update that is kept")
    lives = [
        update_life.live("kept", flash, signer.bundle(image.device_files(), lib_hash=NEW_LIB), event.UPDATE_CONFIRMED)
    ]
    tell("emulated: an update that does not work")
    broken = signer.bundle(broken_files(), version=7, lib_hash=NEW_LIB)
    lives.append(update_life.live("went back", flash, broken, event.UPDATE_WENT_BACK))
    cases: list[Case] = []
    for life in lives:
        judge = update_case.Judge(flash, old, life.bundle)
        cases += _cut(judge, life, _chosen(mode, life), seed, workers, tell)
    operations = {life.name: len(life.commands) for life in lives}
    return Run(mode, seed, operations, {life.name: life.received for life in lives}, cases)


def _chosen(mode: Mode, life: Life) -> set[int]:
    return {*range(0, life.received, mode.every), *range(life.received, len(life.commands), mode.every_then)}


def _cut(
    judge: update_case.Judge, life: Life, chosen: set[int], seed: int, workers: int, tell: Callable[[str], None]
) -> list[Case]:
    cases: list[Case] = []
    with ThreadPoolExecutor(workers) as pool:
        # As many as are worked on: each holds a copy of the flash.
        running = []
        for number, command, flash in life.moments(chosen):
            running.append(pool.submit(update_case.cut, judge, life.name, number, command, flash, seed))
            if len(running) == 2 * workers:
                cases.append(running.pop(0).result())
                _tell(cases, len(chosen), life, tell)
        cases += [case.result() for case in running]
    return cases


def _tell(cases: list[Case], total: int, life: Life, tell: Callable[[str], None]) -> None:
    if len(cases) % 20 == 0:
        failures = sum(case.failure is not None for case in cases)
        tell(f"emulated: {life.name}: {len(cases)} of {total} cut, {failures} failures")
