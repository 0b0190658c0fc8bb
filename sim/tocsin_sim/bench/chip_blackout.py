"""400 ms in which the emulated chip serves no interrupt, while all inputs move: is every sample there, and right?

Role in the flow: stages 1 and 2 at tier T2. Context: CPython. The blackout is a real one: the firmware erases a
flash sector, at the flash chip's worst time. The bench reads the sampler's ring out of the chip's memory the moment
the erase ends and compares every word with what it drove; afterwards it compares every transition with the
debouncer of lib/.
"""

from array import array
from dataclasses import dataclass
from random import Random

from tocsin.debounce import Debouncer
from tocsin.edge_ring import EdgeRing

from tocsin_sim.bench.chip import MASK, PINS, Console
from tocsin_sim.emulator.board import NS_PER_MS
from tocsin_sim.emulator.flash_model import WORST
from tocsin_sim.emulator.fork import forked

BLACKOUT_MS = 400
_RING_SAMPLES = 512
_FROM_MS, _UNTIL_MS = 100, 1000
# Chance of a toggle in each millisecond: most inputs chatter, every fifth moves slowly enough to flip the layers.
_CHATTER, _SLOW, _SLOW_EVERY = 0.3, 0.01, 5


@dataclass(frozen=True)
class Blackout:
    """Emulated. Samples and transitions of one blackout, and how many were not what they had to be."""

    blackout_ms: float
    samples: int
    samples_wrong: int
    samples_lost: int
    transitions: int
    transitions_wrong: int
    transitions_dropped: int


def measure_blackout(console: Console, seed: int) -> Blackout:
    """One erase."""
    return forked(lambda: _case(console, seed))


def _case(console: Console, seed: int) -> Blackout:
    board = console.board
    board.flash.timing = WORST
    console.start()
    words = _chatter(console, Random(seed))
    ring = int(console.run("print(isr.samples)"))
    erased_ns: list[float] = []
    board.flash.hooks.append(lambda command: erased_ns.append(board.now_ns))
    console.begin("watch_ms(200); erase(); watch_ms(800)")
    board.run_until(lambda: bool(erased_ns), every_ms=1)
    first = int((erased_ns[0] - console.sample_0_ns) // NS_PER_MS) + 1
    board.run_until_ns(max(board.now_ns, erased_ns[0] + BLACKOUT_MS * NS_PER_MS))
    blackout_ms = (board.now_ns - erased_ns[0]) / NS_PER_MS
    end = console.samples()
    found = [console.word(ring + 4 * (index % _RING_SAMPLES)) & MASK for index in range(first, end)]
    wrong = sum(one != other for one, other in zip(found, words[first:end], strict=True))
    board.expect(b">>> ")
    report = console.report()
    expected = _transitions(words, report.count)
    different = set(expected) ^ set(report.edges)
    return Blackout(
        blackout_ms=round(blackout_ms, 3),
        samples=end - first,
        samples_wrong=wrong,
        samples_lost=report.lost,
        transitions=len(expected),
        transitions_wrong=len(different),
        transitions_dropped=report.dropped,
    )


def _chatter(console: Console, random: Random) -> list[int]:
    """Drive all inputs; the word of every sample from 0 on."""
    words = [0] * _FROM_MS
    word = 0
    for at_ms in range(_FROM_MS, _UNTIL_MS):
        for number, pin in enumerate(PINS):
            if random.random() < (_CHATTER if number % _SLOW_EVERY else _SLOW):
                word ^= 1 << pin
                console.drive(pin, at_ms * 1000 - 500, word >> pin & 1)
        words.append(word)
    return words


def _transitions(words: list[int], count: int) -> list[tuple[int, ...]]:
    """What lib/ makes of the same levels, the last of which stay."""
    ring = EdgeRing(1 << 12)
    debouncer = Debouncer(ring)
    for index in range(count):
        debouncer.feed(words[min(index, len(words) - 1)], 1, index)
    found, entry = [], array("I", [0] * 4)
    while ring.pop_into(entry):
        found.append(tuple(entry))
    return found
