"""A gateway's image: what lies in it, that it repeats, and what does not fit."""

import ast
import importlib.util
import io
import json
from pathlib import Path

import pytest
from tocsin import flash_map, slot
from tocsin.anchor import ANCHOR_BYTES, decode_anchor
from tocsin.bundle import bundle_bytes, decode_manifest
from tocsin.errors import ConfigError
from tocsin_host import gateway_files, image, image_littlefs, image_uf2
from tocsin_host.keys import GatewaySecrets, NetworkSecrets
from tocsin_host.update_key import UpdatePublic

CONFIG = {"gateway": "gallery", "board": "pico_w", "lib_hash": "00112233aabbccdd", "zones": []}
SECRETS = GatewaySecrets("gallery", bytes(range(32)), bytes(range(32, 64)))
FIRMWARE = image_uf2.write_uf2(image_uf2.to_pages(b"firmware" * 1000, 0))


@pytest.fixture(scope="module")
def files():
    return image.gateway_files(CONFIG, SECRETS)


def test_the_image_holds_firmware_and_files_at_their_places(files):
    uf2 = image.build(FIRMWARE, files)
    flash = image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)
    assert flash.startswith(b"firmware" * 1000)
    assert image_littlefs.read(flash[image.FILE_SYSTEM_OFFSET :]) == files


def test_equal_inputs_give_equal_bytes(files):
    assert image.gateway_files(CONFIG, SECRETS) == files
    assert image.build(FIRMWARE, files) == image.build(FIRMWARE, dict(reversed(list(files.items()))))


def _file_system():
    uf2 = image.gateway_image(FIRMWARE, CONFIG, SECRETS)
    return image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)[image.FILE_SYSTEM_OFFSET :]


def test_the_reserved_sectors_lie_where_their_map_says(files):
    chip = _file_system()
    found = image_littlefs.read(chip)
    areas = flash_map.decode_map(found.pop(flash_map.FILE))
    assert [len(area) for area in areas] == [32, 20, 36, 4]
    blocks = [block for area in areas for block in area]
    assert len(set(blocks)) == len(blocks)
    for sector, block in enumerate(blocks):
        assert found.pop(flash_map.sector_file(sector)) == chip[block * 4096 : block * 4096 + 4096]
    assert found == files


def test_the_journal_is_empty_and_the_first_key_lies_in_the_key_area():
    areas = gateway_files.reserved_areas("pico_w", SECRETS)
    for ring, area in enumerate(areas[:3]):
        assert [slot.decode_header(sector[:84]) for sector in area] == [(ring, n + 1, 0) for n in range(len(area))]
        assert {sector[84:] for sector in area} == {b"\xff" * (4096 - 84)}
    anchor = decode_anchor(areas[3][0][:ANCHOR_BYTES])
    assert (anchor.seq, anchor.key) == (0, SECRETS.k0)
    assert _file_system().count(SECRETS.k0) == 1


def test_equal_inputs_give_equal_images():
    assert image.gateway_image(FIRMWARE, CONFIG, SECRETS) == image.gateway_image(FIRMWARE, CONFIG, SECRETS)


def test_the_gateway_starts_with_its_own_keys_and_configuration(files):
    assert files["/keys/link.key"] == SECRETS.link_key
    assert json.loads(files["/site.json"]) == CONFIG


def test_a_network_brings_its_passwords_and_they_are_in_no_configuration():
    config = {**CONFIG, "network": {"ssid": "museum"}}
    files = image.gateway_files(config, SECRETS._replace(network=NetworkSecrets("wireless secret", "broker secret")))
    assert (files["/keys/wifi.key"], files["/keys/broker.key"]) == (b"wireless secret", b"broker secret")
    assert b"secret" not in files["/site.json"]
    with pytest.raises(ConfigError, match="no passwords for its network"):
        image.gateway_files(config, SECRETS)


def test_only_two_files_of_ours_can_be_imported_from_the_root(files):
    assert sorted(path for path in files if path.count("/") == 1) == ["/boot.py", "/main.py", "/site.json"]
    assert not [path for path in files if path.startswith("/lib")]


