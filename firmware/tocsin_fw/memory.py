"""What survives a power cut beside the records: small files, each whole or not there.

Role in the flow: beside stage 6. Context: task.
Source: littlefs DESIGN.md, "Metadata pairs": what was written to a file becomes visible as it is closed, all at once,
so a cut leaves the old file or the new one.
"""

import os
from binascii import crc32

FOLDER = "/state"
_CRC_BYTES = 4

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


class Memory:
    """Files by name. `lost_count`: files that should have been there and were not, or not whole, or were refused."""

    def __init__(self, storage: str) -> None:
        self.lost_count = 0
        self._folder = storage + FOLDER
        self._waiting: "dict[str, bytes]" = {}

    def load(self, name: str) -> "bytes | None":
        """What was kept last under `name`; None when there is nothing, or nothing whole."""
        try:
            with open(self._folder + "/" + name, "rb") as file:
                data = file.read()
        except OSError:
            return None
        kept = data[_CRC_BYTES:]
        if _crc(kept) == data[:_CRC_BYTES]:
            return kept
        self.lost_count += 1
        return None

    def keep(self, name: str, data: bytes) -> None:
        """Keep `data` under `name` with the next `save`, a second from now at the latest."""
        self._waiting[name] = data

    def save(self) -> None:
        """Write what waits; what flash refuses goes on waiting."""
        for name in list(self._waiting):
            try:
                self._write(name, self._waiting[name])
            except OSError:
                self.lost_count += 1
            else:
                del self._waiting[name]

    def _write(self, name: str, data: bytes) -> None:
        try:
            os.mkdir(self._folder)
        except OSError:
            pass  # it is there, or writing to it fails next
        with open(self._folder + "/" + name, "wb") as file:
            file.write(_crc(data) + data)


def _crc(data: bytes) -> bytes:
    return crc32(data).to_bytes(_CRC_BYTES, "little")
