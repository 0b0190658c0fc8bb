"""What else the processor does meanwhile: stretches in which nobody looks at the pins.

Role in the flow: beside stages 1 and 2 in `make bench-debounce`. Context: CPython. The same for every algorithm.

The lengths are assumptions near what the emulated chip takes: 2.4 ms to collect a nearly empty heap, 22 ms to collect
one with 3000 more objects; 1.8 ms to seal a record. A flash erase is the data sheet's: 45 ms typically, 400 ms at
worst, with every interrupt masked.
"""

from bisect import bisect_right
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Kind:
    """A stretch of `length_us` after every pause; `masks`: not even a hard interrupt gets through."""

    length_us: int
    pause_us: tuple[int, int]
    masks: bool


KINDS = {
    "idle": Kind(0, (0, 0), False),
    "collection": Kind(8_000, (150_000, 350_000), False),
    "sealing": Kind(2_000, (50_000, 150_000), False),
    "flash 45 ms": Kind(45_000, (300_000, 700_000), True),
    "flash 400 ms": Kind(400_000, (800_000, 1_600_000), True),
}


class Background:
    """The stretches of one run, in µs."""

    def __init__(self, name: str, end_us: int, random: Random) -> None:
        """`name` is a key of KINDS."""
        kind = KINDS[name]
        self.masks = kind.masks
        self.length_us = kind.length_us
        self.starts_us: list[int] = []
        at_us = random.randint(*kind.pause_us)
        while kind.length_us and at_us < end_us:
            self.starts_us.append(at_us)
            at_us += kind.length_us + random.randint(*kind.pause_us)

    def task_us(self, at_us: int) -> int:
        """When code that wants to run at `at_us` runs."""
        number = bisect_right(self.starts_us, at_us) - 1
        return max(at_us, self.starts_us[number] + self.length_us) if number >= 0 else at_us

    def interrupt_us(self, at_us: int) -> int:
        """When a hard interrupt of `at_us` is served."""
        return self.task_us(at_us) if self.masks else at_us
