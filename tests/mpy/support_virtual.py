"""Virtual time for tests of tasks. Import `asyncio` and `time` from here: the clock goes in before them."""

import sys

from tocsin.edge_ring import EdgeRing
from tocsin.wall_clock import WallClock
from tocsin_sim.vm import virtual_time

CLOCK = virtual_time.Clock()
virtual_time.install(CLOCK, lambda to_ms: to_ms)

asyncio = __import__("asyncio")
time = sys.modules["time"]


def run_for(duration_ms, *coroutines):
    """Run coroutines side by side for that long; what still runs then is dropped."""
    core = sys.modules["asyncio.core"]
    core._task_queue = core.TaskQueue()
    core._io_queue.map = []

    async def main():
        for coroutine in coroutines:
            asyncio.create_task(coroutine)
        await asyncio.sleep_ms(duration_ms)

    asyncio.run(main())


class Tape:
    """A recorder that only notes: `records` holds (kind, source, before, after, value, count, at_ms)."""

    def __init__(self):
        self.records = []
        self.troubles = []
        self.mode = 1
        self.test = 0
        self.counter = 0
        self.made_count = 0
        self.clock = WallClock()

    def record(self, kind, source, before=0, after=0, value=0, count=0, at_ms=-1):
        self.records.append((kind, source, before, after, value, count, at_ms))
        self.made_count += 1

    def trouble(self, code, count=1):
        self.troubles.append((CLOCK.now_ms, code, count))

    def take_made_count(self):
        count, self.made_count = self.made_count, 0
        return count

    def tend(self, uptime_ms):
        pass


class FakeSampler:
    """Counts with the virtual clock unless `stands`; its ring is filled by the test."""

    def __init__(self, ring=None):
        self.ring = EdgeRing(64) if ring is None else ring
        self.words = {}
        self.flag = asyncio.ThreadSafeFlag()
        self.stands = False
        self.lost_count = 0
        self.offset = 0
        self._stood_at = 0

    def stand(self, stands):
        self.stands = stands
        self._stood_at = CLOCK.now_ms

    def count(self):
        return (self._stood_at if self.stands else CLOCK.now_ms) + self.offset

    def lost(self):
        return self.lost_count

    def levels(self, layer):
        return self.words.get(layer, 0)


class FakeHal:
    """A board that notes what is done to it."""

    def __init__(self, storage="/nowhere"):
        self.storage = storage
        self.slot, self.is_trial = "", False
        self.sampler = FakeSampler()
        self.feeds = []
        self.restarts = []
        self.readings = {"chip": 27_000}

    def feed(self):
        self.feeds.append(CLOCK.now_ms)

    def restart(self):
        self.restarts.append(CLOCK.now_ms)

    def _read(self, name):
        reading = self.readings.get(name, OSError(19))
        if isinstance(reading, OSError):
            raise reading
        return reading

    read_mv = read = _read
