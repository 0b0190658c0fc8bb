"""UF2 files: the form in which a board's USB drive takes a flash image.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
Source: github.com/microsoft/uf2, "File containers" and family id 0xe48bff56 (RP2040).
"""

import struct

from tocsin.errors import TocsinError

RP2040_FAMILY = 0xE48BFF56
FLASH_BASE = 0x10000000
PAYLOAD_BYTES = 256

_BLOCK_BYTES = 512
_HEAD = struct.Struct("<8I")
_MAGICS = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FAMILY_FLAG = 0x00002000
_NOT_MAIN_FLASH = 0x00000001
_ERASED = b"\xff"


class ImageError(TocsinError):
    """An image that cannot be used; the text names the fix."""

    code = 510


def read_uf2(data: bytes, name: str = "image") -> dict[int, bytes]:
    """The payloads of a UF2 file by flash offset, every block checked. Raises ImageError."""
    if not data or len(data) % _BLOCK_BYTES:
        raise ImageError(f"{name}: {len(data)} bytes is no whole number of 512-byte blocks: truncated, fetch it again")
    total = len(data) // _BLOCK_BYTES
    pages: dict[int, bytes] = {}
    for number in range(total):
        block = data[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES]
        offset, payload = _read_block(block, number, total, name)
        if payload:
            pages[offset] = payload
    if not pages:
        raise ImageError(f"{name}: holds no flash data: choose the firmware file of the board")
    return pages


def _read_block(block: bytes, number: int, total: int, name: str) -> tuple[int, bytes]:
    first, second, flags, address, size, index, count, family = _HEAD.unpack_from(block)
    where = f"{name}: block {number}"
    if (first, second) != _MAGICS or int.from_bytes(block[-4:], "little") != _MAGIC_END:
        raise ImageError(f"{where}: not a UF2 block: damaged or another kind of file, fetch it again")
    if index != number or count != total:
        raise ImageError(
            f"{where}: says block {index} of {count}, expected {number} of {total}: truncated, fetch again"
        )
    if not flags & _FAMILY_FLAG or family != RP2040_FAMILY:
        raise ImageError(f"{where}: made for another chip (family {family:#010x}): choose the RP2040 Pico W file")
    if size > _BLOCK_BYTES - _HEAD.size - 4 or address < FLASH_BASE:
        raise ImageError(f"{where}: {size} bytes at {address:#010x} lie outside of flash: choose the Pico W file")
    if flags & _NOT_MAIN_FLASH:
        return 0, b""
    return address - FLASH_BASE, block[_HEAD.size : _HEAD.size + size]


def write_uf2(pages: dict[int, bytes]) -> bytes:
    """A UF2 file for the RP2040 of pages by flash offset, in the order of their offsets."""
    blocks = []
    for number, offset in enumerate(sorted(pages)):
        payload = pages[offset]
        head = _HEAD.pack(
            *_MAGICS,
            _FAMILY_FLAG,
            FLASH_BASE + offset,
            len(payload),
            number,
            len(pages),
            RP2040_FAMILY,
        )
        blocks.append((head + payload).ljust(_BLOCK_BYTES - 4, b"\0") + _MAGIC_END.to_bytes(4, "little"))
    return b"".join(blocks)


def to_pages(data: bytes, offset: int) -> dict[int, bytes]:
    """Cut `data` for flash offset `offset` into 256-byte pages."""
    return {
        offset + at: data[at : at + PAYLOAD_BYTES].ljust(PAYLOAD_BYTES, _ERASED)
        for at in range(0, len(data), PAYLOAD_BYTES)
    }


def to_flash(pages: dict[int, bytes], size_bytes: int) -> bytes:
    """The flash content after writing `pages` to an erased chip. Raises ImageError when they do not fit."""
    flash = bytearray(_ERASED * size_bytes)
    for offset, payload in pages.items():
        if offset + len(payload) > size_bytes:
            raise ImageError(
                f"the image reaches {offset + len(payload)} bytes, the flash has {size_bytes}: wrong board"
            )
        flash[offset : offset + len(payload)] = payload
    return bytes(flash)
