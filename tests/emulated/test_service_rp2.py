"""Service mode on the emulated Pico W: closed to everybody, open to the technician's key and mpremote, on record."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tocsin import event
from tocsin_host.board_check import BoardError
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets
from tocsin_host.service_keys import service_keys
from tocsin_host.service_session import open_console
from tocsin_sim.emulator.attach import attached
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.port_host import UsbPort, hear_for_ms

SITE = (Path(__file__).parents[2] / "sim/sites/one-door.toml").read_text()
APP = "/lib/tocsin_fw/app.mpy"
PROMPTS = (b">>> ", b"raw REPL", b"MicroPython")


@pytest.fixture(scope="module")
def house(make_house):
    """(folder, flash)."""
    return make_house(SITE, "gallery")


@pytest.fixture(scope="module")
def running(house):
    """A gateway that runs; use it in forked() only."""
    board = EmulatedBoard(house[1])
    board.pin(2, False)
    board.run_for_ms(2000)
    return board


def records(board, folder):
    """What the host gets from the board within 1.5 s."""
    return hear_for_ms(board, load_secrets(folder / "keys" / "gallery.secrets"), 1500)


def services(rows):
    return [(row.value, row.count) for row in rows if row.type == event.TYPE_SERVICE]


def mpremote(port, *arguments):
    command = [sys.executable, "-m", "mpremote", "connect", str(port), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_technician_opens_works_with_mpremote_and_closes(house, tmp_path):
    folder, flash = house
    board = EmulatedBoard(flash)
    board.pin(2, False)
    board.run_for_ms(2000)
    port, key = tmp_path / "port", tmp_path / "technician.key"

    def run(*arguments):
        result = CliRunner().invoke(tocsin, ["service", *map(str, arguments)])
        assert result.exit_code == 0, result.output
        return result.output

    run("key", "gallery", "-o", key, "--keys", folder / "keys")
    with attached(board, port):
        assert "gallery: console open for 20 minutes" in run("open", "--port", port, "--key", key, "--minutes", 20)
        assert mpremote(port, "exec", "print(6 * 7)").strip() == "42"
        assert "site.json" in mpremote(port, "fs", "ls")
        board.pin(2, True)  # the gateway guards meanwhile
        script = tmp_path / "note.txt"
        script.write_text("serviced\n" * 100)
        mpremote(port, "fs", "cp", str(script), ":/note.txt")
        assert mpremote(port, "fs", "cat", ":/note.txt") == script.read_text()
        mpremote(port, "fs", "rm", ":/note.txt")
        assert run("close", "--port", port) == "gallery: console closed\n"
    rows = records(board, folder)
    assert services(rows) == [(event.SERVICE_BEGUN, 20), (event.SERVICE_CLOSED, 20)]
    begun = next(row.uptime_ms for row in rows if row.type == event.TYPE_SERVICE)
    alarms = [row.uptime_ms for row in rows if row.type == event.TYPE_ALARM]
    assert len(alarms) == 1
    assert alarms[0] > begun
    assert [row.seq for row in rows] == list(range(len(rows)))
    assert not [row for row in rows if row.type == event.TYPE_TROUBLE]


def test_another_key_is_refused_and_that_is_recorded(running, house):
    def case():
        with pytest.raises(BoardError, match="refused this key, and recorded that"):
            open_console(UsbPort(running), {"gallery": bytes(32)}, 30, patience_s=60)
        return services(records(running, house[0]))

    assert forked(case) == [(event.SERVICE_REFUSED, 1)]


def test_ctrl_c_from_the_first_moment_on_opens_nothing(house):
    """Bytes as fast as the bus takes them, from the moment the port is there until the gateway speaks."""
    board = EmulatedBoard(house[1])
    board.pin(2, False)
    said = b""
    for _ in range(1200):
        board.usb.write(b"\x03\x03\r\x01")
        board.run_for_ms(1)
        said += board.usb.read()
    board.run_for_ms(1500)
    said += board.usb.read()
    assert not [prompt for prompt in PROMPTS if prompt in said]
    assert b"gallery" in said, "it says hello"


@pytest.fixture(scope="module")
def stuck(make_house):
    """(folder, board): its firmware cannot be imported, and it has a service key."""
    folder, flash = make_house(SITE, "gallery", {APP: b""})
    board = EmulatedBoard(flash)
    board.expect(b"service challenge ")
    return folder, board


def test_a_gateway_that_cannot_start_opens_to_the_key_only(stuck):
    folder, board = stuck

    def pressed():
        board.usb.write(b"\x03\x03\r\x01\x04\r")
        board.run_for_ms(20_000)
        return board.usb.read()

    said = forked(pressed)
    assert not [prompt for prompt in PROMPTS if prompt in said]
    assert said.count(b"incompatible .mpy file") >= 3, "it still says why"

    def answered():
        keys = {"attic": bytes(32), **service_keys(None, folder / "keys")}
        assert open_console(UsbPort(board), keys, 30, patience_s=60) is None
        board.usb.write(b"print('open ' + 'now')\r")
        board.expect(b"open now")
        board.run_for_ms(40_000)
        return board.watchdog_resets_ns

    assert forked(answered) == []
