"""The link as two tasks around the session: one listens, one pushes.

Role in the flow: stage 8. Context: task.
"""

import asyncio

from tocsin import gateway_session
from tocsin.event import SOURCE_GATEWAY, TYPE_TIME_SET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tocsin.gateway_session import GatewaySession

    from .hal import Beat, Link, UptimeMs
    from .orders import Orders
    from .recorder import Recorder
    from .service import Service
    from .update import Update

# The longest that the supervisor lets a task be silent is 4 s; each wait that ends in vain costs the processor 2 ms.
LISTEN_TIMEOUT_MS = 3000
# What is due already is the other task's to send; asking it more often helps nobody.
LISTEN_AT_LEAST_MS = 10


class Uplink:
    """Moves bytes between the hardware's link and the session, and acts on what the host said."""

    def __init__(
        self,
        link: "Link",
        session: "GatewaySession",
        recorder: "Recorder",
        orders: "Orders",
        uptime_ms: "UptimeMs",
    ) -> None:
        self._link = link
        self._session = session
        self._recorder = recorder
        self._orders = orders
        self._uptime_ms = uptime_ms
        self._wake = asyncio.Event()
        self._was_open = True
        self._heard: "list[Any]" = []
        # Makes service mode when somebody knocks; a link that can be no console has none.
        self.make_service: "Callable[[], Service] | None" = None
        self._service: "Service | None" = None
        # The gateway's only taker of firmware, whatever link a bundle comes on.
        self.update: "Callable[[], Update] | None" = None

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def listen(self, beat: "Beat") -> None:
        """The task that hears the host."""
        while True:
            beat()
            # One that cannot be acted on ends the task; those behind it wait for the next.
            while self._heard:
                self._act(self._heard.pop(0))
            await self._link.wait(self._wait_ms())
            self.wake()
            data = self._link.read()
            if self._is_console():
                self._serve(data)
            elif data:
                self._heard += self._session.receive(data, self._uptime_ms())

    async def push(self, beat: "Beat") -> None:
        """The task that speaks to the host."""
        while True:
            beat()
            await self._wake.wait()
            is_open = self._link.is_open()
            if self._was_open and not is_open:
                self._session.line_lost()
            self._was_open = is_open
            data = self._session.transmit(self._uptime_ms()) if is_open and not self._is_console() else b""
            if data:
                self._link.write(data)
                await asyncio.sleep_ms(0)  # a backlog goes out piece by piece, and the others have their turn
            else:
                # Only now: a wake must outlive a failure of what it woke.
                self._wake.clear()

    def _wait_ms(self) -> int:
        """How long to listen before the session may have something to say by itself."""
        if not self._was_open or self._is_console():
            return LISTEN_TIMEOUT_MS
        return max(LISTEN_AT_LEAST_MS, min(LISTEN_TIMEOUT_MS, self._session.wait_ms(self._uptime_ms())))

    def _act(self, event: "tuple[Any, ...]") -> None:
        kind = event[0]
        if kind == gateway_session.TIME:
            self._set_time(event[1], event[2])
        elif kind == gateway_session.COMMAND:
            self._orders.take(event[1], event[2], event[3], event[4])
            self._session.hello.command_counter = self._recorder.counter
        elif kind == gateway_session.FORGED_COMMAND:
            self._orders.refuse(event[1], event[2])
        elif kind == gateway_session.UPDATE and self.update:
            try:
                state = self.update().take(event[1])
            except (MemoryError, ImportError):
                return  # no room for what takes it: the gateway guards on, and the host gives up
            # One answer to all that came together: on a network each is a message.
            if not self._heard or self._heard[0][0] != gateway_session.UPDATE:
                self._link.write(self._session.seal_update(state))
        elif kind == gateway_session.SERVICE and self.make_service:
            if self._service is None:
                self._service = self.make_service()
            self._service.hear(event[1])
            if self._is_console():
                self._heard = []  # what came behind it is no frame of this session

    def _is_console(self) -> bool:
        """Whether the link is a technician's console now, and speaks no frames."""
        return self._service is not None and self._service.console is not None

    def _serve(self, data: bytes) -> None:
        self._service.take(data, self._was_open)
        if not self._is_console():
            self._session.line_lost()  # frames again, from a hello on

    def _set_time(self, utc_ms: int, error_ms: int) -> None:
        step_ms = self._recorder.clock.set(self._uptime_ms(), utc_ms, error_ms)
        if step_ms is not None:
            clamped_ms = max(-0x80000000, min(0x7FFFFFFF, step_ms))
            self._recorder.record(TYPE_TIME_SET, SOURCE_GATEWAY, value=clamped_ms, count=error_ms)
