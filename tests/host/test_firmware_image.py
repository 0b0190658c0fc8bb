"""Fetching the official image: hash-checked, from a mirror on 127.0.0.1, with every way it can fail."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner
from tocsin_host import firmware_image
from tocsin_host.firmware_command import firmware
from tocsin_host.image_uf2 import ImageError, to_pages, write_uf2

IMAGE = b"UF2 of a test" * 100


class _Mirror(BaseHTTPRequestHandler):
    content = IMAGE

    def do_GET(self):
        if self.path != "/files/test.uf2":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def mirror():
    """Address of a folder that holds the image; `handler.content` is what it gives."""
    handler = type("Handler", (_Mirror,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/files", handler
        server.shutdown()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    known = firmware_image.FirmwareImage("pico_w", "test.uf2", hashlib.sha256(IMAGE).hexdigest(), "Pico W")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TOCSIN_UF2", raising=False)
    monkeypatch.setattr(firmware_image, "KNOWN", (known,))


def test_fetch_keeps_the_image_and_load_finds_it(mirror, tmp_path):
    result = CliRunner().invoke(firmware, ["fetch", "--mirror", mirror[0] + "/"])
    assert result.exit_code == 0
    assert "SHA-256 checked" in result.output
    assert firmware_image.load() == IMAGE
    assert [path.name for path in (tmp_path / "tocsin" / "firmware").iterdir()] == ["test.uf2"]
    assert "test.uf2  fetched" in CliRunner().invoke(firmware, ["list"]).output


def test_an_image_that_is_there_is_not_fetched_again(mirror):
    firmware_image.fetch("pico_w", mirror[0])
    mirror[1].content = b"something else"
    assert firmware_image.fetch("pico_w", mirror[0]).read_bytes() == IMAGE


def test_a_wrong_hash_is_refused_and_nothing_is_kept(mirror):
    mirror[1].content = IMAGE + b"!"
    result = CliRunner().invoke(firmware, ["fetch", "--mirror", mirror[0]])
    assert result.exit_code == 1
    assert "damaged or not the publisher's file" in result.output
    assert "not fetched" in CliRunner().invoke(firmware, ["list"]).output


def test_an_image_damaged_in_the_cache_is_refused_and_fetched_anew(mirror):
    path = firmware_image.fetch("pico_w", mirror[0])
    path.write_bytes(IMAGE[:-1])
    with pytest.raises(ImageError, match="remove it and run: tocsin firmware fetch"):
        firmware_image.load()
    assert firmware_image.fetch("pico_w", mirror[0]).read_bytes() == IMAGE


def test_an_endless_answer_is_cut_off(mirror, monkeypatch):
    monkeypatch.setattr(firmware_image, "_MAX_BYTES", 100)
    with pytest.raises(ImageError, match="more than 100 bytes"):
        firmware_image.fetch("pico_w", mirror[0])


@pytest.mark.parametrize("folder", ["/other", ""])
def test_a_missing_file_names_the_ways_out(mirror, folder):
    with pytest.raises(ImageError, match=r"404.*by hand and set \$TOCSIN_UF2, or use --mirror"):
        firmware_image.fetch("pico_w", mirror[0].removesuffix("/files") + folder)


@pytest.mark.parametrize("address", ["file:///etc", "ftp://127.0.0.1", "test"])
def test_only_web_addresses_are_fetched_from(address):
    with pytest.raises(ImageError, match="not a web address"):
        firmware_image.fetch("pico_w", address)


def test_an_absent_image_names_the_command():
    with pytest.raises(ImageError, match="run: tocsin firmware fetch"):
        firmware_image.load()


def test_an_unknown_board_names_those_there_are():
    with pytest.raises(ImageError, match="no official image for board 'sim_bench'; choose one of: pico_w"):
        firmware_image.load("sim_bench")


def test_an_image_named_in_the_environment_is_used_as_it_is(tmp_path, monkeypatch):
    other = tmp_path / "other.uf2"
    monkeypatch.setenv("TOCSIN_UF2", str(other))
    with pytest.raises(ImageError, match=r"correct \$TOCSIN_UF2"):
        firmware_image.load()
    later = write_uf2(to_pages(b"a later release for the Pico W", 0))
    other.write_bytes(later)
    assert firmware_image.load() == later


def test_an_image_named_in_the_environment_for_another_board_is_refused(tmp_path, monkeypatch):
    other = tmp_path / "other.uf2"
    monkeypatch.setenv("TOCSIN_UF2", str(other))
    other.write_bytes(write_uf2(to_pages(b"for the Pico", 0)))
    with pytest.raises(
        ImageError, match=r"other\.uf2: made for another board: it does not call itself Pico W; correct"
    ):
        firmware_image.load()
    other.write_bytes(b"no image at all")
    with pytest.raises(ImageError, match=r"other\.uf2: 15 bytes is no whole number of 512-byte blocks"):
        firmware_image.load()
