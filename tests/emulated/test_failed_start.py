"""A board that cannot start our firmware stays within reach, tries again, and tells of it when it can."""

from pathlib import Path

import pytest
from tocsin import event
from tocsin_host import image, image_littlefs
from tocsin_host.keys import load_secrets
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.port_host import hear_for_ms

SITE = (Path(__file__).parents[2] / "sim/sites/one-door.toml").read_text()
APP = "/lib/tocsin_fw/app.mpy"
KEPT_APP = "/lib/tocsin_fw/app.kept"


def trouble(board, secrets):
    """Trouble records that the host gets from a board that runs."""
    rows = hear_for_ms(board, secrets, 1000)
    return [(row.value, row.count) for row in rows if row.type == event.TYPE_TROUBLE]


@pytest.fixture(scope="module")
def stuck(make_house):
    """(board, secrets): its firmware cannot be imported, and just failed for the first time; for forked() only."""
    folder, flash = make_house(SITE, "gallery", {APP: b"", KEPT_APP: image.plain_device_files()[APP]}, False)
    board = EmulatedBoard(flash)
    board.pin(2, False)
    board.expect(b"Ctrl-C opens the console.")
    return board, load_secrets(folder / "keys" / "gallery.secrets")


def type_in(board, line):
    """What the console answers, from behind the line itself."""
    board.usb.write(line + b"\r")
    board.expect(line + b"\r\n")
    return board.expect(b">>> ")


def test_its_console_says_why_and_ctrl_c_opens_it(stuck):
    board, _ = stuck

    def case():
        told = board.expect(b"It tries again in 20 s")
        board.usb.write(b"\x03")
        board.expect(b">>> ")
        kept = type_in(board, b"print(open('/last-error.txt').read())")
        board.run_for_ms(40_000)
        return told, kept, board.watchdog_resets_ns

    told, kept, resets = forked(case)
    assert b"ValueError: incompatible .mpy file" in told
    assert b"ValueError: incompatible .mpy file" in kept
    assert resets == [], "the console stays open for as long as it takes"


def test_it_tries_again_and_the_start_that_works_tells_how_often_it_failed(stuck):
    board, secrets = stuck

    def case():
        board.run_until(lambda: len(board.watchdog_resets_ns) == 2, limit_ms=70_000, every_ms=100)
        board.usb.read()  # what the first two starts said
        board.expect(b"Ctrl-C opens the console.")
        board.usb.write(b"\x03")
        board.expect(b">>> ")
        type_in(board, b"import os, machine; os.rename('%s', '%s')" % (KEPT_APP.encode(), APP.encode()))
        board.usb.write(b"machine.reset()\r")
        board.run_for_ms(2500)
        said = trouble(board, secrets)
        left = image_littlefs.read(board.flash_image()[image.FILE_SYSTEM_OFFSET :])
        return said, left.get("/failed-starts"), left["/last-error.txt"]

    said, failed_starts, text = forked(case)
    assert said == [(event.TROUBLE_START_FAILED, 3)]
    assert failed_starts is None
    assert b"ValueError" in text


def test_a_gateway_that_falls_down_running_lets_go_of_the_watchdog(make_house):
    """The error comes when the watchdog already runs; a technician must not be thrown out by it."""
    falls = b"from tocsin_fw.supervisor import Supervisor\ndef fall(self):\n    1 // 0\nSupervisor.check = fall\n"
    board = EmulatedBoard(make_house(SITE, "gallery", {"/main.py": falls + image.main_py()}, False)[1])
    board.pin(2, False)
    board.expect(b"ZeroDivisionError")
    board.usb.write(b"\x03")
    board.expect(b">>> ")
    board.run_for_ms(20_000)
    assert type_in(board, b"print('still ' + 'open')").startswith(b"still open")
    assert board.watchdog_resets_ns == []


def test_a_file_system_that_does_not_mount_leaves_the_console(make_house):
    """MicroPython makes a new, empty one: the board is silent to the host, and open to be flashed again."""
    _, flash = make_house(SITE, "gallery")
    torn = flash[: image.FILE_SYSTEM_OFFSET] + b"\x5a" * (image.FLASH_BYTES - image.FILE_SYSTEM_OFFSET)
    board = EmulatedBoard(torn)
    board.run_for_ms(500)
    assert b"[]" in type_in(board, b"import os; print(os.listdir('/'))")
