"""What a contact does in one cell of the debounce grid: activations, their bounce, and interference.

Role in the flow: before stage 1, the input of `make bench-debounce`. Context: CPython.
"""

from bisect import bisect_right
from dataclasses import dataclass
from random import Random

from tocsin_sim.bounce import movement, spikes

_FIRST_US = 1_000_000
_APART_US = 50
_REST_US = (1_000_000, 1_600_000)  # between two activations: longer than any report may take


@dataclass(frozen=True)
class Activation:
    """Times in µs: the first contact, when the contact begins to return, and its last movement."""

    on_us: int
    off_us: int
    last_us: int

    @property
    def length_us(self) -> int:
        """The whole of it, bounce included."""
        return self.last_us - self.on_us


@dataclass(frozen=True)
class Signal:
    """One input: at rest (0) until the first of `toggles_us`, which rise. `end_us` ends the observation."""

    toggles_us: list[int]
    activations: list[Activation]
    end_us: int

    def level(self, at_us: int) -> int:
        return bisect_right(self.toggles_us, at_us) & 1

    def next_toggle_us(self, after_us: int) -> int:
        """The first change after `after_us`; the end when there is none."""
        at = bisect_right(self.toggles_us, after_us)
        return self.toggles_us[at] if at < len(self.toggles_us) else self.end_us

    def changes(self) -> list[tuple[int, int]]:
        """[(µs, level)]."""
        return [(at_us, 1 - number % 2) for number, at_us in enumerate(self.toggles_us)]


def make_signal(pulse_us: int, bounce: str, per_s: int, count: int, random: Random) -> Signal:
    """`count` activations of `pulse_us` from first contact to the beginning of the return, `per_s` spikes a second."""
    toggles: list[int] = []
    activations = []
    at_us = _FIRST_US + random.randrange(1_000_000)
    for _ in range(count):
        made = _activation(at_us, pulse_us, bounce, random)
        toggles += made
        activations.append(Activation(at_us, at_us + pulse_us, made[-1]))
        at_us = made[-1] + random.randint(*_REST_US)
    end_us = at_us
    if per_s:
        toggles += [at for at, _ in spikes(0, end_us, per_s, 0, random)]
    return Signal(_without_pairs(sorted(toggles)), activations, end_us)


def _activation(on_us: int, pulse_us: int, bounce: str, random: Random) -> list[int]:
    """Toggle times; the return cuts off what is left of the first bounce."""
    off_us = on_us + pulse_us
    changes = [change for change in movement(on_us, 1, bounce, random) if change[0] < off_us]
    changes += movement(off_us, 0, bounce, random)
    toggles, level = [], 0
    for at_us, new_level in changes:
        if new_level != level:
            toggles.append(at_us)
            level = new_level
    return toggles


def _without_pairs(toggles: list[int]) -> list[int]:
    """Two toggles in the same microsecond are none."""
    kept: list[int] = []
    for at_us in toggles:
        if kept and kept[-1] == at_us:
            kept.pop()
        else:
            kept.append(at_us)
    return kept


def apart_from_samples(signal: Signal) -> Signal:
    """The same signal with no change within 50 µs of a sample, where the emulated chip and the model may differ."""
    moved = [at_us - at_us % 1000 + min(max(at_us % 1000, _APART_US), 1000 - _APART_US) for at_us in signal.toggles_us]
    return Signal(_without_pairs(moved), signal.activations, signal.end_us)
