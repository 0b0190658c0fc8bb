"""`tocsin diag` at a gateway that runs on the emulated Pico W, through its service console."""

import json
import threading

from click.testing import CliRunner
from tocsin_host.cli import tocsin
from tocsin_sim.emulator.attach import AttachedBoard
from tocsin_sim.emulator.board import EmulatedBoard

SITE = """
name = "Test house"

[[gateway]]
name = "gallery"
board = "pico_w"
room = "Gallery"

[[gateway.zone]]
number = 1
name = "front door"
kind = "door"
contact = { pin = 2, normally = "closed" }

[[gateway.zone]]
number = 2
name = "side door"
kind = "door"
loop = { adc = 0, scheme = "4k7+2k2" }
"""
NORMAL_MV, FULL_MV, FULL = 1052, 3300, 4096


def test_diag_once_tells_zones_readings_and_bounce_and_leaves_the_gateway_as_it_was(make_house, tmp_path):
    folder, flash = make_house(SITE, "gallery")
    board = EmulatedBoard(flash)
    board.pin(2, False)
    board.adc(0, NORMAL_MV * FULL // FULL_MV)
    board.run_for_ms(3000)
    attached, over = AttachedBoard(board, tmp_path / "port"), threading.Event()
    thread = threading.Thread(target=attached.serve, args=(over.is_set,))
    thread.start()
    arguments = ["diag", "--port", tmp_path / "port", "--keys", folder / "keys", "--site", folder / "site.toml"]
    page = tmp_path / "gallery.html"
    try:
        result = CliRunner().invoke(tocsin, [*map(str, arguments), "--once", "--json", "--report", str(page)])
    finally:
        over.set()
        thread.join()
        attached.close()
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["gateway"], found["boot"], found["samples_lost"], found["transitions_lost"]) == ("gallery", 1, 0, 0)
    door, side = sorted(found["zones"], key=lambda zone: zone["zone"])
    assert (door["name"], door["state"], door["level"], door["pin"]) == ("front door", "normal", 0, 2)
    assert (side["name"], side["state"]) == ("side door", "normal")
    assert abs(side["value"] - NORMAL_MV) <= 5
    assert found["heap_free_bytes"] > 50_000
    assert "front door" in page.read_text()
    board.usb.read()
    board.run_for_ms(1500)
    assert b"gallery" in board.usb.read(), "the port speaks frames again: it says hello"
