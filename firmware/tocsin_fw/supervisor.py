"""Keeps the tasks alive, and never hides that one died.

Role in the flow: all stages. Context: task.

Once a second it looks whether each task gave a beat since the last nudge, feeds the watchdog and nudges again. A task
that ends, raises or stays silent is a trouble record and is started again; one that keeps dying restarts the board.
When one of them holds up the whole loop, nothing feeds the watchdog, and that restarts the board.
It must never: feed the watchdog for a task it has not heard of, or swallow an error without a record.
"""

import asyncio
import sys
import time

from tocsin.event import TROUBLE_TASK_DIED, TROUBLE_TASK_HOPELESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from .hal import Beat, Hal
    from .recorder import Recorder

    Run = Callable[[Beat], Coroutine[Any, Any, None]]

TICK_MS = 1000
# Nudges without a beat before a task is called silent: counted, not timed, so that a slow flash operation, which holds
# up all of them alike, is nobody's death.
NUDGES_MISSED_MAX = 4
DEATHS_MAX = 5
DEATHS_WINDOW_MS = 60_000
LAST_ERROR = "last-error.txt"


class _Task:
    def __init__(self, number: int, run: "Run") -> None:
        self.number = number
        self.run = run
        self.handle: "asyncio.Task[None] | None" = None
        self.missed = 0
        self.deaths_ms: "list[Any]" = []  # ticks

    def beat(self) -> None:
        self.missed = 0


class Supervisor:
    """Runs coroutine functions `run(beat)` that call beat() at least every second when nudged."""

    def __init__(self, hal: "Hal", recorder: "Recorder", nudge: "Callable[[], None]") -> None:
        self._hal = hal
        self._recorder = recorder
        self._nudge = nudge
        self._tasks: list[_Task] = []

    def add(self, run: "Run") -> int:
        """Take a task in; its number, from 1, is what trouble records name."""
        self._tasks.append(_Task(len(self._tasks) + 1, run))
        return len(self._tasks)

    async def run(self) -> None:
        """Start all tasks and watch them for ever."""
        for task in self._tasks:
            self._start(task)
        while True:
            self._hal.feed()
            self._nudge()
            await asyncio.sleep_ms(TICK_MS)
            self.check()

    def check(self) -> None:
        """Bury and restart what is dead or silent."""
        for task in self._tasks:
            task.missed += 1
            if task.missed > NUDGES_MISSED_MAX:
                task.handle.cancel()
                self._bury(task)
            elif task.handle.done():
                self._bury(task)

    def _start(self, task: _Task) -> None:
        task.missed = 0
        task.handle = asyncio.create_task(self._guarded(task))

    async def _guarded(self, task: _Task) -> None:
        try:
            await task.run(task.beat)
        except Exception as error:  # noqa: BLE001 - any error is a death, and check() tells: the handle is done
            keep_error(self._hal.storage, error)

    def _bury(self, task: _Task) -> None:
        now_ms = time.ticks_ms()
        task.deaths_ms = [at for at in task.deaths_ms if time.ticks_diff(now_ms, at) < DEATHS_WINDOW_MS]
        task.deaths_ms.append(now_ms)
        if len(task.deaths_ms) > DEATHS_MAX:
            self._recorder.trouble(TROUBLE_TASK_HOPELESS, task.number)
            self._hal.restart()
        else:
            self._recorder.trouble(TROUBLE_TASK_DIED, task.number)
        self._start(task)


def keep_error(storage: str, error: Exception) -> None:
    """Leave the traceback where a technician finds it: on the console of a board runs the link."""
    try:
        with open(storage + "/" + LAST_ERROR, "w") as file:
            sys.print_exception(error, file)
    except OSError:
        return  # the trouble record tells of the death all the same
