"""A NOR flash chip as a block device: it programs ones to zeros, erases whole blocks, and can be cut in the middle.

Role in the flow: under stage 7 of a virtual board. Context: the MicroPython VM.
Sources: W25Q16JV data sheet (256-byte pages, 4 KiB sectors; it states no limit for programs of one page, so the limit
here is our own); MicroPython docs `library/vfs`, extended block devices.

What a real chip would do silently wrong is an error here: a program that would have to turn a zero into a one, one that
crosses a page, or one too many.
"""

BLOCK_BYTES = 4096
PAGE_BYTES = 256
# Of one page between erases: three slots, each written and perhaps programmed once more or wiped after a power cut.
PROGRAMS_MAX = 9
_ERASED = b"\xff" * BLOCK_BYTES
_EIO = 5
_COUNT, _SIZE, _ERASE = 4, 5, 6

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any


class PowerCutError(Exception):
    """The power fails at this operation."""


class Nor:
    """`data` is the chip. `refuses`: every change fails with EIO. `dead` has the places of bytes that stay zero.

    `before_change`, when given, hears of every change: (block, offset, data programmed, or None for an erase).
    """

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.refuses = False
        self.dead: list[int] = []
        self.before_change: "Callable[[int, int, Any], None] | None" = None
        self.changes = 0
        self.programs = bytearray(len(data) // PAGE_BYTES)
        self._file: "IO[bytes] | None" = None

    @classmethod
    def of_file(cls, path: str) -> "Nor":
        """A chip whose contents lie in a file and are kept there, change by change."""
        file = open(path, "r+b")
        chip = cls(bytearray(file.read()))
        chip._file = file
        return chip

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> int:
        """See MicroPython's block devices."""
        at = block * BLOCK_BYTES + offset
        buffer[:] = self.data[at : at + len(buffer)]
        return 0

    def writeblocks(self, block: int, data: bytearray, offset: int = 0) -> int:
        """Program whole pages. Raises: OSError when the chip refuses, ValueError for what no chip can do."""
        if offset % PAGE_BYTES or len(data) % PAGE_BYTES:
            raise ValueError("a program covers whole pages, not %d bytes from %d" % (len(data), offset))
        for start in range(0, len(data), PAGE_BYTES):
            self._program(block, offset + start, bytes(data[start : start + PAGE_BYTES]))
        return 0

    def ioctl(self, operation: int, argument: int) -> int:
        """See MicroPython's block devices."""
        if operation == _ERASE:
            self._change(argument, 0, None)
            first = argument * BLOCK_BYTES // PAGE_BYTES
            for page in range(first, first + BLOCK_BYTES // PAGE_BYTES):
                self.programs[page] = 0
            self._put(argument * BLOCK_BYTES, _ERASED)
            return 0
        if operation == _COUNT:
            return len(self.data) // BLOCK_BYTES
        return BLOCK_BYTES if operation == _SIZE else 0

    def _program(self, block: int, offset: int, data: bytes) -> None:
        self._change(block, offset, data)
        at = block * BLOCK_BYTES + offset
        page = at // PAGE_BYTES
        # Ones around what is programmed leave everything as it is; what is programmed has to come out as asked for.
        first = PAGE_BYTES - len(data.lstrip(b"\xff"))
        wanted = data[first:].rstrip(b"\xff")
        before = bytes(self.data[at + first : at + first + len(wanted)])
        if _and(before, wanted) != wanted and not self.dead:
            raise ValueError("a program cannot turn zeros into ones: block %d, from byte %d" % (block, offset + first))
        self.programs[page] += 1
        if self.programs[page] > PROGRAMS_MAX:
            raise ValueError("page %d was programmed %d times without an erase" % (page, self.programs[page]))
        self._put(at + first, wanted)

    def _change(self, block: int, offset: int, data: "bytes | None") -> None:
        if self.refuses:
            raise OSError(_EIO)
        self.changes += 1
        if self.before_change is not None:
            self.before_change(block, offset, data)

    def _put(self, at: int, data: bytes) -> None:
        self.data[at : at + len(data)] = data
        for dead in self.dead:
            self.data[dead] = 0
        if self._file is not None:
            self._file.seek(at)
            self._file.write(data)
            self._file.flush()


def _and(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "little") & int.from_bytes(b, "little")).to_bytes(len(b), "little")
