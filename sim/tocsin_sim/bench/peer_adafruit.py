"""The peer that is run as its authors wrote it: adafruit-circuitpython-debouncer, in virtual time.

Role in the flow: a rival of stage 2 in `make bench-debounce`. Context: CPython.
The library reads `time.monotonic_ns` through adafruit_ticks; for the length of a run it reads ours instead.
"""

from random import Random
from unittest.mock import patch

import adafruit_ticks
from adafruit_debouncer import Debouncer

from tocsin_sim.bench.background import Background
from tocsin_sim.bench.peers import Looks, Reports
from tocsin_sim.bench.signals import Signal

# "MUST be called frequently": every millisecond, more often than a busy application would.
_LOOP_US = 1_000
_SETTLED_STATES = (0, 3)  # neither changed just now nor unstable: at rest, or active


def adafruit_debouncer(signal: Signal, background: Background, random: Random) -> Reports:
    """`Debouncer(predicate)` at its default interval of 10 ms, updated by a loop of 1 ms."""
    reports: Reports = []
    looks = Looks(signal, background, _LOOP_US, random)
    with patch.object(adafruit_ticks, "_monotonic_ns", lambda: looks.now_us * 1000):
        debouncer = Debouncer(lambda: bool(signal.level(looks.now_us)))
        running = True
        while running:
            debouncer.update()
            if debouncer.rose or debouncer.fell:
                reports.append((looks.now_us, int(debouncer.value)))
            running = looks.next(debouncer.state in _SETTLED_STATES)
    return reports
