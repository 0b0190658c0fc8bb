"""The link as two tasks around the session: one listens, one pushes.

Role in the flow: stage 8. Context: task.
"""

import asyncio

from tocsin import gateway_session
from tocsin.event import SOURCE_GATEWAY, TYPE_TIME_SET

LISTEN_TIMEOUT_MS = 1000


class Uplink:
    """Moves bytes between the hardware's link and the session, and acts on what the host said."""

    def __init__(
        self, link: "object", session: "object", recorder: "object", journal: "object", orders: "object", uptime_ms: "object"
    ) -> None:
        self._link = link
        self._session = session
        self._recorder = recorder
        self._journal = journal
        self._orders = orders
        self._uptime_ms = uptime_ms
        self._wake = asyncio.Event()
        self._was_open = True

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def listen(self, beat: "object") -> None:
        """The task that hears the host."""
        while True:
            beat()
            await self._link.wait(LISTEN_TIMEOUT_MS)
            data = self._link.read()
            if data:
                for event in self._session.receive(data, self._uptime_ms()):
                    self._act(event)
                self.wake()

    async def push(self, beat: "object") -> None:
        """The task that speaks to the host."""
        while True:
            beat()
            await self._wake.wait()
            self._wake.clear()
            is_open = self._link.is_open()
            if self._was_open and not is_open:
                self._session.line_lost()
            self._was_open = is_open
            if is_open:
                data = self._session.transmit(self._uptime_ms())
                if data:
                    self._link.write(data)

    def _act(self, event: "tuple[object, ...]") -> None:
        kind = event[0]
        if kind == gateway_session.ACKED:
            self._journal.acked_seq = event[1]
        elif kind == gateway_session.TIME:
            self._set_time(event[1], event[2])
        elif kind == gateway_session.COMMAND:
            self._orders.take(event[1], event[2], event[3])
            self._session.hello.command_counter = self._recorder.counter
        elif kind == gateway_session.FORGED_COMMAND:
            self._orders.refuse(event[1], event[2])

    def _set_time(self, utc_ms: int, error_ms: int) -> None:
        step_ms = self._recorder.clock.set(self._uptime_ms(), utc_ms)
        if step_ms is not None:
            clamped_ms = max(-0x80000000, min(0x7FFFFFFF, step_ms))
            self._recorder.record(TYPE_TIME_SET, SOURCE_GATEWAY, value=clamped_ms, count=error_ms)
