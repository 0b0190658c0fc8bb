"""One run of `make bench-host`: verification, storing, a thousand gateways, and the bars over them.

Role in the flow: stages 9 and 10 beside their peers. Context: CPython.
"""

import ssl
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from sqlite3 import sqlite_version

from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.host_load import Load, Shape, run_load
from tocsin_sim.bench.host_store import Storing, measure_storing
from tocsin_sim.bench.host_verify import Verification, measure_verification
from tocsin_sim.bench.this_machine import machine

_MIB = 1 << 20
GROWTH_MIB = 4
LATENCY_MS = 2000  # a gateway gives its session up after 6000


@dataclass(frozen=True)
class Mode:
    """How much is measured."""

    name: str
    slices: int
    stored_records: int
    shape: Shape


MODES = {
    "quick": Mode("quick", 30, 5_000, Shape(gateways=1000, seconds=40)),
    "full": Mode("full", 200, 50_000, Shape(gateways=1000, seconds=900)),
}


@dataclass(frozen=True)
class Run:
    """Everything that was measured."""

    mode: Mode
    seed: int
    verification: Verification
    storing: list[Storing]
    load: Load

    @property
    def bars(self) -> list[Bar]:
        """What the run is held to."""
        load = self.load
        return [
            Bar("speed of verifying a log, of what bare OpenSSL calls reach", self.verification.log_ratio, 0.8, True),
            Bar("records sent and not stored", load.sent - load.stored, 0),
            Bar("records sent and not acknowledged", load.sent - load.acknowledged, 0),
            Bar("findings and errors on the way", load.findings, 0),
            Bar("processor, busiest second, % of one core", 100 * max(load.share_by_second), 60),
            Bar("processor, whole run, % of one core", 100 * load.cpu_s / load.shape.seconds, 20),
            Bar("arrival to acknowledgement, 99 %, ms", load.latency_ms(0.99), LATENCY_MS),
            Bar("memory grown, MiB", load.memory_growth / _MIB, GROWTH_MIB),
        ]

    def figures(self) -> dict[str, object]:
        """JSON-ready: build/bench-host.json, whose form is in docs/benches.md."""
        load = self.load
        return {
            "bench": "host",
            "mode": self.mode.name,
            "seed": self.seed,
            "machine": _machine(),
            "verification": asdict(self.verification),
            "storing": [asdict(one) for one in self.storing],
            "load": {
                "shape": asdict(load.shape),
                **{name: getattr(load, name) for name in ("sent", "stored", "acknowledged", "findings")},
                **{name: getattr(load, name) for name in ("sessions_s", "wall_s", "cpu_s", "share_by_second")},
                "latency_ms": {str(share): load.latency_ms(share) for share in (0.5, 0.9, 0.99, 1)},
                "memory_bytes": load.memory,
            },
            "bars": [bar.figures() for bar in self.bars],
        }


def measure(mode: Mode, seed: int, folder: Path, tell: Callable[[str], None]) -> Run:
    """Measure everything, on the disk of `folder`; `tell` hears what begins."""
    tell("verification beside bare hash calls")
    verification = measure_verification(mode.slices)
    with tempfile.TemporaryDirectory(dir=folder, prefix="bench-host-") as name:
        tell("storing beside others")
        storing = measure_storing(Path(name), mode.stored_records)
        tell(f"{mode.shape.gateways} gateways at one collector, {mode.shape.seconds} s of virtual time")
        (Path(name) / "load").mkdir()
        return Run(mode, seed, verification, storing, run_load(Path(name) / "load", mode.shape, seed))


def _machine() -> dict[str, object]:
    return {**machine(), "openssl": ssl.OPENSSL_VERSION, "sqlite": sqlite_version}
