"""The official MicroPython images: where they come from, which bytes they must have, where they are kept.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host. An image is never part of this
project's files: it is fetched from its publisher once, and its hash is checked at every use.
"""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from .image_uf2 import ImageError, read_uf2
from .write_file import write_file

PUBLISHER = "https://micropython.org/resources/firmware"
ENVIRONMENT = "TOCSIN_UF2"

_TIMEOUT_S = 30
_MAX_BYTES = 16 * 1024 * 1024  # a mirror that sends without end must not fill the disk


class FirmwareImage(NamedTuple):
    """An image this project knows. `sha256` in hexadecimal digits; `machine` is what it calls its board."""

    board: str
    file_name: str
    sha256: str
    machine: str


KNOWN = (
    FirmwareImage(
        "pico_w",
        "RPI_PICO_W-20250415-v1.25.0.uf2",
        "d03ed810bacefd6aa2463d4826597d7f8db94710865d8bf67b3de66087507b10",
        "Raspberry Pi Pico W",
    ),
)


def cache_folder() -> Path:
    """Where fetched images lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tocsin" / "firmware"


def known_image(board: str) -> FirmwareImage:
    """The image of `board`. Raises ImageError naming the boards there are."""
    for image in KNOWN:
        if image.board == board:
            return image
    boards = ", ".join(image.board for image in KNOWN)
    raise ImageError(f"there is no official image for board {board!r}; choose one of: {boards}")


def locate(board: str = "pico_w") -> Path:
    """The image file to use: $TOCSIN_UF2 as it is, or the fetched one. Raises ImageError with the fix."""
    named = os.environ.get(ENVIRONMENT)
    path = Path(named) if named else cache_folder() / known_image(board).file_name
    if not path.is_file():
        fix = f"correct ${ENVIRONMENT}" if named else "run: tocsin firmware fetch"
        raise ImageError(f"no firmware image at {path}; {fix}")
    return path


def load(board: str = "pico_w") -> bytes:
    """The bytes of the image to use: the fetched one by its hash, another by its board. Raises ImageError."""
    path = locate(board)
    data = path.read_bytes()
    if os.environ.get(ENVIRONMENT):
        _check_machine(data, known_image(board), str(path))
    else:
        _check_hash(data, known_image(board), str(path))
    return data


def fetch(board: str = "pico_w", mirror: str = PUBLISHER) -> Path:
    """Download the image of `board` from `mirror` into the cache unless it is there. Raises ImageError."""
    image = known_image(board)
    path = cache_folder() / image.file_name
    if path.is_file() and _hash(path.read_bytes()) == image.sha256:
        return path
    url = f"{mirror.rstrip('/')}/{image.file_name}"
    data = _download(url)
    _check_hash(data, image, url)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, data)
    return path


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise ImageError(f"{url}: not a web address; --mirror takes http:// or https://")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            data: bytes = answer.read(_MAX_BYTES + 1)
    except (OSError, urllib.error.URLError) as error:
        raise ImageError(f"{url}: {error}; fetch the file by hand and set ${ENVIRONMENT}, or use --mirror") from error
    if len(data) > _MAX_BYTES:
        raise ImageError(f"{url}: more than {_MAX_BYTES} bytes: this is no firmware image; check --mirror")
    return data


def _check_hash(data: bytes, image: FirmwareImage, where: str) -> None:
    if _hash(data) != image.sha256:
        raise ImageError(
            f"{where}: SHA-256 is {_hash(data)}, expected {image.sha256}: damaged or not the "
            "publisher's file; remove it and run: tocsin firmware fetch"
        )


def _check_machine(data: bytes, image: FirmwareImage, where: str) -> None:
    pages = read_uf2(data, where)
    if image.machine.encode() not in b"".join(pages[offset] for offset in sorted(pages)):
        raise ImageError(
            f"{where}: made for another board: it does not call itself {image.machine}; correct ${ENVIRONMENT}"
        )


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
