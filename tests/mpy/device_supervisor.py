"""The supervisor: a task that raises, returns or falls silent is told of and started again; a hung loop is not fed."""

from support_flash import STORAGE, fresh
from support_virtual import CLOCK, FakeHal, Tape, asyncio, run_for
from tocsin_fw.supervisor import Supervisor

DIED, HOPELESS = 1, 2


class _Bench:
    """A supervisor with the tasks given, run from time 0."""

    def __init__(self, *runs, storage="/nowhere"):
        CLOCK.now_ms = 0
        self.hal = FakeHal(storage)
        self.tape = Tape()
        self.nudges = 0
        self.event = asyncio.Event()
        self.supervisor = Supervisor(self.hal, self.tape, self._nudge)
        for run in runs:
            self.supervisor.add(run)

    def _nudge(self):
        self.nudges += 1
        self.event.set()

    def run(self, duration_ms):
        run_for(duration_ms, self.supervisor.run())
        return self.tape.troubles


async def _healthy(beat):
    while True:
        beat()
        await asyncio.sleep_ms(900)


def test_healthy_tasks_are_left_alone_and_the_watchdog_is_fed_each_second():
    bench = _Bench(_healthy, _healthy)
    assert bench.run(10_500) == []
    assert bench.hal.feeds == list(range(0, 10_001, 1000)) and bench.nudges == 11


def test_a_task_that_waits_for_news_lives_by_the_nudges():
    async def waits(beat):
        while True:
            beat()
            await bench.event.wait()
            bench.event.clear()

    bench = _Bench(waits)
    assert bench.run(60_000) == []


def test_a_task_that_raises_is_told_and_started_again():
    starts = []

    async def raises(beat):
        starts.append(CLOCK.now_ms)
        if len(starts) == 1:
            await asyncio.sleep_ms(300)
            raise ValueError("in the test")
        await _healthy(beat)

    fresh()
    bench = _Bench(_healthy, raises, storage=STORAGE)
    assert bench.run(10_000) == [(1000, DIED, 2)] and starts == [0, 1000]
    assert "ValueError: in the test" in open(STORAGE + "/last-error.txt").read()


def test_a_task_that_returns_is_told_and_started_again():
    starts = []

    async def returns(beat):
        starts.append(CLOCK.now_ms)
        if len(starts) > 2:
            await _healthy(beat)

    bench = _Bench(returns)
    assert bench.run(10_000) == [(1000, DIED, 1), (2000, DIED, 1)] and starts == [0, 1000, 2000]


def test_a_silent_task_is_cancelled_buried_once_and_started_again():
    starts, ends = [], []

    async def silent(beat):
        starts.append(CLOCK.now_ms)
        try:
            if len(starts) == 1:
                await asyncio.sleep_ms(1_000_000)
        except asyncio.CancelledError:
            ends.append(CLOCK.now_ms)
            raise
        await _healthy(beat)

    bench = _Bench(silent)
    assert bench.run(30_000) == [(5000, DIED, 1)] and starts == [0, 5000] and ends == [5000]


def test_a_task_that_raises_when_cancelled_is_buried_once():
    starts = []

    async def stubborn(beat):
        starts.append(CLOCK.now_ms)
        if len(starts) > 1:
            await _healthy(beat)
        try:
            await asyncio.sleep_ms(1_000_000)
        except asyncio.CancelledError:
            raise ValueError("no")

    bench = _Bench(stubborn)
    assert bench.run(30_000) == [(5000, DIED, 1)] and starts == [0, 5000]


def test_a_task_that_keeps_dying_restarts_the_board():
    async def dies(beat):
        raise OSError(5)

    bench = _Bench(_healthy, dies)
    troubles = bench.run(6500)
    assert troubles == [(at, DIED, 2) for at in range(1000, 5001, 1000)] + [(6000, HOPELESS, 2)]
    assert bench.hal.restarts == [6000]


def test_deaths_that_lie_a_minute_back_are_forgiven():
    async def dies_now_and_then(beat):
        for _ in range(15):
            beat()
            await asyncio.sleep_ms(1000)

    bench = _Bench(dies_now_and_then)
    troubles = bench.run(600_000)
    assert len(troubles) > 30 and bench.hal.restarts == [] and {code for _, code, _ in troubles} == {DIED}


def test_a_loop_that_hangs_feeds_no_watchdog():
    async def hangs(beat):
        beat()
        await asyncio.sleep_ms(2500)
        CLOCK.now_ms += 9000  # what a long flash operation, or an endless loop, does to all tasks
        await _healthy(beat)

    bench = _Bench(_healthy, hangs)
    bench.run(20_000)
    feeds = bench.hal.feeds
    assert feeds[:3] == [0, 1000, 2000] and feeds[3] == 11_500


def test_tasks_that_were_held_up_together_are_not_called_silent():
    async def holds_up(beat):
        while True:
            beat()
            await asyncio.sleep_ms(990)
            CLOCK.now_ms += 6000

    async def waits(beat):
        while True:
            beat()
            await bench.event.wait()
            bench.event.clear()

    bench = _Bench(_healthy, holds_up, waits)
    assert bench.run(100_000) == []
