"""What an algorithm made of the activations of a cell.

Role in the flow: the judge of `make bench-debounce`. Context: CPython.
"""

from dataclasses import dataclass
from typing import Self

from tocsin_sim.bench.signals import Signal

MUST_US = 400_000  # activations of this length and more have to be reported
MUST_NOT_US = 200_000  # whole activations, bounce included, below this have to be left alone
_REPORT_WITHIN_US = 700_000  # after the last movement of the activation


@dataclass
class Score:
    """Counts of one cell. An activation is reported by the first ON in its time; every other ON is false."""

    activations: int = 0
    reported: int = 0
    false: int = 0
    below: int = 0  # activations whose whole length, bounce included, is below 200 ms
    reported_below: int = 0
    worst_latency_us: int = 0

    def __iadd__(self, other: Self) -> Self:
        self.activations += other.activations
        self.reported += other.reported
        self.false += other.false
        self.below += other.below
        self.reported_below += other.reported_below
        self.worst_latency_us = max(self.worst_latency_us, other.worst_latency_us)
        return self


def score(signal: Signal, reports: list[tuple[int, int, int]]) -> Score:
    """`reports`: [(µs it says it happened, µs the application learns it, level)], in order."""
    result = Score(len(signal.activations))
    told = [(at_us, learned_us) for at_us, learned_us, level in reports if level]
    matched = 0
    for activation in signal.activations:
        is_below = activation.length_us < MUST_NOT_US
        result.below += is_below
        until_us = activation.last_us + _REPORT_WITHIN_US
        hit = next((on for on in told if activation.on_us <= on[0] <= until_us), None)
        if hit is not None:
            matched += 1
            result.reported += 1
            result.reported_below += is_below
            result.worst_latency_us = max(result.worst_latency_us, hit[1] - activation.on_us)
    result.false = len(told) - matched
    return result
