"""How long a contact must be closed to be reported: never up to here, always from there.

Role in the flow: stages 1 and 2 beside their peers. Context: CPython. No bounce, no interference, nothing else to
do; the phase between contact and sampling is random.
"""

from dataclasses import dataclass
from random import Random

from tocsin_sim.bench import ours
from tocsin_sim.bench.background import Background
from tocsin_sim.bench.debounce_grid import ALGORITHMS, LAYERS, PEERS
from tocsin_sim.bench.score import score
from tocsin_sim.bench.signals import make_signal

LONGEST_MS = 450
_FINE_US = 100
_AROUND_US = 3_000


@dataclass(frozen=True)
class Window:
    """`share`: [(length in ms, share reported)], rising. Up to `never_ms` none was, from `always_ms` on all were."""

    share: list[tuple[float, float]]
    never_ms: float
    always_ms: float | None

    @property
    def width_ms(self) -> float | None:
        return None if self.always_ms is None else round(self.always_ms - self.never_ms, 3)


def measure_windows(step_ms: int, activations: int, seed: int) -> dict[str, Window]:
    """A window for every algorithm; ours in steps of 0.1 ms around their thresholds."""
    coarse_us = [1000, *range(step_ms * 1000, LONGEST_MS * 1000 + 1, step_ms * 1000)]
    windows = {}
    for name in ALGORITHMS:
        lengths_us = set(coarse_us)
        if name in LAYERS:
            middle_us = ours.THRESHOLDS[LAYERS[name]] * 1000
            lengths_us |= set(range(middle_us - _AROUND_US, middle_us + _AROUND_US, _FINE_US))
        share = [(at / 1000, share_reported(name, at, activations, seed)) for at in sorted(lengths_us)]
        windows[name] = window_of(share)
    return windows


def window_of(share: list[tuple[float, float]]) -> Window:
    """The window of a rising list of (length in ms, share reported)."""
    never_ms, always_ms = 0.0, None
    for length_ms, part in share:
        if part > 0:
            break
        never_ms = length_ms
    for length_ms, part in reversed(share):
        if part < 1:
            break
        always_ms = length_ms
    return Window(share, never_ms, always_ms)


def share_reported(name: str, length_us: int, activations: int, seed: int) -> float:
    """The share of activations of one length that `name` reports."""
    signal = make_signal(length_us, "none", 0, activations, Random(f"{seed}/{length_us}"))
    background = Background("idle", signal.end_us, Random(0))
    if name in LAYERS:
        reports = [(at * 1000, level) for at, level in ours.flips(signal, LAYERS[name])]
    else:
        reports = PEERS[name](signal, background, Random(f"{seed}/{length_us}/{name}"))
    found = score(signal, [(at_us, at_us, level) for at_us, level in reports])
    return found.reported / found.activations
