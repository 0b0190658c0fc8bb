"""Files written whole or not at all.

Role in the flow: what the host leaves behind for people (exports, keys). Context: host.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_file(path: str | Path, data: bytes, *, private: bool = False) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new, never a part. Raises: OSError.

    `private`: mode 0600, from the first byte on; else what the umask gives.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink()
        raise
