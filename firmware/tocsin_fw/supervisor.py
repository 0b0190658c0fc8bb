"""Keeps the tasks alive, and never hides that one died.

Role in the flow: all stages. Context: task.

Once a second it nudges every task and looks whether each gave a beat lately. Only when all did, and none was given up, the watchdog is
fed. A task that ends, raises or falls silent is a trouble record and is started again; one that keeps dying restarts the board.
It must never: feed the watchdog for a task it has not heard of, or swallow an error without a record.
"""

import asyncio
import sys
import time

from tocsin.event import TROUBLE_TASK_DIED, TROUBLE_TASK_HOPELESS

TICK_MS = 1000
# Each task beats at least once a second when it is nudged; four seconds leave room for one slow flash operation, and
# the watchdog (8 s) still comes after.
SILENT_AFTER_MS = 4000
DEATHS_MAX = 5
DEATHS_WINDOW_MS = 60_000


class _Task:
    def __init__(self, number: int, run: "object") -> None:
        self.number = number
        self.run = run
        self.handle = None
        self.beat_ms = time.ticks_ms()
        self.deaths_ms: list[int] = []

    def beat(self) -> None:
        self.beat_ms = time.ticks_ms()


class Supervisor:
    """Runs coroutine functions `run(beat)` that call beat() at least every second when nudged."""

    def __init__(self, hal: "object", recorder: "object", nudge: "object") -> None:
        self._hal = hal
        self._recorder = recorder
        self._nudge = nudge
        self._tasks: list[_Task] = []

    def add(self, run: "object") -> int:
        """Take a task in; its number, from 1, is what trouble records name."""
        self._tasks.append(_Task(len(self._tasks) + 1, run))
        return len(self._tasks)

    async def run(self) -> None:
        """Start all tasks and watch them for ever."""
        for task in self._tasks:
            self._start(task)
        while True:
            self._hal.feed()
            await asyncio.sleep_ms(TICK_MS)
            self._nudge()
            self.check()

    def check(self) -> None:
        """Bury and restart what is dead or silent."""
        now_ms = time.ticks_ms()
        for task in self._tasks:
            is_silent = time.ticks_diff(now_ms, task.beat_ms) > SILENT_AFTER_MS
            if is_silent and not task.handle.done():
                task.handle.cancel()
            if is_silent or task.handle.done():
                self._bury(task, now_ms)
                self._start(task)

    def _start(self, task: _Task) -> None:
        task.beat()
        task.handle = asyncio.create_task(self._guarded(task))

    async def _guarded(self, task: _Task) -> None:
        try:
            await task.run(task.beat)
        except Exception as error:  # the trouble record follows in check(): the handle is done
            self._keep(error)

    def _bury(self, task: _Task, now_ms: int) -> None:
        task.deaths_ms = [at for at in task.deaths_ms if time.ticks_diff(now_ms, at) < DEATHS_WINDOW_MS]
        task.deaths_ms.append(now_ms)
        if len(task.deaths_ms) > DEATHS_MAX:
            self._recorder.trouble(TROUBLE_TASK_HOPELESS, task.number)
            self._hal.restart()
        self._recorder.trouble(TROUBLE_TASK_DIED, task.number)

    def _keep(self, error: Exception) -> None:
        """Leave the traceback where a technician finds it: on the console of a board runs the link."""
        try:
            with open(self._hal.storage + "/last-error.txt", "w") as file:
                sys.print_exception(error, file)
        except OSError:
            return  # the trouble record tells of the death all the same
