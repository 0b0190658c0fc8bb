"""UF2 files: round trip, and every kind of file that must not reach a board."""

import struct

import pytest
from tocsin_host.image_uf2 import ImageError, read_uf2, to_flash, to_pages, write_uf2

DATA = bytes(range(256)) * 5 + b"tail"
GOOD = write_uf2(to_pages(DATA, 0x1000))


def changed(offset, value):
    """GOOD with one 32-bit word of its second block replaced."""
    data = bytearray(GOOD)
    struct.pack_into("<I", data, 512 + offset, value)
    return bytes(data)


def test_what_was_written_is_read_back():
    flash = to_flash(read_uf2(GOOD), 0x4000)
    assert flash[0x1000 : 0x1000 + len(DATA)] == DATA
    assert flash[:0x1000] == b"\xff" * 0x1000
    assert flash[0x1000 + len(DATA) :].count(0xFF) == len(flash) - 0x1000 - len(DATA)


def test_blocks_are_512_bytes_in_the_order_of_their_addresses():
    pages = to_pages(DATA, 0x1000)
    assert write_uf2(dict(reversed(list(pages.items())))) == GOOD
    assert len(GOOD) == 512 * len(pages)
    assert struct.unpack_from("<8I", GOOD, 512)[3:] == (0x10001100, 256, 1, len(pages), 0xE48BFF56)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "truncated"),
        (GOOD[:-1], "truncated"),
        (GOOD[:-512], r"says block 0 of 6, expected 0 of 5"),
        (GOOD[512:], r"says block 1 of 6"),
        (changed(0, 0), "not a UF2 block"),
        (changed(508, 0), "not a UF2 block"),
        (changed(28, 0xE48BFF59), r"another chip \(family 0xe48bff59\)"),
        (changed(8, 0), "another chip"),
        (changed(12, 0x20000000 - 0x18000000), "outside of flash"),
        (changed(16, 477), "outside of flash"),
        (b"\0" * 512, "not a UF2 block"),
    ],
)
def test_a_bad_file_is_refused_with_its_fix(data, text):
    with pytest.raises(ImageError, match=text):
        read_uf2(data, "image.uf2")


def test_an_image_larger_than_the_flash_is_refused():
    with pytest.raises(ImageError, match="the flash has 4096: wrong board"):
        to_flash(read_uf2(GOOD), 4096)
