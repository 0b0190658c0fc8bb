"""Power cuts on the MicroPython VM: workers that run `tocsin_sim.vm.powercut` on a small simulated chip.

Role in the flow: stages 6 and 7, bench POWERCUT-1, tier T1. Context: CPython.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.anchor import first_anchor
from tocsin.slot import SECTOR_BYTES, encode_header
from tocsin_host import image_littlefs

from tocsin_sim.board_process import import_path, micropython_executable

# Small rings turn often: security, evidence, routine, keys.
SECTORS = (4, 3, 4, 2)
K0 = bytes(range(32))
_BLOCKS = 24


@dataclass(frozen=True)
class Plan:
    """A life of `records` records for each seed; every `every`-th flash operation is cut, `seconds` times twice."""

    seeds: int
    records: int
    every: int
    seconds: int


@dataclass
class Cuts:
    """What was tried and found. `by_model`: trials of each torn-write model; `failures` in words, the first ones."""

    operations: int = 0
    records: int = 0
    by_model: dict[str, int] = field(default_factory=dict)
    second_cuts: int = 0
    failure_count: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def cuts(self) -> int:
        """Every time the power went: once in each trial, and again in some."""
        return sum(self.by_model.values()) + self.second_cuts

    def add(self, found: dict[str, Any]) -> None:
        """Take a worker's last line in."""
        self.operations += found["operations"]
        self.records += found["records"]
        for name, count in zip(found["models"], found["trials"], strict=True):
            self.by_model[name] = self.by_model.get(name, 0) + count
        self.second_cuts += found["second_cuts"]
        self.failure_count += found["failure_count"]
        self.failures += found["failures"]


def small_areas() -> list[list[bytes]]:
    """The reserved sectors of a gateway with small rings, sealed from K0."""
    rings = [[_sector(encode_header(ring, n + 1, 0)) for n in range(count)] for ring, count in enumerate(SECTORS[:3])]
    return [*rings, [_sector(first_anchor(K0).encode()), *[_sector(b"")] * (SECTORS[3] - 1)]]


def run(plan: Plan, seed: int, workers: int, tell: Callable[[str], None]) -> Cuts:
    """Play a life for each seed, `workers` at a time. Raises: RuntimeError when a worker dies."""
    cuts = Cuts()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        chip = Path(folder) / "chip.bin"
        chip.write_bytes(image_littlefs.build({"/keys/key.id": bytes(8)}, _BLOCKS, small_areas()))
        lives = [pool.submit(_live, chip, seed + life, plan, tell) for life in range(plan.seeds)]
        for life in lives:
            cuts.add(life.result())
    return cuts


def _live(chip: Path, seed: int, plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    words = [str(word) for word in (chip, seed, plan.records, plan.every, plan.seconds)]
    command = [micropython_executable(), "-X", "heapsize=64m", "-m", "tocsin_sim.vm.powercut", *words]
    environment = {**os.environ, "MICROPYPATH": import_path()}
    found: dict[str, Any] = {"done": False}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            found = json.loads(line)
            trials = sum(found["trials"])
            tell(f"virtual, seed {seed}: {trials + found['second_cuts']} cuts, {found['failure_count']} failures")
        console = process.stderr.read()
    if not found["done"]:
        raise RuntimeError(f"the worker of seed {seed} died; its console says:\n{console[-3000:]}")
    return found


def _sector(data: bytes) -> bytes:
    return data + b"\xff" * (SECTOR_BYTES - len(data))
