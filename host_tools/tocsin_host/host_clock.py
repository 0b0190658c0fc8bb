"""What time it is for the host: the computer's clock, or a file that a simulation keeps.

Role in the flow: stage 9. Context: host.
"""

import time
from collections.abc import Callable
from pathlib import Path

_UTC_BYTES = 8


def wall_clock() -> int:
    """UTC of this computer in ms since 1970."""
    return time.time_ns() // 1_000_000


def uptime_ms() -> int:
    """Ms on a clock that nobody sets and that has no date."""
    return time.monotonic_ns() // 1_000_000


def file_clock(path: Path) -> Callable[[], int]:
    """A clock that reads UTC in ms from the first 8 bytes (little-endian) of `path` each time it is asked."""
    file = path.open("rb", buffering=0)

    def now_ms() -> int:
        file.seek(0)
        return int.from_bytes(file.read(_UTC_BYTES), "little")

    return now_ms


class FileClockWriter:
    """The other end of `file_clock`: a simulation sets the time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self.set(0)

    def set(self, utc_ms: int) -> None:
        """From now on it is `utc_ms`."""
        self._file.seek(0)
        self._file.write(utc_ms.to_bytes(_UTC_BYTES, "little"))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
