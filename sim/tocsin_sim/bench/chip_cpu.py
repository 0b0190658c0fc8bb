"""What sampling and debouncing 26 inputs costs the emulated processor.

Role in the flow: stages 1 and 2 at tier T2. Context: CPython. Everything counts: interrupt entry and exit, the drain,
the hand-over, and the wake-up of the sleeping core; nothing else runs. Cycles of an emulated RP2040 at 125 MHz,
without flash cache misses: a lower bound for a real one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tocsin_sim.bench.chip import CLOCK_HZ, PINS, Console
from tocsin_sim.emulator.board import NS_PER_MS
from tocsin_sim.emulator.fork import forked

_SETTLE_MS = 300
_TOGGLE_CHANCE = 0.3  # in each millisecond, of each input that chatters
LOADS: dict[str, tuple[int, ...]] = {"quiet": (), "one noisy": PINS[:1], "all chattering": PINS}


@dataclass(frozen=True)
class CpuCost:
    """Emulated. `cycles`: those of `samples` samples, less what the same time costs without the sampler."""

    load: str
    samples: int
    cycles: int

    @property
    def cycles_per_sample(self) -> float:
        return round(self.cycles / self.samples, 1)

    @property
    def cpu_percent(self) -> float:
        """At 1000 samples a second."""
        return round(100 * self.cycles / self.samples * 1000 / CLOCK_HZ, 4)


def measure_cpu(console: Console, samples: int, seed: int) -> list[CpuCost]:
    """Each load for as many samples (milliseconds)."""
    idle_cycles = forked(_case(console, None, samples, seed))
    return [
        CpuCost(name, samples, forked(_case(console, pins, samples, seed)) - idle_cycles)
        for name, pins in LOADS.items()
    ]


def _case(console: Console, pins: tuple[int, ...] | None, samples: int, seed: int) -> Callable[[], int]:
    """Cycles of `samples` milliseconds; `pins` chatter, None: without the sampler."""

    def case() -> int:
        if pins is not None:
            console.start()
            _chatter(console, pins, _SETTLE_MS + samples + 200, Random(seed))
        console.begin(f"time.sleep_ms({_SETTLE_MS + samples + 500})")
        board = console.board
        board.run_until_ns(board.now_ns + _SETTLE_MS * NS_PER_MS)
        before = board.cycles
        board.run_until_ns(board.now_ns + samples * NS_PER_MS)
        return board.cycles - before

    return case


def _chatter(console: Console, pins: tuple[int, ...], until_ms: int, random: Random) -> None:
    from_ms = int(console.now_ms()) + 2
    levels = dict.fromkeys(pins, 0)
    for at_ms in range(from_ms, from_ms + until_ms):
        for pin in pins:
            if random.random() < _TOGGLE_CHANCE:
                levels[pin] ^= 1
                console.drive(pin, at_ms * 1000 - 500, levels[pin])
