"""The cable between a virtual board and the collector: a pseudo-terminal that the collector cannot tell from USB.

Role in the flow: between stages 8 and 9. Context: CPython.
"""

import itertools
import os
import pty
import select
import time
import tty
from collections.abc import Callable
from pathlib import Path

from tocsin.errors import FrameError
from tocsin.framing import DELIMITER, decode_frame, encode_frame
from tocsin.messages import PING, PONG

# How long a living collector may take for one answer, in real time; a restarted one takes a second to come up.
_PATIENCE_S = 60.0
_POLL_S = 0.2
_READ_BYTES = 65536


class CableError(Exception):
    """The collector does not answer."""


class Cable:
    """A pseudo-terminal under a fixed path. `plug` and `unplug` make the port appear and disappear."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master = self._slave = -1
        self._partial = b""
        self._numbers = itertools.count(1)
        self.plug()

    @property
    def is_plugged(self) -> bool:
        """Whether the port is there."""
        return self._master >= 0

    def plug(self) -> None:
        """The port appears, empty."""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._master)
        os.set_blocking(self._master, False)
        self.path.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        """The port disappears, and with it what was in it."""
        self.path.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        self._partial = b""

    def exchange(self, data: bytes, is_alive: Callable[[], bool]) -> bytes:
        """Send `data` and return what the collector says until it has dealt with all of it.

        A ping behind the data marks its end: the collector answers it after everything before. It is sent again
        while nothing comes, because a port that is just being opened drops what it held. Raises: CableError when
        the collector is dead or silent.
        """
        mark = next(self._numbers).to_bytes(8, "little")
        ping = encode_frame(bytes((PING,)) + mark)
        pending = data + ping
        said: list[bytes] = []
        give_up_at = time.monotonic() + _PATIENCE_S
        while True:
            readable, writable, _ = select.select([self._master], [self._master] if pending else [], [], _POLL_S)
            if writable:
                pending = pending[os.write(self._master, pending) :]
            if readable and mark in self._read_frames(said):
                return b"".join(said)
            if not readable and not writable:
                pending = pending or ping
                if time.monotonic() > give_up_at or not is_alive():
                    raise CableError(f"the collector does not answer on {self.path}")

    def _read_frames(self, said: list[bytes]) -> list[bytes]:
        """Add the complete frames that came to `said`; return the marks among them instead."""
        *frames, self._partial = (self._partial + os.read(self._master, _READ_BYTES)).split(DELIMITER)
        marks: list[bytes] = []
        for frame in frames:
            mark = _mark(frame)
            if mark is None:
                said.append(frame + DELIMITER)
            else:
                marks.append(mark)
        return marks

    def close(self) -> None:
        """Unplug for good."""
        if self.is_plugged:
            self.unplug()


def _mark(frame: bytes) -> bytes | None:
    """What a pong brings back; None for any other frame."""
    try:
        body = decode_frame(frame)
    except FrameError:
        return None
    return body[1:] if body[0] == PONG else None
