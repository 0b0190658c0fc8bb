"""A sample of the grid played on the emulated chip: 26 places of the grid at once, one on each input.

Role in the flow: stages 1 and 2 at tier T2. Context: CPython. The board does the same things meanwhile as in the
model, but really: it collects, it hashes, it erases flash. Every transition has to be the model's, to the sample.
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import product
from random import Random

from tocsin.debounce_layers import ALARM

from tocsin_sim.bench import ours
from tocsin_sim.bench.chip import PINS, ChipReport, Console
from tocsin_sim.bench.debounce_grid import Axes, Place
from tocsin_sim.bench.score import MUST_US, Score, score
from tocsin_sim.bench.signals import Signal, apart_from_samples, make_signal
from tocsin_sim.emulator.flash_model import TYPICAL, WORST, FlashTiming
from tocsin_sim.emulator.fork import forked

ACTIVATIONS = 2
# Background -> (what the console runs, its pause in ms, the flash chip's times).
_WORK: dict[str, tuple[str, int, FlashTiming]] = {
    "idle": ("None", 0, TYPICAL),
    "collection": ("collection", 250, TYPICAL),
    "sealing": ("sealing", 100, TYPICAL),
    "flash 45 ms": ("erase", 500, TYPICAL),
    "flash 400 ms": ("erase", 1200, WORST),
}


@dataclass(frozen=True)
class Replay:
    """Emulated. One run of 26 places; `differences` between the chip's transitions and the model's."""

    background: str
    places: int
    transitions: int
    differences: int
    samples_lost: int
    long: int  # activations of 400 ms and more
    long_missed: int
    below: int
    reported_below: int
    false: int


def replay_grid(console: Console, axes: Axes, runs: int | None, seed: int, pool: Executor) -> list[Replay]:
    """Deal the places without their number of inputs out to runs of 26, backgrounds in turn; None: all of them."""
    places = [Place(len(PINS), *each) for each in product(axes.bounces, axes.pulses_ms, axes.interference_per_s)]
    Random(seed).shuffle(places)
    hands = [places[at : at + len(PINS)] for at in range(0, len(places), len(PINS))]
    names = [axes.backgrounds[(number + 4) % len(axes.backgrounds)] for number in range(len(hands))]
    return list(pool.map(lambda hand, name: _replay(console, hand, name, seed), hands[:runs], names[:runs]))


def _replay(console: Console, places: list[Place], background: str, seed: int) -> Replay:
    signals = {
        pin: apart_from_samples(
            make_signal(place.pulse_ms * 1000, place.bounce, place.per_s, ACTIVATIONS, Random(f"{seed}/chip/{place}"))
        )
        for pin, place in zip(PINS, places, strict=False)
    }
    report = forked(lambda: _play(console, signals, background))
    return _judge(signals, report, background)


def _play(console: Console, signals: dict[int, Signal], background: str) -> ChipReport:
    work, pause_ms, console.board.flash.timing = _WORK[background]
    console.start()
    for pin, signal in signals.items():
        for at_us, level in signal.changes():
            console.drive(pin, at_us, level)
    length_ms = max(signal.end_us for signal in signals.values()) // 1000
    console.run(f"watch_ms({length_ms}, {work}, {pause_ms})", limit_ms=length_ms + 10_000)
    return console.report()


def _judge(signals: dict[int, Signal], report: ChipReport, background: str) -> Replay:
    found = {
        (sample, layer, pin, levels >> pin & 1)
        for sample, changed, levels, layer in report.edges
        for pin, signal in signals.items()
        if changed >> pin & 1 and sample < signal.end_us // 1000
    }
    expected = {
        (sample, layer, pin, level)
        for pin, signal in signals.items()
        for layer in ours.THRESHOLDS
        for sample, level in ours.flips(signal, layer)
    }
    total, long = Score(), Score()
    for pin, signal in signals.items():
        alarms = [(at, level) for at, layer, on_pin, level in sorted(found) if (layer, on_pin) == (ALARM, pin)]
        scored = score(signal, [(at * 1000, at * 1000, level) for at, level in alarms])
        total += scored
        if signal.activations[0].off_us - signal.activations[0].on_us >= MUST_US:
            long += scored
    return Replay(
        background=background,
        places=len(signals),
        transitions=len(expected),
        differences=len(found ^ expected),
        samples_lost=report.lost,
        long=long.activations,
        long_missed=long.activations - long.reported,
        below=total.below,
        reported_below=total.reported_below,
        false=total.false,
    )
