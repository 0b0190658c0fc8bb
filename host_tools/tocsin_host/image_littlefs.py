"""The LittleFS of a board as bytes: built for a new gateway, read back from a flash image.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
Source: MicroPython ports/rp2 `_boot.py` (VfsLfs2 over the end of the flash, program size 256).

Written in on-disk version 2.0: the firmware mounts it and moves it to 2.1 itself. Never pin a version when
reading: the library then formats its copy without a word.
"""

from typing import Any

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

from .image_uf2 import ImageError

BLOCK_BYTES = 4096
_PROGRAM_BYTES = 256
_DISK_VERSION = 0x00020000


def build(files: dict[str, bytes], block_count: int) -> bytes:
    """A file system of `block_count` blocks with `files` by absolute path; equal input gives equal bytes."""
    file_system, context = _file_system(None, block_count)
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
    file_system.unmount()
    return bytes(context.buffer)


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
