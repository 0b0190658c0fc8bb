"""Fixtures of tier T2: the official image with our files, on the emulated board.

The tests skip where the image is absent, with the command that fetches it.
"""

import pytest
from tocsin_host import firmware_image, image, image_uf2
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import INSTANT


@pytest.fixture(scope="session")
def official_image():
    """The bytes of the official UF2 file."""
    try:
        return firmware_image.load()
    except image_uf2.ImageError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def device_files():
    """Our packages, compiled, by path on the board."""
    return image.device_files()


@pytest.fixture(scope="session")
def make_board(official_image, device_files):
    """make_board(main, timing): a board whose /main.py is the text `main`, with all our packages."""

    def make(main, timing=INSTANT, files=(), areas=None, has_radio=False):
        everything = {**device_files, **dict(files), "/boot.py": image.BOOT_PY, "/main.py": main.encode()}
        uf2 = image.build(official_image, everything, areas)
        return EmulatedBoard(
            image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), timing, has_radio=has_radio
        )

    return make
