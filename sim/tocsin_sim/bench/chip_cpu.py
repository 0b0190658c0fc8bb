"""What sampling and debouncing 26 inputs costs the emulated processor.

Role in the flow: stages 1 and 2 at tier T2. Context: CPython. Two figures for each load, cycles of an emulated RP2040
at 125 MHz without flash cache misses, so lower bounds for a real one:
- the whole: what a busy program loses to the sampler, interrupt entry and exit included; the bars are for this one;
- the drain alone: the loop over the samples, called directly.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from tocsin_sim.bench.chip import CLOCK_HZ, DRAIN_SAMPLES, PINS, Console
from tocsin_sim.emulator.fork import forked

_RING_SAMPLES = 496
_CYCLES_PER_US = CLOCK_HZ // 1_000_000
_SETTLE_MS = 50


@dataclass(frozen=True)
class Load:
    """In sample k the inputs of `pins` have `level(k)`, all others are at rest."""

    pins: tuple[int, ...]
    level: Callable[[int], int]


LOADS = {
    "quiet": Load((), lambda k: 0),
    "one noisy": Load(PINS[:1], lambda k: int(k % 7 == 0)),
    "all chattering": Load(PINS, lambda k: k // 3 & 1),
    "one half active": Load(PINS[:1], lambda k: k // 2 & 1),
}


@dataclass(frozen=True)
class CpuCost:
    """Emulated, for 26 inputs at 1 kHz. `drain` figures: without the interrupt around it."""

    load: str
    samples: int
    cycles_per_sample: float
    cpu_percent: float
    drain_cycles_per_sample: float
    drain_cpu_percent: float


def measure_cpu(console: Console, spins: int, pool: Executor) -> list[CpuCost]:
    """Each load beside a busy loop of `spins` turns of 12 cycles."""
    alone_us = forked(_whole(console, None, spins))[0]
    return list(pool.map(lambda name: _cost(console, name, spins, alone_us), LOADS))


def _cost(console: Console, name: str, spins: int, alone_us: int) -> CpuCost:
    load = LOADS[name]
    spent_us, interrupts = forked(_whole(console, load, spins))
    samples = interrupts * DRAIN_SAMPLES
    cycles = (spent_us - alone_us) * _CYCLES_PER_US / samples
    drain_cycles = forked(_drain(console, load)) * _CYCLES_PER_US / _RING_SAMPLES
    return CpuCost(name, samples, round(cycles, 1), _percent(cycles), round(drain_cycles, 1), _percent(drain_cycles))


def _percent(cycles_per_sample: float) -> float:
    return round(100 * cycles_per_sample * 1000 / CLOCK_HZ, 4)


def _whole(console: Console, load: Load | None, spins: int) -> Callable[[], tuple[int, int]]:
    """(µs of the busy loop, interrupts meanwhile); without the sampler for None."""

    def case() -> tuple[int, int]:
        if load is not None:
            console.start()
            _drive(console, load, _SETTLE_MS + spins // 6_000)
        console.run(f"time.sleep_ms({_SETTLE_MS})")
        spent_us, interrupts = console.run(f"taken({spins})").split()[-2:]
        return int(spent_us), int(interrupts)

    return case


def _drain(console: Console, load: Load) -> Callable[[], int]:
    """µs of one drain of 496 samples."""
    word = sum(1 << pin for pin in load.pins)

    def case() -> int:
        levels = "".join(str(load.level(k)) for k in range(_RING_SAMPLES))
        return int(console.run(f"drained({word}, '{levels}')").split()[-1])

    return case


def _drive(console: Console, load: Load, for_ms: int) -> None:
    from_ms = int(console.now_ms()) + 2
    for at_ms in range(from_ms, from_ms + for_ms):
        for pin in load.pins:
            console.drive(pin, at_ms * 1000 - 500, load.level(at_ms))
