"""A serial port that may come and go: one thread reads it and hands the bytes over, another writes.

Role in the flow: stage 9's ears. Context: host, two threads for each port.
Any pyserial URL works: /dev/ttyACM0, COM3, a pseudo-terminal, socket://127.0.0.1:4000.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from typing import NamedTuple

import serial

try:
    # What a terminal that disappears while it is being opened raises; pyserial lets it through.
    from termios import error as _TerminalError  # noqa: N812
except ImportError:  # Windows
    _TerminalError = OSError  # type: ignore[misc, assignment]

_READ_TIMEOUT_S = 0.2
_WRITE_TIMEOUT_S = 2.0
# Looking for a port costs next to nothing, and a cable that is back should be heard within a second.
_REOPEN_S = 0.5
# pyserial's own errors are OSErrors.
_PORT_ERRORS = (OSError, _TerminalError)
# USB serial has no bit rate; a real UART between adapter and board runs at this one.
_BAUD_RATE = 115200
# Small pieces in a short queue: a port that floods waits until the others had their turn.
_PIECE_BYTES = 1024
QUEUED_EVENTS = 8
# Far more than a living gateway ever leaves unread; a port that is owed more takes nothing any more.
_OUTGOING_FRAMES = 1000


class PortEvent(NamedTuple):
    """`kind` "open", "data" or "lost"; `data` the bytes read; `detail` why a port was lost; `write` of this opening."""

    port: str
    kind: str
    data: bytes = b""
    detail: str = ""
    write: Callable[[bytes], None] = lambda data: None


class PortReader(threading.Thread):
    """Keeps one port open; puts PortEvents into `queue`, which it waits for when that is full."""

    def __init__(self, name: str, url: str, queue: "Queue[PortEvent]") -> None:
        """Raises: ValueError for a URL that no port can have."""
        super().__init__(name=f"port {name}", daemon=True)
        with suppress(OSError):  # what is not there now may come
            serial.serial_for_url(url, do_not_open=True)
        self.port_name = name
        self._url = url
        self._queue = queue
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopping.set()

    def run(self) -> None:
        """The thread: open, read until it breaks, wait, again. Says once why a port cannot be opened."""
        told = ""
        while not self._stopping.is_set():
            try:
                # Opening throws away what the gateway said before: it is asked who it is afterwards, and says it again.
                port = serial.serial_for_url(
                    self._url, _BAUD_RATE, timeout=_READ_TIMEOUT_S, write_timeout=_WRITE_TIMEOUT_S, exclusive=True
                )
            except _PORT_ERRORS as error:
                if str(error) != told:
                    told = str(error)
                    self._put(PortEvent(self.port_name, "lost", detail=told))
            else:
                told = self._use(port)
                self._put(PortEvent(self.port_name, "lost", detail=told))
            self._stopping.wait(_REOPEN_S)

    def _use(self, port: serial.Serial) -> str:
        """Read an open port until it breaks; return why it did."""
        writer = _Writer(port)
        self._put(PortEvent(self.port_name, "open", write=writer.write))
        try:
            while not self._stopping.is_set() and not writer.failure:
                data = port.read(1)
                if data:
                    data += port.read(min(port.in_waiting, _PIECE_BYTES))
                    self._put(PortEvent(self.port_name, "data", bytes(data)))
        except _PORT_ERRORS as error:
            return str(error)
        finally:
            writer.close()
            _close(port)
        return writer.failure

    def _put(self, event: PortEvent) -> None:
        while not self._stopping.is_set():
            try:
                self._queue.put(event, timeout=_READ_TIMEOUT_S)
            except Full:
                continue
            return


class _Writer:
    """Writes to one opening of a port from a thread of its own, so that a port that is stuck holds up nobody else."""

    def __init__(self, port: serial.Serial) -> None:
        self.failure = ""
        self._port = port
        self._outgoing: Queue[bytes] = Queue(_OUTGOING_FRAMES)
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Send soon, or never when the port breaks. Does not wait."""
        try:
            self._outgoing.put_nowait(data)
        except Full:
            self.failure = self.failure or "the port takes no bytes"

    def close(self) -> None:
        """End the thread; a write that is under way has its time."""
        self._closing = True
        self.write(b"")
        self._thread.join()

    def _run(self) -> None:
        while data := self._outgoing.get():
            try:
                self._port.write(data)
            except _PORT_ERRORS as error:
                self.failure = str(error)
            if self.failure or self._closing:
                return


def _close(port: serial.Serial) -> None:
    with suppress(*_PORT_ERRORS):  # it is gone already
        port.close()
