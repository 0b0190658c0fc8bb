"""What the evidence layer must report, worked out by arithmetic on runs of equal samples, one input at a time.

Context: CPython. Written apart from `tocsin.debounce` on purpose: that one is bit-sliced for all inputs and steps,
this one is scalar and leaps. A scenario passes only if both agree to the millisecond.
"""


def transitions(changes: list[tuple[int, int]], start_ms: int, end_ms: int, threshold: int) -> list[tuple[int, int]]:
    """[(sample number, level)] at which a saturating up/down counter with `threshold` flips.

    `changes`: [(sample number, active level)] of one input, rising; sampling goes from `start_ms` to before
    `end_ms` and the debounced level starts at 0, whatever the input is.
    """
    flips: list[tuple[int, int]] = []
    state = counter = 0
    for at_ms, level, length in _runs(changes, start_ms, end_ms):
        if level == state:
            counter = max(0, counter - length)
        elif counter + length >= threshold:
            flip_ms = at_ms + threshold - counter - 1
            state, counter = level, 0
            flips.append((flip_ms, level))
        else:
            counter += length
    return flips


def _runs(changes: list[tuple[int, int]], start_ms: int, end_ms: int) -> list[tuple[int, int, int]]:
    """[(first sample, level, samples)] from `start_ms` to `end_ms`."""
    level = 0
    edges = [(start_ms, level)]
    for at_ms, new_level in changes:
        if at_ms >= end_ms:
            break
        if at_ms <= start_ms:
            edges[0] = (start_ms, new_level)
        else:
            edges.append((at_ms, new_level))
    ends = [at_ms for at_ms, _ in edges[1:]] + [end_ms]
    return [(at_ms, level, end - at_ms) for (at_ms, level), end in zip(edges, ends, strict=True) if end > at_ms]
