"""Fixtures of tier T2: the official image with our files, on the emulated board.

The tests skip where the image is absent, with the command that fetches it.
"""

import pytest
from click.testing import CliRunner
from tocsin_host import firmware_image, image, image_uf2
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets, make_secrets, secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
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
    """Our packages, compiled, by path on the board, under their own names."""
    return image.plain_device_files()


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


@pytest.fixture(scope="session")
def make_house(official_image, tmp_path_factory):
    """make_house(text of a site, gateway): (folder, flash), with keys in folder/keys; the flash of a board on which the
    file that `tocsin image` wrote was dropped. `others` are files that its image does not have so. Without a service
    key, whoever is at the port of a board that cannot start gets its console.
    """

    def make(site, gateway, others=None, has_service_key=True):
        folder = tmp_path_factory.mktemp("house")
        path, keys, uf2 = folder / "site.toml", folder / "keys", folder / "gateway.uf2"
        path.write_text(site)
        keys.mkdir(mode=0o700)
        made = make_secrets(gateway)
        write_secrets(secrets_path(keys, gateway), made if has_service_key else made._replace(service_key=None))
        arguments = ["image", path, "--gateway", gateway, "-o", uf2, "--keys", keys]
        result = CliRunner().invoke(tocsin, [*map(str, arguments)])
        assert result.exit_code == 0, result.output
        written = uf2.read_bytes()
        if others:
            config = compile_gateway(load_site(path), gateway, lib_hash())
            secrets = load_secrets(secrets_path(keys, gateway))
            written = image.gateway_image(official_image, config, secrets, others)
        return folder, image_uf2.to_flash(image_uf2.read_uf2(written), image.FLASH_BYTES)

    return make