def test_our_modules_lie_in_the_bundle_of_the_first_slot(files):
    manifest, length = decode_manifest(files["/slots/a.tocsin"])
    assert files["/slots/active"] == b"a"
    assert (manifest.version, manifest.board, manifest.lib_hash.hex()) == (0, "pico_w", CONFIG["lib_hash"])
    assert {"tocsin/record.mpy", "tocsin_boards/pico_w.mpy", "tocsin_fw/app.mpy"} <= {
        name for name, _, _ in manifest.files
    }
    assert bundle_bytes(manifest, length) == len(files["/slots/a.tocsin"])
    assert "/keys/update.key" not in files


def test_a_key_for_updates_comes_with_the_version_it_signed_last():
    key = b"k" * 56
    files = image.gateway_files(CONFIG, SECRETS, None, UpdatePublic(key, 7))
    assert files["/keys/update.key"] == key
    assert decode_manifest(files["/slots/a.tocsin"])[0].version == 7


def test_whoever_replaces_a_file_finds_each_module_by_itself():
    uf2 = image.gateway_image(FIRMWARE, CONFIG, SECRETS, {"/lib/tocsin_fw/app.mpy": b"another"})
    found = image_littlefs.read(
        image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)[image.FILE_SYSTEM_OFFSET :]
    )
    assert found["/lib/tocsin_fw/app.mpy"] == b"another"
    assert "/lib/tocsin/record.mpy" in found
    assert not [path for path in found if path.startswith("/slots/")]


def test_no_path_of_this_machine_is_in_the_image(files):
    here = str(Path(__file__).resolve().parents[2]).encode()
    assert not [path for path, data in files.items() if here in data]


def test_main_py_goes_to_the_board_as_text_and_only_there(files):
    main = Path(__file__).resolve().parents[2] / "firmware" / "tocsin_fw" / "main_rp2.py"
    assert files["/main.py"] == main.read_bytes()
    assert b"main_rp2" not in files["/slots/a.tocsin"]


def test_a_bundle_that_found_no_room_to_wake_does_so_later(files, tmp_path):
    """MicroPython tells of that as of a module that does not exist; what asks for it again has to get it."""
    kinds = (ast.ImportFrom, ast.ClassDef, ast.Assign)
    nodes = [
        node for node in ast.parse(files["/main.py"]).body if isinstance(node, kinds) or "hint" in vars(node).values()
    ]
    (tmp_path / "pack.py").write_text("import io\n" + ast.unparse(ast.Module(nodes, [])))
    spec = importlib.util.spec_from_file_location("pack", tmp_path / "pack.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bundle, rooms = tmp_path / "a.tocsin", [True, False, True]

    class File(io.FileIO):
        def read(self, size=-1):
            if size > 1000 and not rooms.pop(0):
                raise MemoryError
            return super().read(size)

        def __del__(self):
            self.close()  # as MicroPython does

    module.open = File
    bundle.write_bytes(files["/slots/a.tocsin"])
    pack = module.Pack(str(bundle))
    pack.rest()
    with pytest.raises(MemoryError):
        pack.stat("/tocsin_fw/walk_test.mpy")
    assert pack.stat("/tocsin_fw/walk_test.mpy")[0] == 0x8000
    assert rooms == []


def test_a_firmware_that_reaches_into_the_file_system_is_refused():
    large = image_uf2.write_uf2(image_uf2.to_pages(bytes(256), image.FILE_SYSTEM_OFFSET))
    with pytest.raises(image_uf2.ImageError, match="not an image for the Pico W; run: tocsin firmware fetch"):
        image.build(large, {})


def test_a_source_that_does_not_compile_is_named(tmp_path):
    text = "match x:\n    case 1: pass\n"
    with pytest.raises(image_uf2.ImageError, match=r"(?s)bad\.py: does not compile for the board: .*SyntaxError"):
        image._compile(text, "bad.py", tmp_path)
