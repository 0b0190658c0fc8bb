"""`tocsin flash` verifies an emulated board as a real one: by its hello and a sealed record."""

import pytest
from tocsin_host.board_check import BoardError, check_board
from tocsin_host.keys import load_secrets, make_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.fork import forked

SITE = """
name = "Test house"
timezone = "Europe/Berlin"

[[gateway]]
name = "gallery"
board = "pico_w"
room = "Gallery"

[[gateway.zone]]
number = 1
name = "front door"
kind = "door"
contact = { pin = 2, normally = "closed" }
"""
PATIENCE_S = 60


class Port:
    """The board's USB port, as pyserial would show it; each read lets the board run for 5 ms."""

    def __init__(self, board):
        self._board = board

    def read(self, size):
        self._board.run_for_ms(5)
        return self._board.usb.read()

    def write(self, data):
        self._board.usb.write(data)


def test_a_board_just_flashed_proves_its_key_and_another_does_not(make_house):
    folder, flash = make_house(SITE, "gallery")
    secrets, lib = load_secrets(folder / "keys" / "gallery.secrets"), bytes.fromhex(lib_hash())
    board = EmulatedBoard(flash)
    board.run_for_ms(1500)
    hello = forked(lambda: vars(check_board(Port(board), secrets, lib, PATIENCE_S)))
    assert (hello["name"], hello["boot"]) == ("gallery", 1)

    def other_key():
        with pytest.raises(BoardError, match="its keys are not those of"):
            check_board(Port(board), make_secrets("gallery"), lib, PATIENCE_S)

    forked(other_key)
