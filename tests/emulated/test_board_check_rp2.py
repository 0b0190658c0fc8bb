"""`tocsin flash` verifies an emulated board as a real one: by its hello and a sealed record."""

from pathlib import Path

import pytest
from tocsin_host.board_check import BoardError, check_board
from tocsin_host.keys import load_secrets, make_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.port_host import UsbPort

SITE = (Path(__file__).parents[2] / "sim/sites/one-door.toml").read_text()
PATIENCE_S = 60


def test_a_board_just_flashed_proves_its_key_and_another_does_not(make_house):
    folder, flash = make_house(SITE, "gallery")
    secrets, lib = load_secrets(folder / "keys" / "gallery.secrets"), bytes.fromhex(lib_hash())
    board = EmulatedBoard(flash)
    board.run_for_ms(1500)
    hello = forked(lambda: vars(check_board(UsbPort(board), secrets, lib, PATIENCE_S)))
    assert (hello["name"], hello["boot"]) == ("gallery", 1)

    def other_key():
        with pytest.raises(BoardError, match="its keys are not those of"):
            check_board(UsbPort(board), make_secrets("gallery"), lib, PATIENCE_S)

    forked(other_key)
