"""The debounce grid: every algorithm on the same signals under the same backgrounds.

Role in the flow: stages 1 and 2 beside their peers. Context: CPython, on several processes; the figures depend on
the seed alone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from random import Random

from tocsin.debounce_layers import ALARM, EVIDENCE

from tocsin_sim.bench import ours, peers
from tocsin_sim.bench.background import KINDS, Background
from tocsin_sim.bench.peer_adafruit import adafruit_debouncer
from tocsin_sim.bench.score import Score, score
from tocsin_sim.bench.signals import Signal, make_signal

OURS_ALARM, OURS_EVIDENCE = "Tocsin, alarm layer", "Tocsin, evidence layer"
LAYERS = {OURS_ALARM: ALARM, OURS_EVIDENCE: EVIDENCE}
Peer = Callable[[Signal, Background, Random], peers.Reports]
PEERS: dict[str, Peer] = {
    "interrupt + 50 ms lock-out": peers.interrupt_with_lock_out,
    "50 ms polled switch": peers.polled_50_ms,
    "adafruit debouncer, 10 ms": adafruit_debouncer,
    "16 ms loop, delayed_on_off": peers.delayed_on_off,
    "200 ms poll": peers.polled_200_ms,
}
ALGORITHMS = (*LAYERS, *PEERS)


@dataclass(frozen=True)
class Axes:
    """The values along each axis, and the activations in a cell (about: as many on each input)."""

    inputs: tuple[int, ...]
    bounces: tuple[str, ...]
    pulses_ms: tuple[int, ...]
    interference_per_s: tuple[int, ...]
    backgrounds: tuple[str, ...]
    activations: int


_BOUNCES = ("none", "reed", "ganssle", "worn")
FULL = Axes(
    (1, 8, 16, 26),
    _BOUNCES,
    (5, 10, 20, 30, 50, 100, 150, 190, 199, 239, 240, 241, 242, 400, 600, 1000),
    (0, 5, 20),
    tuple(KINDS),
    52,
)
QUICK = Axes((1, 26), _BOUNCES, (10, 50, 199, 400, 600), (0, 20), tuple(KINDS), 26)


@dataclass(frozen=True)
class Place:
    """One set of signals: a place in the grid, for all backgrounds."""

    inputs: int
    bounce: str
    pulse_ms: int
    per_s: int


@dataclass(frozen=True)
class Cell:
    """What `algorithm` made of a place under a background. `samples_lost`: ours only."""

    place: Place
    background: str
    algorithm: str
    score: Score
    samples_lost: int | None

    def figures(self) -> dict[str, object]:
        """As it goes into the JSON file."""
        return {
            **asdict(self.place),
            "background": self.background,
            "algorithm": self.algorithm,
            **asdict(self.score),
            "samples_lost": self.samples_lost,
        }


@dataclass(frozen=True)
class Grid:
    """All cells, and the transitions in which lib/ differed from the scalar oracle (0, or the grid is void)."""

    cells: list[Cell]
    differences: int

    def total(self, algorithm: str, choose: Callable[[Cell], bool]) -> Score:
        """Sum over the chosen cells of one algorithm."""
        result = Score()
        for cell in self.cells:
            if cell.algorithm == algorithm and choose(cell):
                result += cell.score
        return result


def run_grid(axes: Axes, seed: int, workers: int) -> Grid:
    """Play the whole grid."""
    places = [Place(*each) for each in product(axes.inputs, axes.bounces, axes.pulses_ms, axes.interference_per_s)]
    with ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(partial(run_place, axes, seed), places, chunksize=4))
    cells = [cell for found, _ in results for cell in found]
    return Grid(cells, sum(differences for _, differences in results))


def run_place(axes: Axes, seed: int, place: Place) -> tuple[list[Cell], int]:
    """(the cells of one place, differences between lib/ and the oracle there)."""
    signals = [
        make_signal(
            place.pulse_ms * 1000,
            place.bounce,
            place.per_s,
            -(-axes.activations // place.inputs),
            Random(f"{seed}/{place}/{number}"),
        )
        for number in range(place.inputs)
    ]
    flips = {name: [ours.flips(signal, layer) for signal in signals] for name, layer in LAYERS.items()}
    cells = []
    for background in axes.backgrounds:
        cells += list(_cells(place, signals, flips, background, seed))
    return cells, ours.differences(signals)


def _cells(
    place: Place, signals: list[Signal], flips: dict[str, list[ours.Flips]], name: str, seed: int
) -> Iterator[Cell]:
    end_us = max(signal.end_us for signal in signals)
    background = Background(name, end_us, Random(f"{seed}/{place}/{name}"))
    for layer in LAYERS:
        total = Score()
        for signal, found in zip(signals, flips[layer], strict=True):
            total += score(signal, [(at * 1000, ours.learned_us(at, background), to) for at, to in found])
        yield Cell(place, name, layer, total, ours.samples_lost(background))
    for peer, told in PEERS.items():
        total = Score()
        for number, signal in enumerate(signals):
            reports = told(signal, background, Random(f"{seed}/{place}/{name}/{peer}/{number}"))
            total += score(signal, [(at_us, at_us, to) for at_us, to in reports])
        yield Cell(place, name, peer, total, None)
