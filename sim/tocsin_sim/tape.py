"""What the pins of a board do over a run, as its sampler will see it: one word for each millisecond that differs.

Role in the flow: stage 1's input. Context: CPython.
"""

from collections.abc import Iterable


def sampled(changes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Level changes in µs -> [(sample number, level)] as a 1 kHz sampler sees them: sample k is taken at k ms sharp."""
    samples: list[tuple[int, int]] = []
    for at_us, level in sorted(changes, key=lambda change: change[0]):
        sample = -(-at_us // 1000)  # a change within a millisecond shows in the next sample
        if samples and samples[-1][0] == sample:
            samples[-1] = (sample, level)
        else:
            samples.append((sample, level))
    return _without_repeats(samples)


def _without_repeats(samples: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for sample, level in samples:
        if not kept or kept[-1][1] != level:
            kept.append((sample, level))
    return kept


def merged(pins: dict[int, list[tuple[int, int]]], rest_word: int) -> list[tuple[int, int]]:
    """Sampled changes of each pin -> [(ms, word)], starting at `rest_word`."""
    events = sorted((at_ms, pin, level) for pin, changes in pins.items() for at_ms, level in changes)
    word = rest_word
    tape: list[tuple[int, int]] = []
    for at_ms, pin, level in events:
        word = word & ~(1 << pin) | level << pin
        if tape and tape[-1][0] == at_ms:
            tape[-1] = (at_ms, word)
        else:
            tape.append((at_ms, word))
    return tape
