"""An iButton reader on the emulated chip: the official image's one-wire module and a DS1990A, bit by bit."""

import pytest
from tocsin_host.roster_table import rom_bytes
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.one_wire import Ds1990a

MAIN = """
import time
time.sleep_ms(40)
from tocsin_fw import ibutton
def read(pin):
    try:
        rom = ibutton.read_rom(pin)
        return rom and rom.hex()
    except OSError as error:
        return error.errno
print("ready")
"""
PIN = 14


@pytest.fixture(scope="module")
def console(make_board):
    """A board at its prompt with a reader; use it in forked() only."""
    board = make_board(MAIN)
    board.reader = Ds1990a(board, PIN)
    board.expect(b"ready")
    board.expect(b">>> ")
    return board


def read(board):
    board.usb.write(b"print(read(14))\r")
    board.expect(b"\r\n")
    return board.expect(b">>> ").removesuffix(b">>> ").decode().strip()


def test_a_rom_id_is_read_while_it_is_held_there(console):
    roms = [rom_bytes(name) for name in ("01-000012345678", "01-ffffffffffff", "08-0000aa5500ff")]

    def case():
        answers = [read(console)]
        for rom in roms:
            console.reader.hold(rom)
            answers.append(read(console))
            console.reader.hold(b"")
            answers.append(read(console))
        return answers

    expected = ["None"]
    for rom in roms:
        expected += [rom.hex(), "None"]
    assert forked(case) == expected


def test_a_damaged_id_is_none(console):
    rom = bytearray(rom_bytes("01-000012345678"))
    rom[3] ^= 4

    def case():
        console.reader.hold(bytes(rom))
        return read(console)

    assert forked(case) == "None"


def test_a_line_stuck_low_is_an_error(console):
    def case():
        console.pin(PIN, False)
        return read(console)

    assert forked(case) == "5"
