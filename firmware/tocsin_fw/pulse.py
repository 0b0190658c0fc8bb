"""What must happen by the clock: the heartbeat, and the gateway's look at itself.

Role in the flow: stages 6 and 7. Context: task.
A heartbeat every 10 s also when nothing happens: silence is then evidence, and no quiet stretch can be cut out.
"""

import asyncio
import gc
import time

from tocsin.debounce_layers import ALARM
from tocsin.event import (
    NO_READING,
    QUALITY_NONE,
    SOURCE_GATEWAY,
    TROUBLE_BAD_FRAMES,
    TROUBLE_CLOCK_ERROR,
    TROUBLE_HEAP_LOW,
    TROUBLE_HOST_CLOCK,
    TROUBLE_SAMPLER_STILL,
    TROUBLE_SAMPLES_LOST,
    TROUBLE_TRANSITIONS_LOST,
    TYPE_HEARTBEAT,
)

from .scrub import tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.gateway_session import GatewaySession

    from .hal import Beat, Hal
    from .recorder import Recorder
    from .sense import Contacts

HEARTBEAT_MS = 10_000
TICK_MS = 1000
# The sampler's milliseconds and those that tasks sleep by are not in step: a task may wake this much before its time.
EARLY_MS = 10
# A trouble that lasts is told at once, then this often, so that it does not fill the journal.
TROUBLE_EVERY_MS = 60_000
# Less than this, and a TLS handshake or a traceback may find no room.
HEAP_MIN_BYTES = 8192
# What the clock may be off by, and how long it may be unknown.
CLOCK_ERROR_MAX_MS = 10_000
CLOCK_UNKNOWN_MAX_MS = 3_600_000


class Pulse:
    """Ticks once a second on the sampler's clock."""

    def __init__(
        self, hal: "Hal", recorder: "Recorder", contacts: "Contacts", sessions: "list[GatewaySession]"
    ) -> None:
        self._hal = hal
        self._recorder = recorder
        self._contacts = contacts
        self._lost = _Growth(TROUBLE_SAMPLES_LOST, hal.sampler.lost)
        self._dropped = _Growth(TROUBLE_TRANSITIONS_LOST, lambda: hal.sampler.ring.dropped)
        self._bad_frames = _Growth(TROUBLE_BAD_FRAMES, lambda: sum([s.damaged_count for s in sessions]))
        self._bad_times = _Growth(TROUBLE_HOST_CLOCK, lambda: recorder.clock.refused_count)
        # Of each limit of `_health`: whether its crossing was told.
        self._is_over = [False, False]
        self._next_ms = HEARTBEAT_MS
        self._last_count = 0
        self._last_ticks_ms = time.ticks_ms()
        self._still_ms = 0
        self._still_told_ms = 0
        self._usual_free_bytes = 1 << 29  # more than there is: the first tick finds it out

    async def run(self, beat: "Beat") -> None:
        """The task."""
        while True:
            beat()
            since_tick_ms = (self._hal.sampler.count() + EARLY_MS) % TICK_MS - EARLY_MS
            await asyncio.sleep_ms(TICK_MS - since_tick_ms)
            self.tick()

    def tick(self) -> None:
        """One look around."""
        now_ms = self._hal.sampler.count()
        due_ms = now_ms + EARLY_MS
        if due_ms >= self._next_ms:
            self._next_ms = due_ms - due_ms % HEARTBEAT_MS + HEARTBEAT_MS
            self.heartbeat()
            self._health(now_ms)
        self._check_sampler(now_ms)
        for growth in (self._lost, self._dropped, self._bad_frames, self._bad_times):
            new = growth.take(now_ms)
            if new:
                self._recorder.trouble(growth.code, new)
        self._contacts.tend()
        self._recorder.tend(now_ms)
        self._usual_free_bytes = tidy(self._usual_free_bytes)

    def heartbeat(self) -> None:
        """Record that the gateway is alive, and how many records it made since it last said so."""
        try:
            chip_mc = self._hal.read("chip")
        except OSError:
            chip_mc = NO_READING
        count = self._recorder.take_made_count()
        self._recorder.record(TYPE_HEARTBEAT, SOURCE_GATEWAY, value=chip_mc, count=count)

    def _health(self, now_ms: int) -> None:
        """Memory and clock within their limits; told once each time one is crossed."""
        free_bytes = gc.mem_free()
        if free_bytes < HEAP_MIN_BYTES:
            gc.collect()
            free_bytes = gc.mem_free()
        self._limit(0, free_bytes < HEAP_MIN_BYTES, TROUBLE_HEAP_LOW, free_bytes)
        clock = self._recorder.clock
        if clock.quality(now_ms) == QUALITY_NONE:
            self._limit(1, now_ms >= CLOCK_UNKNOWN_MAX_MS, TROUBLE_CLOCK_ERROR, 0)
        else:
            error_ms = clock.error_ms(now_ms)
            self._limit(1, error_ms >= CLOCK_ERROR_MAX_MS, TROUBLE_CLOCK_ERROR, error_ms)

    def _limit(self, which: int, is_over: bool, code: int, figure: int) -> None:
        if is_over and not self._is_over[which]:
            self._recorder.trouble(code, figure)
        self._is_over[which] = is_over

    def _check_sampler(self, now_ms: int) -> None:
        """A sampler that stands still while the chip's own clock runs is a trouble at once: its gateway is blind."""
        ticks_ms = time.ticks_ms()
        elapsed_ms = time.ticks_diff(ticks_ms, self._last_ticks_ms)
        if now_ms != self._last_count:
            self._still_ms = self._still_told_ms = 0
        elif elapsed_ms < TICK_MS // 2:
            return
        else:
            self._still_ms += elapsed_ms
            if not self._still_told_ms or self._still_ms - self._still_told_ms >= TROUBLE_EVERY_MS:
                self._still_told_ms = self._still_ms
                self._recorder.trouble(TROUBLE_SAMPLER_STILL, self._still_ms)
        self._last_count = now_ms
        self._last_ticks_ms = ticks_ms


class _Growth:
    """A count that should not grow: by how much it did since that was last told, and whether to tell it now."""

    def __init__(self, code: int, count: "Callable[[], int]") -> None:
        self.code = code
        self._count = count
        self._told = 0
        self._told_at_ms = -TROUBLE_EVERY_MS

    def take(self, now_ms: int) -> int:
        """What is to be told at uptime `now_ms`; 0 for nothing."""
        new = self._count() - self._told
        if not new or now_ms - self._told_at_ms < TROUBLE_EVERY_MS:
            return 0
        self._told += new
        self._told_at_ms = now_ms
        return new


def input_word(hal: "Hal") -> int:
    """The debounced level of every pin, as a boot record carries it."""
    return hal.sampler.levels(ALARM)
