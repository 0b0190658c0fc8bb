"""The LittleFS of a board as bytes: built for a new gateway, read back from a flash image.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
Source: MicroPython ports/rp2 `_boot.py` (VfsLfs2 over the end of the flash, program size 256).

Written in on-disk version 2.0: the firmware mounts it and moves it to 2.1 itself. Never pin a version when
reading: the library then formats its copy without a word.
"""

from typing import Any

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError
from tocsin import flash_map

from .image_uf2 import ImageError

BLOCK_BYTES = 4096
_PROGRAM_BYTES = 256
_DISK_VERSION = 0x00020000


Areas = list[list[bytes]]


def build(files: dict[str, bytes], block_count: int, areas: Areas | None = None) -> bytes:
    """A file system of `block_count` blocks with `files` by absolute path; equal input gives equal bytes.

    `areas` are the reserved sectors (4096 bytes each) of every area of docs/journal.md, and come with their map.
    """
    file_system, context = _file_system(None, block_count)
    blocks = _reserve(file_system, context, areas or [])
    if areas:
        files = {**files, flash_map.FILE: flash_map.encode_map(blocks)}
    _write(file_system, files, block_count)
    file_system.unmount()
    for area, numbers in zip(areas or [], blocks, strict=True):
        for data, block in zip(area, numbers, strict=True):
            context.buffer[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES] = data
    return bytes(context.buffer)


def _reserve(file_system: Any, context: Any, areas: Areas) -> list[list[int]]:
    """Make a file of exactly one block for each sector; the blocks they lie in, found by what was written there."""
    count = sum(map(len, areas))
    markers = [b"reserved sector %03d" % sector * BLOCK_BYTES for sector in range(count)]
    markers = [marker[:BLOCK_BYTES] for marker in markers]
    if areas:
        file_system.makedirs(flash_map.FOLDER, exist_ok=True)
    for sector, marker in enumerate(markers):
        with file_system.open(flash_map.sector_file(sector), "wb") as file:
            file.write(marker)
    image = bytes(context.buffer)
    place = {image[at : at + BLOCK_BYTES]: at // BLOCK_BYTES for at in range(0, len(image), BLOCK_BYTES)}
    blocks = iter([place[marker] for marker in markers])
    return [[next(blocks) for _ in area] for area in areas]


def _write(file_system: Any, files: dict[str, bytes], block_count: int) -> None:
    for path in sorted(files):
        folder = path.rpartition("/")[0]
        try:
            if folder:
                file_system.makedirs(folder, exist_ok=True)
            with file_system.open(path, "wb") as file:
                file.write(files[path])
        except (OSError, LittleFSError) as error:
            size = sum(len(data) for data in files.values())
            raise ImageError(
                f"{path} does not fit: {size} bytes of files, {block_count} blocks of {BLOCK_BYTES}: shorten the site"
            ) from error


def read(image: bytes) -> dict[str, bytes]:
    """All files of a file system by absolute path. Raises ImageError when it does not mount."""
    try:
        file_system, _ = _file_system(image, len(image) // BLOCK_BYTES)
        paths = [f"{folder.rstrip('/')}/{name}" for folder, _, names in file_system.walk("/") for name in sorted(names)]
        files = {}
        for path in paths:
            with file_system.open(path, "rb") as file:
                files[path] = bytes(file.read())
        return files
    except (OSError, LittleFSError) as error:
        raise ImageError(f"the file system does not mount ({error}): write the gateway's image again") from error


def _file_system(image: bytes | None, block_count: int) -> tuple[Any, Any]:
    context: Any = UserContext(buffsize=block_count * BLOCK_BYTES)
    options: dict[str, Any] = {"disk_version": _DISK_VERSION}
    if image is not None:
        context.buffer[:] = image
        options = {"mount": False}
    file_system = LittleFS(
        context=context, block_size=BLOCK_BYTES, block_count=block_count, prog_size=_PROGRAM_BYTES, **options
    )
    if image is not None:
        file_system.mount()
    return file_system, context
