"""The words that the official firmware has in flash: host_tools/tocsin_host/firmware_words.txt.

Run as `python tests/tools/list_firmware_words.py > host_tools/tocsin_host/firmware_words.txt` when firmware_image.py
knows another image. Source: MicroPython `py/qstr.h`: a `qstr_pool_t` is six words, of which the third and fourth say
how many strings it takes and has, and the last two where their lengths and their texts are.
"""

import struct
import textwrap

from tocsin_host import firmware_image, image_uf2

FLASH = 0x10000000
_HEADER = struct.Struct("<6I")
_ALLOC = 10  # MICROPY_ALLOC_QSTR_ENTRIES_INIT: what every pool in flash has there, however many strings it holds
_LEAST_STRINGS = 100  # the three pools of an image have more; chance makes a few that have less


def words(uf2: bytes) -> list[str]:
    """Every name in the image's string pools, sorted."""
    pages = image_uf2.read_uf2(uf2, "firmware image")
    code = b"".join(pages[offset] for offset in sorted(pages))
    found: set[bytes] = set()
    for at in range(0, len(code) - _HEADER.size, 4):
        _, _, alloc, count, _, lengths_at = _HEADER.unpack_from(code, at)
        if alloc == _ALLOC and _LEAST_STRINGS <= count < 1 << 16 and FLASH <= lengths_at < FLASH + len(code):
            found.update(_pool(code, count, lengths_at - FLASH, at + _HEADER.size))
    return sorted(text.decode() for text in found if text.decode("latin-1").isidentifier())


def _pool(code: bytes, count: int, lengths_at: int, texts_at: int) -> list[bytes]:
    """The strings of a pool; none where there is no pool: one of its strings has not the length it should."""
    strings = []
    for number in range(count):
        (start,) = struct.unpack_from("<I", code, texts_at + 4 * number)
        end = start - FLASH + code[lengths_at + number]
        if not FLASH <= start < FLASH + len(code) or code[end : end + 1] != b"\0":
            return []
        strings.append(code[start - FLASH : end])
    return strings


def text() -> str:
    """The file as it should be."""
    return textwrap.fill(" ".join(words(firmware_image.load())), 120, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
