"""`tocsin flash`: to the right drive, never onto a log, and proven by the board itself."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin_host import board_port, boot_drive, provision
from tocsin_host.board_check import BoardError, check_board
from tocsin_host.cli import tocsin
from tocsin_host.image_uf2 import ImageError
from tocsin_host.keys import fingerprint, make_secrets, secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.store import Store, StoredRecord
from tocsin_host.trail import read_trail

MUSEUM = Path(__file__).parents[2] / "sim/sites/museum.toml"
INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"
LIB_HASH = bytes.fromhex(lib_hash())
PATIENCE_S = 0.5


class SoftPort:
    """A port with a soft gateway behind it. `obeys`: whether it carries commands out."""

    def __init__(self, gateway: Any, obeys: bool = True) -> None:
        self.gateway, self.obeys, self.is_silent = gateway, obeys, False

    def __enter__(self) -> "SoftPort":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def read(self, size: int) -> bytes:
        return b"" if self.is_silent else self.gateway.say(int(time.monotonic() * 1000))

    def write(self, data: bytes) -> None:
        made = len(self.gateway.commands)
        self.gateway.hear(data)
        if self.obeys and len(self.gateway.commands) > made:
            self.gateway.carry_out()


@pytest.fixture
def fresh(soft_gateway: Callable[..., Any]) -> Any:
    """A gateway with three records, as after its first start."""
    gateway = soft_gateway()
    gateway.make(3)
    return gateway


def test_a_board_proves_its_key_by_what_it_seals_and_gives_nothing_away(fresh: Any) -> None:
    hello = check_board(SoftPort(fresh), fresh.secrets, LIB_HASH, PATIENCE_S)
    assert hello.name == "gallery"
    assert fresh.acked_seq == 0, "no record was acknowledged"


def test_a_board_that_is_not_the_gateway_is_told_apart(fresh: Any) -> None:
    def told(port: SoftPort, secrets: Any = fresh.secrets, lib: bytes = LIB_HASH) -> str:
        with pytest.raises(BoardError) as caught:
            check_board(port, secrets, lib, PATIENCE_S)
        return str(caught.value)

    assert "is gallery, not attic" in told(SoftPort(fresh), fresh.secrets._replace(gateway="attic"))
    assert "its keys are not those of" in told(SoftPort(fresh), make_secrets("gallery"))
    assert "its keys are not those of" in told(SoftPort(fresh), fresh.secrets._replace(link_key=bytes(32)))
    assert "its library is" in told(SoftPort(fresh), lib=bytes(8))
    assert "does not prove its key" in told(SoftPort(fresh, obeys=False))
    silent = SoftPort(fresh)
    silent.is_silent = True
    assert "no gateway answers" in told(silent)


def test_only_a_drive_of_a_board_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="no drive of a board"):
        boot_drive.write_image(tmp_path, b"image", lambda _: None)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "INFO_UF2.TXT").write_text(INFO)
    pieces: list[int] = []
    boot_drive.write_image(tmp_path, bytes(70_000), pieces.append)
    assert (tmp_path / "tocsin.uf2").stat().st_size == 70_000
    assert pieces == [32768, 65536, 70_000, 70_000]
    monkeypatch.setattr(boot_drive, "boot_drives", lambda: [tmp_path, tmp_path])
    with pytest.raises(ImageError, match="say which with --drive"):
        boot_drive.wait_for_drive(0)
    monkeypatch.setattr(boot_drive, "boot_drives", list)
    assert boot_drive.wait_for_drive(0) is None


def test_a_drive_that_goes_with_the_last_block_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "INFO_UF2.TXT").write_text(INFO)

    def gone(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(boot_drive.os, "fsync", gone)
    boot_drive.write_image(tmp_path, bytes(100), lambda _: None)
    with pytest.raises(OSError, match="Input/output"):
        boot_drive.write_image(tmp_path, bytes(100_000), lambda _: None)


class Desk:
    """A computer with one board in its bootloader, which becomes `gateway` when it is written."""

    def __init__(self, folder: Path, gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.keys, self.drive = folder / "store", folder / "store/keys", folder / "drive"
        self.keys.mkdir(parents=True, mode=0o700)
        self.drive.mkdir()
        (self.drive / "INFO_UF2.TXT").write_text(INFO)
        write_secrets(secrets_path(self.keys, "gallery"), gateway.secrets)
        monkeypatch.setattr(provision, "gateway_uf2", lambda *_: b"image" * 1000)
        monkeypatch.setattr(boot_drive, "boot_drives", lambda: [self.drive])
        monkeypatch.setattr(board_port, "board_ports", list)
        monkeypatch.setattr(board_port, "open_port", lambda url: SoftPort(gateway))

    def flash(self, gateway: str = "gallery") -> Result:
        command = ["flash", gateway, "--site", MUSEUM, "--store", self.store, "--port", "COM9", "--wait-s", 1]
        return CliRunner().invoke(tocsin, list(map(str, command)))


@pytest.fixture
def desk(tmp_path: Path, fresh: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, fresh, monkeypatch)


def test_flash_writes_verifies_and_leaves_a_line(desk: Desk, fresh: Any) -> None:
    result = desk.flash()
    assert result.exit_code == 0, result.output
    printed = fingerprint(fresh.secrets.k0)
    assert f"gallery: runs, boot 1, library {lib_hash()}, key {printed}: proven by its seal" in result.output
    assert (desk.drive / "tocsin.uf2").read_bytes() == b"image" * 1000
    assert [line["action"] for line in read_trail(desk.keys)] == ["flashed"]


def test_a_gateway_with_a_log_or_unknown_is_never_flashed(
    desk: Desk, rows_of: Callable[..., list[StoredRecord]]
) -> None:
    assert "no gateway 'attic' in it" in desk.flash("attic").output
    with Store(desk.store) as store:
        store.append(rows_of("gallery", 1))
    result = desk.flash()
    assert result.exit_code == 1
    assert "gallery: the store has records of it" in result.output
    assert not (desk.drive / "tocsin.uf2").exists()


def test_a_running_gateway_keeps_its_console_and_a_person_is_asked(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_port, "open_port", lambda url: SoftPort(fresh))
    assert "gateway gallery runs at COM9 and its console is closed: hold" in board_port.to_bootloader("COM9")
    monkeypatch.setattr(board_port, "board_ports", list)
    assert board_port.to_bootloader(None).startswith("0 boards run: hold")
