"""The reserved sectors of the flash chip: read, programmed and erased raw, behind the file system's back.

Role in the flow: stage 7. Context: task.
Sources: docs/journal.md; MicroPython's block devices, extended interface (docs `library/vfs`): `readblocks` and
`writeblocks` with an offset read and program, `ioctl(6, block)` erases.

A sector is the block of a reserved file, found by the map that provisioning wrote. It must never touch a block that is
not that file's: the two are compared before every erase, so a map that came from another board does no harm.
"""

from array import array

import micropython
from tocsin import flash_map
from tocsin.errors import ConfigError
from tocsin.slot import BLANK, PAGE_BYTES, SLOT_BYTES, SLOTS, SLOTS_PER_PAGE, WIPED, slot_offset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hal import BlockDevice

_ERASE = 6
_EIO = 5
# Journal rings by class, then the key area.
AREAS = 4


class ReservedFlash:
    """Sectors numbered through all areas; `areas` is [(first sector, how many)]. Every method raises OSError."""

    def __init__(self, device: "BlockDevice", root: str = "") -> None:
        """Never raises: without a usable map every area is empty, which shows at the first append."""
        self._device = device
        self._root = root
        self._page = bytearray(b"\xff" * PAGE_BYTES)
        self._back = bytearray(SLOT_BYTES)
        self._blocks = array("H")
        self.areas: "list[tuple[int, int]]" = []
        for blocks in self._load_map():
            self.areas.append((len(self._blocks), len(blocks)))
            self._blocks.extend(array("H", blocks))

    def read(self, sector: int, slot: int, into: bytearray) -> None:
        """The 84 bytes of a slot into `into`."""
        self._device.readblocks(self._blocks[sector], into, slot_offset(slot))

    @micropython.native
    def program(self, sector: int, slot: int, data: "bytes | bytearray") -> bool:
        """Program 84 bytes; whether they read back so. Ones in `data` leave what is there."""
        block, page_at = self._blocks[sector], slot // SLOTS_PER_PAGE * PAGE_BYTES
        start = slot % SLOTS_PER_PAGE * SLOT_BYTES
        page, back, device = self._page, self._back, self._device
        end = start + SLOT_BYTES
        page[start:end] = data
        try:
            device.writeblocks(block, page, page_at)
        finally:
            page[start:end] = BLANK
        device.readblocks(block, back, page_at + start)
        return back == data

    def wipe(self, sector: int, slot: int) -> None:
        """Make a slot all zeros, for good. Raises: OSError also when a bit withstands."""
        if not self.program(sector, slot, WIPED):
            raise OSError(_EIO)

    def erase(self, sector: int) -> None:
        """Make a sector blank: 45 ms, at most 400 (W25Q16JV data sheet), in which no interrupt is served.

        Raises: OSError also when it does not read back blank, or is not the block of its file.
        """
        block = self._blocks[sector]
        with open(self._root + flash_map.sector_file(sector), "rb") as file:
            in_file = file.read(SLOT_BYTES)
        self.read(sector, 0, self._back)
        if in_file != self._back:
            raise OSError(_EIO)
        self._device.ioctl(_ERASE, block)
        for slot in range(SLOTS):
            self.read(sector, slot, self._back)
            if self._back != BLANK:
                raise OSError(_EIO)

    def _load_map(self) -> "list[list[int]]":
        try:
            with open(self._root + flash_map.FILE, "rb") as file:
                found = flash_map.decode_map(file.read())
        except (OSError, ConfigError, ValueError, IndexError):
            found = []
        return found if len(found) == AREAS else [[]] * AREAS
