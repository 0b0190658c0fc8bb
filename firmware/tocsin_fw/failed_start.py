"""How often the firmware failed to start, or fell down, since the last start that worked.

Role in the flow: before stage 6. Context: task.
The count is the size of a file: one byte for each, so that a torn write cannot make a number of it. On a board
`main_rp2.py` writes it, without help from here.
"""

import os

from .supervisor import keep_error

FAILED_STARTS = "failed-starts"


def note(storage: str, error: Exception) -> None:
    """One more, and its text."""
    keep_error(storage, error)
    with open(_path(storage), "a") as file:
        file.write("!")


def count(storage: str) -> int:
    """How many since the last `forget`."""
    try:
        size: int = os.stat(_path(storage))[6]
    except OSError:
        return 0
    return size


def forget(storage: str) -> None:
    """They are recorded."""
    os.remove(_path(storage))


def _path(storage: str) -> str:
    return storage + "/" + FAILED_STARTS
