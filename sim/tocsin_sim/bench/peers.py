"""How others debounce, written anew from what they do; and one library as its authors wrote it.

Role in the flow: stage 2's rivals in `make bench-debounce`. Context: CPython.
Every peer takes a signal and a background and returns what its application is told: [(µs, level)].
Sources: the interrupt with a lock-out of countless tutorials; P. Hinch's polled `Switch` of micropython-async
(50 ms); ESPHome's loop of 16 ms with `delayed_on_off: 200ms`; Konnected's early firmware (a poll every 200 ms);
adafruit-circuitpython-debouncer at its default of 10 ms.
"""

from bisect import bisect_right
from random import Random

from tocsin_sim.bench.background import Background
from tocsin_sim.bench.signals import Signal

Reports = list[tuple[int, int]]

_LATENCY_US = 20
_LOCK_OUT_US = 50_000
_LOOP_US = 16_000
_LOOP_JITTER_US = 1_000
_DELAY_US = 200_000


def interrupt_with_lock_out(signal: Signal, background: Background, _: Random) -> Reports:
    """Both edges interrupt; the handler reads the pin, and ignores what comes within 50 ms of the last it took."""
    reports: Reports = []
    toggles = signal.toggles_us
    level, taken_us, number = 0, -_LOCK_OUT_US, 0
    while number < len(toggles):
        now_us = background.task_us(toggles[number] + _LATENCY_US)
        number = bisect_right(toggles, now_us)  # edges before the handler ran are one request
        if now_us - taken_us < _LOCK_OUT_US:
            continue
        taken_us = now_us
        if signal.level(now_us) != level:
            level ^= 1
            reports.append((now_us, level))
    return reports


class Looks:
    """The times at which a loop looks at its pin."""

    def __init__(self, signal: Signal, background: Background, period_us: int, random: Random) -> None:
        self._signal = signal
        self._background = background
        self._period_us = period_us
        self.now_us = background.task_us(random.randrange(period_us))

    def next(self, settled: bool, jitter_us: int = 0) -> bool:
        """Go to the next look; `settled`: to the first one after a change, for nothing can happen before."""
        at_us = self.now_us + self._period_us + jitter_us
        if settled:
            ahead_us = self._signal.next_toggle_us(self.now_us) - at_us
            at_us += max(0, -(-ahead_us // self._period_us)) * self._period_us
        self.now_us = self._background.task_us(at_us)
        return self.now_us < self._signal.end_us


def _polled(period_us: int, signal: Signal, background: Background, random: Random) -> Reports:
    reports: Reports = []
    level = 0
    looks = Looks(signal, background, period_us, random)
    running = True
    while running:
        if signal.level(looks.now_us) != level:
            level ^= 1
            reports.append((looks.now_us, level))
        running = looks.next(settled=True)
    return reports


def polled_50_ms(signal: Signal, background: Background, random: Random) -> Reports:
    """Read the pin, sleep 50 ms, again."""
    return _polled(50_000, signal, background, random)


def polled_200_ms(signal: Signal, background: Background, random: Random) -> Reports:
    """Read the pin every 200 ms."""
    return _polled(200_000, signal, background, random)


def delayed_on_off(signal: Signal, background: Background, random: Random) -> Reports:
    """A loop of 16 ms; a change is told when none was seen for 200 ms after it."""
    reports: Reports = []
    level = seen = 0
    due_us: int | None = None
    looks = Looks(signal, background, _LOOP_US, random)
    running = True
    while running:
        found = signal.level(looks.now_us)
        if found != seen:
            seen, due_us = found, looks.now_us + _DELAY_US
        if due_us is not None and looks.now_us >= due_us:
            due_us = None
            if seen != level:
                level = seen
                reports.append((looks.now_us, level))
        running = looks.next(due_us is None, random.randrange(_LOOP_JITTER_US))
    return reports
