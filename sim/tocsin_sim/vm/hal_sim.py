"""The simulated hardware layer: the contract of `tocsin_fw.hal` over the virtual clock.

Role in the flow: stages 1 to 3 and 8 of a virtual board. Context: the MicroPython VM; `take_samples` stands for
interrupt context and runs with the heap locked, so an allocation in it fails at once.
"""

import asyncio
import os
from hashlib import sha256

import micropython
from tocsin.debounce import Debouncer
from tocsin.debounce_layers import EVIDENCE
from tocsin.edge_ring import INDEX_MASK, EdgeRing

from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin_fw.memory import Memory

    from .nor import Nor
    from .virtual_time import Clock

_RING_ENTRIES = 64
# A board's interrupt drains the samples of 24 ms at once; so does this one while counters are moving.
_DRAIN_MS = 24
_CHIP_MC = 27_000
# errno of the readings that are none: ENODEV, EIO, ERANGE.
_ERRORS = {wire.SENSOR_GONE: 19, wire.DAMAGED: 5, wire.POWER_ON_VALUE: 34}


class Sampler:
    """Samples the simulated pins once a virtual millisecond. Equal samples are taken in one leap."""

    def __init__(self, clock: "Clock") -> None:
        self.ring = EdgeRing(_RING_ENTRIES)
        self.flag = asyncio.ThreadSafeFlag()
        self._clock = clock
        self._debouncer = Debouncer(self.ring)
        self._mask = 0
        self._rest_mask = 0
        self._pins = 0
        self._taken = 0
        self._drain_due = False

    def start(self, mask: int, rest_mask: int) -> None:
        self._mask = mask
        self._rest_mask = rest_mask
        self._taken = self._clock.now_ms
        self._schedule()

    def count(self) -> int:
        return self._clock.now_ms

    def lost(self) -> int:
        return 0

    def levels(self, layer: int) -> int:
        self._interrupt()
        return self._debouncer.levels(layer)

    def set_pins(self, word: int) -> None:
        """The pins change now; samples up to here had the word before."""
        self._interrupt()
        self._pins = word
        self._schedule()

    def _schedule(self) -> None:
        if not self._drain_due:
            self._drain_due = True
            now_ms = self._clock.now_ms
            self._clock.at(now_ms - now_ms % _DRAIN_MS + _DRAIN_MS, self._drain)

    def _drain(self) -> None:
        self._drain_due = False
        self._interrupt()
        if not self._debouncer.settled() or (self._word() ^ self._debouncer.levels(EVIDENCE)):
            self._schedule()

    def _word(self) -> int:
        return (self._pins ^ self._rest_mask) & self._mask

    def _interrupt(self) -> None:
        micropython.heap_lock()
        try:
            self.take_samples()
        finally:
            micropython.heap_unlock()

    def take_samples(self) -> None:  # ISR
        """Debounce what was sampled since the last time; what a board's timer interrupt does."""
        now_ms = self._clock.now_ms
        if now_ms > self._taken:
            self._debouncer.feed(self._word(), now_ms - self._taken, self._taken & INDEX_MASK)
            self._taken = now_ms
        if len(self.ring):
            self.flag.set()


class Link:
    """The board's end of the cable."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._flag = asyncio.ThreadSafeFlag()
        self._due_ms: "list[int]" = []
        self._open = True
        self._in = b""
        self.out = b""

    def read(self) -> bytes:
        data, self._in = self._in, b""
        return data

    def write(self, data: bytes) -> None:
        if self._open:
            self.out += data

    def is_open(self) -> bool:
        return self._open

    async def wait(self, timeout_ms: int) -> None:
        if not self._in:
            due_ms = self._clock.now_ms + timeout_ms
            if not self._due_ms or due_ms < min(self._due_ms):
                self._due_ms.append(due_ms)
                self._clock.at(due_ms, self._time_out, due_ms)
            await self._flag.wait()

    def arrive(self, data: bytes) -> None:
        """Bytes from the host."""
        if self._open:
            self._in += data
            self._flag.set()

    def plug(self, is_open: int) -> None:
        """The cable goes in or out."""
        self._open = bool(is_open)
        if not is_open:
            self._in = self.out = b""

    def _time_out(self, due_ms: int) -> None:
        self._due_ms.remove(due_ms)
        self._flag.set()


class Hal:
    """The whole simulated board. `restart` is what ends it."""

    memory: "Memory"

    def __init__(
        self,
        clock: "Clock",
        board: str,
        storage: str,
        flash: "Nor",
        seed: bytes,
        reset_cause: int,
        restart: "Callable[[], None]",
    ) -> None:
        self.board = board
        self.storage = storage
        # Its modules come from the machine; one that has slots takes updates, and never starts from them.
        self.slot, self.is_trial = "a" if "slots" in os.listdir(storage) else "", False
        self.flash = flash
        self.sampler = Sampler(clock)
        self.link = Link(clock)
        self.restart = restart
        self._reset_cause = reset_cause
        self._random_state = seed
        self._clock = clock
        # (ms, pin, level) since the conductor was last told.
        self.driven: "list[tuple[int, int, int]]" = []
        # What is held to the reader at each pin; b"" for nothing.
        self.roms: "dict[int, bytes]" = {}
        self._mv: "dict[int, int]" = {}
        self._readings = {"chip": _CHIP_MC}
        self._counters: "dict[str, tuple[int, int]]" = {}
        self._clock = clock

    def read_mv(self, channel: int) -> int:
        """See `tocsin_fw.hal`."""
        reading_mv = self._mv.get(channel, wire.ADC_DEAD)
        if reading_mv == wire.ADC_DEAD:
            raise OSError(5)
        return reading_mv

    def read(self, sensor: str) -> int:
        """See `tocsin_fw.hal`."""
        reading = self._readings.get(sensor, wire.SENSOR_GONE)
        if reading in _ERRORS:
            raise OSError(_ERRORS[reading])
        return self._pulses(sensor) // 1_000_000 if sensor in self._counters else reading

    def set_output(self, pin: int, level: int) -> None:
        """See `tocsin_fw.hal`; the conductor is told with the next words of the board."""
        self.driven.append((self._clock.now_ms, pin, level))

    def read_rom(self, pin: int) -> "bytes | None":
        """See `tocsin_fw.hal`."""
        return self.roms.get(pin) or None

    def join(self, ssid: str, password: str) -> bool:
        """A simulated board hangs on the network of the machine that it runs on."""
        return True

    def set_mv(self, channel: int, reading_mv: int) -> None:
        """The voltage from now on."""
        self._mv[channel] = reading_mv

    def set_reading(self, sensor: str, reading: int) -> None:
        """What a sensor says from now on; the pace of a counter in pulses in 1000 s."""
        if sensor.startswith("pulses-"):
            self._counters[sensor] = (self._clock.now_ms, self._pulses(sensor))
        self._readings[sensor] = reading

    def _pulses(self, sensor: str) -> int:
        """Millionths of pulses since the start."""
        since_ms, before = self._counters.get(sensor, (0, 0))
        pace = self._readings.get(sensor, 0)
        return before if pace in _ERRORS else before + (self._clock.now_ms - since_ms) * pace

    def feed(self) -> None:
        """The virtual board's watchdog is the conductor's patience: a board that does not stop is killed."""

    def reset_cause(self) -> int:
        return self._reset_cause

    def random(self, count: int) -> bytes:
        """Bytes that repeat with the seed: a simulated board is no place for secrets."""
        self._random_state = sha256(self._random_state).digest()
        return sha256(b"random" + self._random_state).digest()[:count]
