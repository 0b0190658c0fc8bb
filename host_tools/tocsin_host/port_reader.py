"""A serial port that may come and go: a thread reads it and hands the bytes over.

Role in the flow: stage 9's ears. Context: host, one thread for each port.
Any pyserial URL works: /dev/ttyACM0, COM3, a pseudo-terminal, socket://127.0.0.1:4000.
"""

import threading
from queue import SimpleQueue
from typing import NamedTuple

import serial

_READ_TIMEOUT_S = 0.2
_WRITE_TIMEOUT_S = 2.0
# Looking for a port costs next to nothing, and a cable that is back should be heard within a second.
_REOPEN_S = 0.5
# USB serial has no bit rate; a real UART between adapter and board runs at this one.
_BAUD_RATE = 115200


class PortEvent(NamedTuple):
    """`kind` "open", "data" or "lost"; `data` the bytes read; `detail` why a port was lost."""

    port: "PortReader"
    kind: str
    data: bytes = b""
    detail: str = ""


class PortReader(threading.Thread):
    """Keeps one port open; puts PortEvents into `queue`."""

    def __init__(self, name: str, url: str, queue: "SimpleQueue[PortEvent]") -> None:
        super().__init__(name=f"port {name}", daemon=True)
        self.port_name = name
        self._url = url
        self._queue = queue
        self._stopping = threading.Event()
        self._serial: serial.SerialBase | None = None

    def write(self, data: bytes) -> None:
        """Send bytes. A port that takes none is closed, so that the reader opens it again."""
        port = self._serial
        if port is None:
            return
        try:
            port.write(data)
        except (serial.SerialException, OSError):
            port.close()

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopping.set()

    def run(self) -> None:
        """The thread: open, read until it breaks, wait, again."""
        told = ""
        while not self._stopping.is_set():
            try:
                self._serial = serial.serial_for_url(
                    self._url, _BAUD_RATE, timeout=_READ_TIMEOUT_S, write_timeout=_WRITE_TIMEOUT_S
                )
                self._queue.put(PortEvent(self, "open"))
                self._read()
            except (serial.SerialException, OSError, TypeError, ValueError) as error:
                # TypeError: what pyserial's reader raises when another thread has closed its port.
                reason = str(error)
                if self._serial is not None or reason != told:
                    told = reason
                    self._queue.put(PortEvent(self, "lost", detail=reason))
            self._close()
            self._stopping.wait(_REOPEN_S)

    def _read(self) -> None:
        port = self._serial
        assert port is not None
        while not self._stopping.is_set():
            data = port.read(1)
            if data:
                data += port.read(port.in_waiting)
                self._queue.put(PortEvent(self, "data", bytes(data)))

    def _close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except OSError:
                return  # it is gone already
