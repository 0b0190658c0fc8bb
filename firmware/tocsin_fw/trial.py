"""The trial of an update: kept when sampler, journal and host have shown that they work with it, else undone.

Role in the flow: all stages, once. Context: task. Imported when there was a trial. main_rp2.py begins a trial once:
every way in which this start may end, but by `_confirm`, leads back to the firmware before.
"""

import asyncio
import os

from tocsin.event import SOURCE_GATEWAY, TYPE_UPDATE, UPDATE_CONFIRMED, UPDATE_GAP, UPDATE_WENT_BACK

from .supervisor import keep_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hal import Hal
    from .journal import Journal
    from .recorder import Recorder

LIMIT_MS = 600_000
TICK_MS = 1000


class Trial:
    """Of the slot that `slots/tried` names."""

    def __init__(self, hal: "Hal", recorder: "Recorder", journal: "Journal") -> None:
        self._hal = hal
        self._recorder = recorder
        self._journal = journal
        self._folder = hal.storage + "/slots/"
        self._left_utc_ms = 0
        self._task: "asyncio.Task[None] | None" = None

    def begin(self) -> None:
        """Watch the slot on trial, or tell what came of the one before; either way, how long no sample was taken."""
        with open(self._folder + "tried") as file:
            tried = file.read()
        self._left_utc_ms = int(tried[1:]) if tried[1:].isdigit() else 0
        if self._hal.is_trial:
            self._task = asyncio.create_task(self._watch())
            return
        if tried[:1] != self._hal.slot:
            self._record(UPDATE_WENT_BACK, _version(self._folder + tried[:1] + ".tocsin"))
        os.remove(self._folder + "tried")
        self._task = asyncio.create_task(self._tell_gap())

    async def _tell_gap(self) -> None:
        """From the last sample before the restart to the first one of this start, once the host has told the time."""
        if self._left_utc_ms:
            while not self._recorder.clock.utc_ms(0):
                await asyncio.sleep_ms(TICK_MS)
            self._record(UPDATE_GAP, max(0, self._recorder.clock.utc_ms(0) - self._left_utc_ms))

    async def _watch(self) -> None:
        try:
            if await self._comes_to_work():
                self._confirm()
                await self._tell_gap()
                return
        except Exception as error:  # noqa: BLE001 - whatever it is, this is no firmware to keep
            keep_error(self._hal.storage, error)
        self._hal.restart()

    async def _comes_to_work(self) -> bool:
        now_ms = self._hal.sampler.count()
        until_ms, first_seq = now_ms + LIMIT_MS, self._journal.next_seq
        while now_ms < until_ms:
            await asyncio.sleep_ms(TICK_MS)
            before_ms, now_ms = now_ms, self._hal.sampler.count()
            if now_ms > before_ms and self._works(first_seq):
                return True
        return False

    def _works(self, first_seq: int) -> bool:
        """Whether no sample was lost, and records of this start are in the journal and on the host."""
        return self._hal.sampler.lost() == 0 and self._journal.acked_seq > first_seq

    def _confirm(self) -> None:
        """From now on this slot is the one that starts: the rename is one step, before or after a power cut."""
        with open(self._folder + "next", "w") as file:
            file.write(self._hal.slot)
        os.rename(self._folder + "next", self._folder + "active")
        os.remove(self._folder + "tried")
        self._hal.is_trial = False
        self._record(UPDATE_CONFIRMED, _version(self._folder + self._hal.slot + ".tocsin"))

    def _record(self, what: int, count: int) -> None:
        self._recorder.record(TYPE_UPDATE, SOURCE_GATEWAY, value=what, count=count)


def _version(path: str) -> int:
    """The version of a bundle; 0 where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return int.from_bytes(file.read(12)[8:], "little")
    except OSError:
        return 0
