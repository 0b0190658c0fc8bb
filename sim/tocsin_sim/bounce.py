"""How real contacts move: bounce models, as level changes in microseconds.

Role in the flow: before stage 1, the physics a sampler must see through. Context: CPython.
Sources: J. Ganssle, "A Guide to Debouncing" (1.56 ms mean, 6.2 ms longest over 18 switch types); worn contacts 20
to 157 ms, from the same author's outliers; reed contacts below 1 ms, as their makers' sheets give it.
"""

from random import Random

# Longest bounce of each model, in microseconds: what an expectation may rely on.
LONGEST_US = {"none": 0, "reed": 1_000, "ganssle": 6_200, "worn": 157_000}
_SHORTEST_US = {"none": 0, "reed": 100, "ganssle": 0, "worn": 20_000}
_GANSSLE_MEAN_US = 1_560
_SHORTEST_TOGGLE_US = 30


def bounce_us(model: str, random: Random) -> int:
    """How long one movement of a contact bounces, in microseconds."""
    if model == "ganssle":
        return min(LONGEST_US[model], int(random.expovariate(1 / _GANSSLE_MEAN_US)))
    return random.randint(_SHORTEST_US[model], LONGEST_US[model])


def movement(at_us: int, level: int, model: str, random: Random) -> list[tuple[int, int]]:
    """Level changes [(time in µs, level)] of a contact that goes to `level` at `at_us`; the last one is to `level`."""
    end_us = at_us + bounce_us(model, random)
    longest_toggle_us = max(100, (end_us - at_us) // 6)
    changes = [(at_us, level)]
    now_us, now_level = at_us, level
    while True:
        now_us += random.randint(_SHORTEST_TOGGLE_US, longest_toggle_us)
        if now_us >= end_us:
            break
        now_level ^= 1
        changes.append((now_us, now_level))
    if now_level != level:
        changes.append((end_us, level))
    return changes


def spikes(from_us: int, to_us: int, per_s: float, level: int, random: Random) -> list[tuple[int, int]]:
    """Interference: short pulses away from `level`, 5 µs to 2 ms wide, `per_s` a second on average."""
    changes: list[tuple[int, int]] = []
    now_us = from_us
    while True:
        now_us += max(1, int(random.expovariate(per_s / 1e6)))
        width_us = int(10 ** random.uniform(0.7, 3.3))
        if now_us + width_us >= to_us:
            return changes
        changes += [(now_us, level ^ 1), (now_us + width_us, level)]
        now_us += width_us
