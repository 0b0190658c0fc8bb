"""A virtual clock for the MicroPython VM: drives `time` and asyncio, so that a night passes in seconds.

Context: the MicroPython VM of the unix port. `install()` must run before anything imports `time` or `asyncio`: it puts
stand-ins for both the clock module and asyncio's C helper, which would stamp tasks with the real clock, into `sys.modules`.
Time moves only while every task waits; then it leaps to the next thing due. So runs are exact and repeat to the byte.
"""

import sys

_PERIOD = 1 << 30
# Started an hour before the 30-bit tick counter of a board wraps, so that every night crosses the wrap.
_TICKS_BASE_MS = _PERIOD - 3_600_000

NEVER = 1 << 60


class Clock:
    """Milliseconds since power-up, and callbacks due at given milliseconds."""

    def __init__(self):
        self.now_ms = 0
        self._alarms = []

    def at(self, at_ms, callback, *arguments):
        """Call `callback` when the clock reaches `at_ms`; equal times in the order they were asked for."""
        alarms = self._alarms
        low, high = 0, len(alarms)
        while low < high:
            middle = (low + high) // 2
            if alarms[middle][0] > at_ms:
                high = middle
            else:
                low = middle + 1
        alarms.insert(low, (at_ms, callback, arguments))

    def next_alarm_ms(self):
        return self._alarms[0][0] if self._alarms else NEVER

    def ring(self):
        """Call everything that is due."""
        while self._alarms and self._alarms[0][0] <= self.now_ms:
            _, callback, arguments = self._alarms.pop(0)
            callback(*arguments)


class _Time:
    """Stands for the module `time`; what it lacks the firmware must not use."""

    def __init__(self, clock):
        self._clock = clock

    def ticks_ms(self):
        return (self._clock.now_ms + _TICKS_BASE_MS) & (_PERIOD - 1)

    def ticks_us(self):
        return (self._clock.now_ms * 1000) & (_PERIOD - 1)

    @staticmethod
    def ticks_add(ticks, delta):
        return (ticks + delta) & (_PERIOD - 1)

    @staticmethod
    def ticks_diff(end, start):
        return ((end - start + _PERIOD // 2) & (_PERIOD - 1)) - _PERIOD // 2


class _TaskQueue:
    """Tasks by the time they are due: the list that asyncio's C helper would keep as a heap."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        task.data = None  # it no longer waits for anything
        ticks = sys.modules["time"]
        task.ph_key = ticks.ticks_ms() if key is None else key
        tasks = self._tasks
        place = len(tasks)
        while place and ticks.ticks_diff(tasks[place - 1].ph_key, task.ph_key) > 0:
            place -= 1
        tasks.insert(place, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        if task in self._tasks:
            self._tasks.remove(task)


class _Task:
    """asyncio's Task. `state`: True running, a queue when waited for, False done; `data`: what it waits in, or its end."""

    def __init__(self, coro, globals=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

    def __iter__(self):
        if not self.state:
            self.state = False
        elif self.state is True:
            self.state = _TaskQueue()
        return self

    def __next__(self):
        core = sys.modules["asyncio.core"]
        if not self.state:
            raise self.data
        self.state.push(core.cur_task)
        core.cur_task.data = self

    def done(self):
        return not self.state

    def cancel(self):
        core = sys.modules["asyncio.core"]
        if not self.state:
            return False
        if self is core.cur_task:
            raise RuntimeError("can't cancel self")
        while isinstance(self.data, _Task):
            self = self.data
        if hasattr(self.data, "remove"):
            self.data.remove(self)
            core._task_queue.push(self)
        else:
            core._task_queue.remove(self)
            core._task_queue.push(self)
        self.data = core.CancelledError
        return True


class _Poller:
    """Stands for asyncio's IOQueue: where it would sleep, time moves instead. `idle(until_ms)` is called in between."""

    def __init__(self, clock, idle):
        self._clock = clock
        self._idle = idle
        self.map = []  # asyncio looks whether anything waits here

    def queue_read(self, stream):
        """The running task waits for `stream`; only flags (ThreadSafeFlag) can be waited for."""
        core = sys.modules["asyncio.core"]
        self.map.append((stream, core.cur_task))
        core.cur_task.data = self

    def remove(self, task):
        self.map = [entry for entry in self.map if entry[1] is not task]

    def wait_io_event(self, delay_ms):
        """Nothing can run for `delay_ms` (-1: ever): let time pass until something can."""
        clock = self._clock
        end_ms = NEVER if delay_ms < 0 else clock.now_ms + delay_ms
        while not self._wake() and clock.now_ms < end_ms:
            clock.now_ms = self._idle(min(end_ms, clock.next_alarm_ms()))
            clock.ring()

    def _wake(self):
        core = sys.modules["asyncio.core"]
        woken = False
        for entry in list(self.map):
            stream, task = entry
            if stream.ioctl(3, 1):  # MP_STREAM_POLL for reading
                self.map.remove(entry)
                core._task_queue.push(task)
                woken = True
        return woken


class _Helper:
    TaskQueue = _TaskQueue
    Task = _Task


def install(clock, idle):
    """Put virtual time under `time` and asyncio. `idle(until_ms)` returns the time to go to, `until_ms` or earlier."""
    sys.modules["time"] = _Time(clock)
    sys.modules["_asyncio"] = _Helper
    import asyncio.core

    asyncio.core._io_queue = _Poller(clock, idle)
