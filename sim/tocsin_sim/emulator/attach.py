"""An emulated board on a pseudo-terminal, for a person with mpremote, a terminal or a collector.

Role in the flow: tier T2, by hand. Context: CPython. Real time paces it where it can: idle it keeps up, busy it is
some twenty times slower than the chip.
"""

import contextlib
import os
import pty
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

from tocsin_sim.emulator.board import EmulatedBoard

_STEP_MS = 5
_READ_BYTES = 4096


@contextlib.contextmanager
def attached(board: EmulatedBoard, path: Path) -> Iterator[None]:
    """The board's port at `path`, served by a thread of its own, while this lasts."""
    port, over = AttachedBoard(board, path), threading.Event()
    thread = threading.Thread(target=port.serve, args=(over.is_set,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        port.close()


class AttachedBoard:
    """A board whose USB serial port is the pseudo-terminal at `path`."""

    def __init__(self, board: EmulatedBoard, path: Path) -> None:
        self._board = board
        self._master, self._slave = pty.openpty()
        tty.setraw(self._master)
        os.set_blocking(self._master, False)
        self._path = path
        self._waiting: SimpleQueue[Callable[[], object]] = SimpleQueue()
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self._slave))

    def serve(self, is_over: Callable[[], bool]) -> None:
        """Run the board and carry bytes until `is_over()`; never faster than real time."""
        started_s = time.monotonic() - self._board.now_ns / 1e9
        while not is_over():
            with contextlib.suppress(BlockingIOError):
                self._board.usb.write(os.read(self._master, _READ_BYTES))
            while not self._waiting.empty():
                self._waiting.get()()
            self._board.run_for_ms(_STEP_MS)
            data = self._board.usb.read()
            if data:
                self._write(data)
            ahead_s = self._board.now_ns / 1e9 - (time.monotonic() - started_s)
            if ahead_s > 0:
                time.sleep(ahead_s)

    def between_steps(self, action: Callable[[], object]) -> None:
        """Have something done to the board, from any thread, within its next 5 ms."""
        self._waiting.put(action)

    def close(self) -> None:
        """Take the port away."""
        self._path.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)

    def _write(self, data: bytes) -> None:
        """Bytes that nobody reads are dropped once the terminal's buffer is full, as USB drops them."""
        with contextlib.suppress(BlockingIOError):
            while data:
                data = data[os.write(self._master, data) :]
