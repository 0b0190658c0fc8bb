"""What must happen by the clock: the heartbeat, and the gateway's look at itself.

Role in the flow: stages 6 and 7. Context: task.
A heartbeat every 10 s also when nothing happens: silence is then evidence, and no quiet stretch can be cut out.
"""

import asyncio
import time

from tocsin.debounce import ALARM
from tocsin.event import (
    NO_READING,
    SOURCE_GATEWAY,
    TROUBLE_BAD_FRAMES,
    TROUBLE_SAMPLER_STILL,
    TROUBLE_SAMPLES_LOST,
    TYPE_HEARTBEAT,
)

HEARTBEAT_MS = 10_000
TICK_MS = 1000
BAD_FRAMES_EVERY_MS = 60_000


class Pulse:
    """Ticks once a second on the sampler's clock."""

    def __init__(self, hal: "object", recorder: "object", contacts: "object", session: "object") -> None:
        self._hal = hal
        self._recorder = recorder
        self._contacts = contacts
        self._session = session
        self._lost_count = 0
        self._bad_frames_told = 0
        self._bad_frames_at_ms = -BAD_FRAMES_EVERY_MS
        self._next_ms = HEARTBEAT_MS
        self._last_count = 0
        self._last_ticks_ms = time.ticks_ms()

    async def run(self, beat: "object") -> None:
        """The task."""
        while True:
            beat()
            await asyncio.sleep_ms(TICK_MS - self._hal.sampler.count() % TICK_MS)
            self.tick()

    def tick(self) -> None:
        """One look around."""
        now_ms = self._hal.sampler.count()
        self._check_sampler(now_ms)
        self._recorder.tend(now_ms)
        self._contacts.tell_chatter()
        self._tell_bad_frames(now_ms)
        if now_ms >= self._next_ms:
            self._next_ms = now_ms - now_ms % HEARTBEAT_MS + HEARTBEAT_MS
            self.heartbeat()

    def heartbeat(self) -> None:
        """Record that the gateway is alive, and how many records it made since it last said so."""
        try:
            chip_mc = self._hal.read_mc("chip")
        except OSError:
            chip_mc = NO_READING
        count = self._recorder.take_made_count()
        self._recorder.record(TYPE_HEARTBEAT, SOURCE_GATEWAY, value=chip_mc, count=count)

    def _check_sampler(self, now_ms: int) -> None:
        """A sampler that lost samples, or that stands still while the chip's own clock runs, is a trouble at once."""
        lost = self._hal.sampler.lost()
        if lost != self._lost_count:
            self._recorder.trouble(TROUBLE_SAMPLES_LOST, lost - self._lost_count)
            self._lost_count = lost
        ticks_ms = time.ticks_ms()
        elapsed_ms = time.ticks_diff(ticks_ms, self._last_ticks_ms)
        if now_ms == self._last_count and elapsed_ms >= TICK_MS // 2:
            self._recorder.trouble(TROUBLE_SAMPLER_STILL, elapsed_ms)
        self._last_count = now_ms
        self._last_ticks_ms = ticks_ms

    def _tell_bad_frames(self, now_ms: int) -> None:
        new = self._session.damaged_count - self._bad_frames_told
        if new and now_ms - self._bad_frames_at_ms >= BAD_FRAMES_EVERY_MS:
            self._bad_frames_told += new
            self._bad_frames_at_ms = now_ms
            self._recorder.trouble(TROUBLE_BAD_FRAMES, new)


def input_word(hal: "object") -> int:
    """The debounced level of every pin, as a boot record carries it."""
    return hal.sampler.levels(ALARM)
