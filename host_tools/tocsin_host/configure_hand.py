"""What `tocsin configure` does in a gateway's service console: another configuration takes the place of the old one.

Role in the flow: before stage 1, at a gateway that has a log. Context: the console of a gateway in service mode, which
gets it as `console_source.py` makes it.
It must never: leave a configuration of which a part is missing, also when the power goes meanwhile.
"""

import asyncio
import os
import sys
from binascii import crc32, unhexlify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLOSED_WITHIN_MS = 3000


def hal() -> "Any":
    """The hardware of the gateway that runs."""
    return sys.modules["tocsin_fw.app"].running.hal


def begin() -> None:
    """Begin a new configuration beside the one in force."""
    try:
        os.mkdir(hal().storage + "/state")
    except OSError:
        pass  # it is there, or the next line fails
    with open(hal().storage + "/state/site.new", "wb"):
        pass


def add(piece: str) -> None:
    """Append some of it, given as hexadecimal digits."""
    with open(hal().storage + "/state/site.new", "ab") as file:
        file.write(unhexlify(piece))


def put_into_force(checksum: int) -> None:
    """Put it into force for the next start, if it has this CRC-32; prints whether (1 or 0)."""
    found = 0
    with open(hal().storage + "/state/site.new", "rb") as file:
        while True:
            piece = file.read(128)
            if not piece:
                break
            found = crc32(piece, found)
    if found == checksum:
        os.rename(hal().storage + "/state/site.new", hal().storage + "/site.json")
    print(int(found == checksum))


def restart_soon() -> None:
    """Restart when the console had time to close, on record."""
    asyncio.create_task(restart())  # noqa: RUF006 - the queue of MicroPython's asyncio holds it


async def restart() -> None:
    """Restart the board."""
    await asyncio.sleep_ms(CLOSED_WITHIN_MS)  # type: ignore[attr-defined, unused-ignore]
    hal().restart()
