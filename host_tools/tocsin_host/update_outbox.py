"""Bundles that wait for the collector to pass them on: one file for each gateway, beside the keys.

Role in the flow: beside stage 8. Context: host. A file is there whole or not at all, and gone once its gateway has
judged it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .write_file import write_file

_FOLDER, _SUFFIX = "updates", ".tocsin"


class Queued(NamedTuple):
    """A bundle's file as it is now; another one in its place differs."""

    path: Path
    inode: int
    changed_ns: int


def queue_bundle(keys: Path, gateway: str, bundle: bytes) -> Path:
    """Let `bundle` wait, in the place of one that waits already. Raises: OSError."""
    folder = keys / _FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / (gateway + _SUFFIX)
    write_file(path, bundle)
    return path


def queued_bundles(keys: Path) -> dict[str, Queued]:
    """What waits, by gateway. Raises: OSError, but not when nothing ever waited."""
    found = {}
    for path in (keys / _FOLDER).glob("*" + _SUFFIX):
        state = _state(path)
        if state is not None:
            found[path.name.removesuffix(_SUFFIX)] = state
    return found


def remove_bundle(queued: Queued) -> None:
    """It waits no longer; a newer one in its place stays. Raises: OSError."""
    if _state(queued.path) == queued:
        queued.path.unlink(missing_ok=True)


def _state(path: Path) -> Queued | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Queued(path, found.st_ino, found.st_mtime_ns)
