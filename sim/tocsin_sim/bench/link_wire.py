"""One direction of a line: bytes go in, and come out later, in order, some of them damaged.

Role in the flow: between stages 8 and 9 of `make bench-link`. Context: CPython. Times are virtual ms.
"""

import math
from collections import deque
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Line:
    """A kind of line: how many bytes a ms it carries, and how long each is on its way."""

    name: str
    bytes_per_ms: float
    delay_ms: float


# USB full speed moves 64-byte packets, up to 19 in a frame of 1 ms; a fraction is what a microcontroller reaches.
USB = Line("usb", 200.0, 1.0)
# Ten bits on the wire for a byte.
SERIAL = Line("serial 115200", 11.52, 0.5)
# What a driver takes before a writer has to wait.
_BUFFER_BYTES = 1024


class Wire:
    """`byte_count` went in."""

    def __init__(self, line: Line, corruption: float, source: Random) -> None:
        """`corruption`: the chance of each byte to become another."""
        self.byte_count = 0
        self._line = line
        self._corruption = corruption
        self._source = source
        self._queue: deque[tuple[float, bytes]] = deque()
        self._free_ms = 0.0
        self._sound_bytes = self._draw()

    def put(self, data: bytes, now_ms: float, is_lost: bool) -> None:
        """Send `data`; `is_lost`: nothing of it arrives."""
        self.byte_count += len(data)
        self._free_ms = max(now_ms, self._free_ms) + len(data) / self._line.bytes_per_ms
        if not is_lost:
            self._queue.append((self._free_ms + self._line.delay_ms, self._damage(data)))

    def is_full(self, now_ms: float) -> bool:
        """Whether a writer would have to wait."""
        return (self._free_ms - now_ms) * self._line.bytes_per_ms > _BUFFER_BYTES

    def due_ms(self) -> float:
        """When the next bytes come out."""
        return self._queue[0][0] if self._queue else math.inf

    def take(self, now_ms: float) -> bytes:
        """What has come out by now."""
        out = b""
        while self._queue and self._queue[0][0] <= now_ms:
            out += self._queue.popleft()[1]
        return out

    def cut(self) -> None:
        """What is on its way is lost."""
        self._queue.clear()
        self._free_ms = 0.0

    def _draw(self) -> int:
        """Sound bytes before the next damaged one."""
        if not self._corruption:
            return 1 << 62
        return int(math.log(1 - self._source.random()) / math.log(1 - self._corruption))

    def _damage(self, data: bytes) -> bytes:
        if self._sound_bytes >= len(data):
            self._sound_bytes -= len(data)
            return data
        damaged = bytearray(data)
        at = self._sound_bytes
        while at < len(data):
            damaged[at] ^= self._source.randrange(1, 256)
            at += 1 + self._draw()
        self._sound_bytes = at - len(data)
        return bytes(damaged)
