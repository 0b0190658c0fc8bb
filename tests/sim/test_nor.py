"""The simulated NOR chip: what a real one would do silently wrong is an error here; and what cuts leave behind."""

from pathlib import Path
from random import Random

import pytest
from tocsin_sim.vm import torn
from tocsin_sim.vm.nor import BLOCK_BYTES, PAGE_BYTES, PROGRAMS_MAX, Nor

BLANK_PAGE = b"\xff" * PAGE_BYTES


def _chip(blocks: int = 2) -> Nor:
    return Nor(bytearray(b"\xff" * (blocks * BLOCK_BYTES)))


def _page(at: int, data: bytes) -> bytearray:
    page = bytearray(BLANK_PAGE)
    page[at : at + len(data)] = data
    return page


def test_programs_turn_ones_into_zeros_and_leave_what_is_around() -> None:
    chip = _chip()
    chip.writeblocks(1, _page(10, b"abc"), 256)
    chip.writeblocks(1, _page(13, b"\x00\x00"), 256)
    assert chip.data[BLOCK_BYTES + 256 + 9 : BLOCK_BYTES + 256 + 16] == b"\xffabc\x00\x00\xff"
    read = bytearray(3)
    chip.readblocks(1, read, 266)
    assert read == b"abc"


def test_a_program_that_would_need_a_one_is_refused() -> None:
    chip = _chip()
    chip.writeblocks(0, _page(0, b"\x0f"), 0)
    with pytest.raises(ValueError, match="cannot turn zeros into ones: block 0, from byte 0"):
        chip.writeblocks(0, _page(0, b"\xf0"), 0)


def test_a_program_too_many_is_refused_until_the_next_erase() -> None:
    chip = _chip()
    for _ in range(PROGRAMS_MAX):
        chip.writeblocks(0, _page(0, b"\x00"), 0)
    with pytest.raises(ValueError, match="page 0 was programmed 10 times"):
        chip.writeblocks(0, _page(0, b"\x00"), 0)
    chip.ioctl(6, 0)
    chip.writeblocks(0, _page(0, b"\x55"), 0)
    assert chip.data[0] == 0x55


def test_programs_of_parts_of_a_page_are_refused() -> None:
    for data, offset in ((bytearray(8), 0), (bytearray(256), 8)):
        with pytest.raises(ValueError, match="whole pages"):
            _chip().writeblocks(0, data, offset)


def test_an_erase_leaves_the_other_blocks() -> None:
    chip = _chip()
    for block in (0, 1):
        chip.writeblocks(block, _page(0, b"x"), 0)
    chip.ioctl(6, 0)
    assert (chip.data[0], chip.data[BLOCK_BYTES]) == (0xFF, ord("x"))
    assert (chip.ioctl(4, 0), chip.ioctl(5, 0)) == (2, BLOCK_BYTES)


def test_dead_bytes_stay_zero_and_a_refusing_chip_changes_nothing() -> None:
    chip = _chip()
    chip.dead = [3]
    chip.writeblocks(0, _page(2, b"xyz"), 0)
    assert bytes(chip.data[2:5]) == b"x\x00z"
    chip.refuses = True
    with pytest.raises(OSError, match="5"):
        chip.ioctl(6, 0)
    assert bytes(chip.data[2:5]) == b"x\x00z"


def test_a_chip_of_a_file_keeps_every_change_there(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * BLOCK_BYTES)
    chip = Nor.of_file(str(path))
    chip.writeblocks(0, _page(7, b"kept"), 512)
    assert chip._file is not None
    chip._file.close()
    assert path.read_bytes()[519:523] == b"kept"


@pytest.mark.parametrize("model", range(len(torn.NAMES)))
def test_a_torn_operation_leaves_each_bit_as_it_was_or_as_it_should_be(model: int) -> None:
    noise, random = torn.Noise(7), Random(7)
    for _ in range(50):
        before, wanted = random.randbytes(300), random.randbytes(300)
        after = torn.torn(model, before, wanted, noise)
        assert len(after) == 300
        assert all((was ^ now) & ~(was ^ new) == 0 for was, new, now in zip(before, wanted, after, strict=True))


def test_the_models_tear_as_they_say() -> None:
    noise = torn.Noise(3)
    before, wanted = b"\xff" * 4096, bytes(4096)
    left = [sum(byte.bit_count() for byte in torn.torn(model, before, wanted, noise)) for model in range(5)]
    assert left[torn.NOTHING] == 32768
    assert left[torn.PREFIX] % 8 == 0
    assert 14_000 < left[torn.HALF] < 19_000
    assert 0 < left[torn.NEARLY] < 2_000
