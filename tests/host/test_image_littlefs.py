"""The file system as bytes: round trip, determinism, too much, and bytes that are none."""

import pytest
from tocsin_host.image_littlefs import BLOCK_BYTES, build, read
from tocsin_host.image_uf2 import ImageError

FILES = {"/main.py": b"print(1)\n", "/lib/tocsin/a.mpy": bytes(5000), "/keys/empty": b""}


def test_files_come_back_and_the_bytes_are_the_same_each_time():
    image = build(FILES, 32)
    assert len(image) == 32 * BLOCK_BYTES
    assert read(image) == FILES
    assert build(dict(reversed(list(FILES.items()))), 32) == image


def test_files_that_do_not_fit_are_refused():
    with pytest.raises(ImageError, match=r"/b does not fit: 50000 bytes of files, 8 blocks of 4096"):
        build({"/a": b"", "/b": bytes(50_000)}, 8)


@pytest.mark.parametrize("image", [b"\xff" * (8 * BLOCK_BYTES), bytes(8 * BLOCK_BYTES)])
def test_bytes_that_are_no_file_system_do_not_mount(image):
    with pytest.raises(ImageError, match="does not mount"):
        read(image)
