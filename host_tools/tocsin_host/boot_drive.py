"""The USB drive that a board shows in its bootloader, and writing an image to it.

Role in the flow: provisioning, before stage 1. Context: host.
Source: github.com/microsoft/uf2, "Bootloader UF2 file"; RP2040 datasheet 2.8.4 (USB mass storage interface).
"""

from __future__ import annotations

import os
import string
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from .image_uf2 import ImageError

_INFO = "INFO_UF2.TXT"
_BOARD_ID = "Board-ID: RPI-RP2"
_PIECE_BYTES = 32 * 1024
_LOOK_EVERY_S = 0.2


def boot_drives() -> list[Path]:
    """Folders of all mounted drives of boards in their bootloader."""
    return [folder for folder in _mounted() if is_boot_drive(folder)]


def is_boot_drive(folder: Path) -> bool:
    """Whether a board of the RP2040 shows this drive."""
    with suppress(OSError):
        return _BOARD_ID in (folder / _INFO).read_text("ascii", "replace")
    return False


def wait_for_drive(patience_s: float) -> Path | None:
    """The one drive that is there or appears within `patience_s`. Raises: ImageError when there are several."""
    until_s = time.monotonic() + patience_s
    while True:
        found = boot_drives()
        if len(found) > 1:
            raise ImageError(f"several boards wait: {', '.join(map(str, found))}; say which with --drive")
        if found:
            return found[0]
        if time.monotonic() >= until_s:
            return None
        time.sleep(_LOOK_EVERY_S)


def write_image(drive: Path, data: bytes, on_progress: Callable[[int], None]) -> None:
    """Write a UF2 file; `on_progress` gets the bytes that the board has so far. Raises: ImageError, OSError.

    The board starts as soon as it has the last block, and its drive goes away: that is no failure then.
    """
    if not is_boot_drive(drive):
        raise ImageError(f"{drive}: no drive of a board in its bootloader: no {_INFO} with {_BOARD_ID!r}")
    written = 0
    try:
        with open(drive / "tocsin.uf2", "wb", buffering=0) as file:
            for at in range(0, len(data), _PIECE_BYTES):
                file.write(data[at : at + _PIECE_BYTES])
                written = min(len(data), at + _PIECE_BYTES)
                os.fsync(file.fileno())
                on_progress(written)
    except OSError:
        if written < len(data):
            raise
    on_progress(len(data))


def _mounted() -> Iterator[Path]:
    if sys.platform == "win32":
        yield from (Path(f"{letter}:\\") for letter in string.ascii_uppercase[3:])
    elif sys.platform == "darwin":
        yield from Path("/Volumes").glob("*")
    else:
        with open("/proc/self/mounts") as mounts:
            for line in mounts:
                # A space in a mount point is written \040 (proc_mounts(5)).
                yield Path(line.split()[1].encode().decode("unicode_escape"))
