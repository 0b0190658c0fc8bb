"""A virtual clock for the MicroPython VM: drives `time` and asyncio, so that a night passes in seconds.

Context: the MicroPython VM of the unix port. `install()` must run before anything imports `time` or `asyncio`: it
puts stand-ins for both the clock module and asyncio's C helper, which would stamp tasks with the real clock, into
`sys.modules`. Time moves only while every task waits; then it leaps to the next thing due. So runs are exact and
repeat to the byte.
"""

import sys

from micropython import const

_PERIOD = const(1 << 30)
_HALF = const(1 << 29)
_MASK = const((1 << 30) - 1)
# Started an hour before the 30-bit tick counter of a board wraps, so that every night crosses the wrap.
_TICKS_BASE_MS = const((1 << 30) - 3_600_000)
_POLL = const(3)  # MP_STREAM_POLL, and for what: reading
_READABLE = const(1)

NEVER = 1 << 60

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


class Clock:
    """Milliseconds since power-up, and callbacks due at given milliseconds."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._alarms: "list[tuple[int, Callable[..., None], tuple[Any, ...]]]" = []

    def at(self, at_ms: int, callback: "Callable[..., None]", *arguments: "Any") -> None:
        """Call `callback` when the clock reaches `at_ms`; equal times in the order they were asked for."""
        # A night's stimuli are thousands, known from the start: the place is found by halving.
        alarms = self._alarms
        low, high = 0, len(alarms)
        while low < high:
            middle = (low + high) // 2
            if alarms[middle][0] > at_ms:
                high = middle
            else:
                low = middle + 1
        alarms.insert(low, (at_ms, callback, arguments))

    def next_alarm_ms(self) -> int:
        """When the next callback is due; NEVER when there is none."""
        return self._alarms[0][0] if self._alarms else NEVER

    def ring(self) -> bool:
        """Call everything that is due; whether there was anything."""
        alarms = self._alarms
        if not alarms or alarms[0][0] > self.now_ms:
            return False
        while alarms and alarms[0][0] <= self.now_ms:
            _, callback, arguments = alarms.pop(0)
            callback(*arguments)
        return True


class _Time:
    """Stands for the module `time`; what it lacks the firmware must not use."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def ticks_ms(self) -> int:
        return (self._clock.now_ms + _TICKS_BASE_MS) & _MASK

    def ticks_us(self) -> int:
        return (self._clock.now_ms * 1000) & _MASK

    @staticmethod
    def ticks_add(ticks: int, delta: int) -> int:
        return (ticks + delta) & _MASK

    @staticmethod
    def ticks_diff(end: int, start: int) -> int:
        return ((end - start + _HALF) & _MASK) - _HALF


class _TaskQueue:
    """Tasks by the time they are due: the list that asyncio's C helper would keep as a heap."""

    def __init__(self) -> None:
        self._tasks: "list[_Task]" = []

    def peek(self) -> "_Task | None":
        return self._tasks[0] if self._tasks else None

    def push(self, task: "_Task", key: "int | None" = None) -> None:
        if key is None:
            key = sys.modules["time"].ticks_ms()
        task.data = None  # it no longer waits for anything
        task.ph_key = key
        tasks = self._tasks
        place = len(tasks)
        # ticks_diff(the one before, this one) > 0, written out: every sleep comes through here
        while place and 0 < ((tasks[place - 1].ph_key - key) & _MASK) < _HALF:
            place -= 1
        tasks.insert(place, task)

    def pop(self) -> "_Task":
        return self._tasks.pop(0)

    def remove(self, task: "_Task") -> None:
        if task in self._tasks:
            self._tasks.remove(task)


class _Task:
    """asyncio's Task.

    `state`: True running, a queue when waited for, None or False done; `data`: what it waits in, or its end.
    """

    def __init__(self, coro: "Coroutine[Any, Any, Any]", globals: "Any" = None) -> None:
        self.coro = coro
        self.data: "Any" = None
        self.state: "Any" = True
        self.ph_key = 0

    def __iter__(self) -> "_Task":
        if not self.state:
            self.state = False
        elif self.state is True:
            self.state = _TaskQueue()
        return self

    def __next__(self) -> None:
        core = _core()
        waiting = self.state
        if not waiting:
            raise self.data
        waiting.push(core.cur_task)
        core.cur_task.data = self

    def done(self) -> bool:
        return not self.state

    def cancel(self) -> bool:
        core = _core()
        if not self.state:
            return False
        if self is core.cur_task:
            raise RuntimeError("can't cancel self")
        while isinstance(self.data, _Task):
            self = self.data
        if hasattr(self.data, "remove"):
            self.data.remove(self)
        else:
            core._task_queue.remove(self)
        core._task_queue.push(self)
        self.data = core.CancelledError
        return True


class _Poller:
    """Stands for asyncio's IOQueue: where it would sleep, time moves instead. `idle(until_ms)` is called in between."""

    def __init__(self, clock: Clock, idle: "Callable[[int], int]") -> None:
        self._clock = clock
        self._idle = idle
        self.map: "list[tuple[Any, _Task]]" = []  # asyncio looks whether anything waits here

    def queue_read(self, stream: "Any") -> None:
        """The running task waits for `stream`; only flags (ThreadSafeFlag) can be waited for."""
        task = _core().cur_task
        self.map.append((stream, task))
        task.data = self

    def remove(self, task: _Task) -> None:
        self.map = [entry for entry in self.map if entry[1] is not task]

    def wait_io_event(self, delay_ms: int) -> None:
        """Nothing can run for `delay_ms` (-1: ever): let time pass until something can."""
        if self._wake() or delay_ms == 0:
            return
        clock = self._clock
        end_ms = NEVER if delay_ms < 0 else clock.now_ms + delay_ms
        while clock.now_ms < end_ms:
            clock.now_ms = self._idle(min(end_ms, clock.next_alarm_ms()))
            if clock.ring() and self._wake():
                return

    def _wake(self) -> bool:
        """Make ready the tasks whose streams are; whether there was one."""
        woken = False
        for entry in self.map:
            if entry[0].ioctl(_POLL, _READABLE):
                woken = True
                break
        if woken:
            self._release()
        return woken

    def _release(self) -> None:
        waiting, self.map = self.map, []
        for entry in waiting:
            if entry[0].ioctl(_POLL, _READABLE):
                _core()._task_queue.push(entry[1])
            else:
                self.map.append(entry)


class _Helper:
    TaskQueue = _TaskQueue
    Task = _Task


def _core() -> "Any":
    """The module asyncio.core: it cannot be imported before the stand-ins are in place."""
    return sys.modules["asyncio.core"]


def install(clock: Clock, idle: "Callable[[int], int]") -> None:
    """Put virtual time under `time` and asyncio. `idle(until_ms)` returns the time to go to, `until_ms` or earlier."""
    modules: "dict[str, Any]" = sys.modules
    modules["time"] = _Time(clock)
    modules["_asyncio"] = _Helper
    __import__("asyncio.core")
    _core()._io_queue = _Poller(clock, idle)
