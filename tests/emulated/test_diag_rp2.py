"""`tocsin diag` at a gateway that runs on the emulated Pico W, through its service console."""

import json
import tomllib

from click.testing import CliRunner
from tocsin import event
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets
from tocsin_sim.emulator.attach import attached
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.port_host import hear_for_ms

SITE = """
name = "Test house"

[[person]]
number = 7
name = "T. Doerr"
role = "manager"

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

[[gateway.output]]
number = 1
name = "siren"
kind = "siren"
pin = 16
"""
NORMAL_MV, FULL_MV, FULL = 1052, 3300, 4096


def diag(folder, port, *arguments):
    """(what `tocsin diag --once --json` found, what it told beside)."""
    base = ["diag", "--port", port, "--keys", folder / "keys", "--site", folder / "site.toml", "--once", "--json"]
    result = CliRunner().invoke(tocsin, [*map(str, base), *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), result.stderr


def records(board, folder):
    """What the host gets from the board within 1.5 s."""
    return hear_for_ms(board, load_secrets(folder / "keys" / "gallery.secrets"), 1500)


def test_diag_looks_calibrates_and_tests_and_leaves_the_gateway_as_it_was(make_house, tmp_path):
    folder, flash = make_house(SITE, "gallery")
    board, siren = EmulatedBoard(flash), []
    board.pin(2, False)
    board.adc(0, NORMAL_MV * FULL // FULL_MV)
    board.run_for_ms(3000)
    board.on_output(16, lambda at_ns, level: siren.append((at_ns / 1e6, level)))
    page, toml, begun = tmp_path / "gallery.html", tmp_path / "calibration.toml", ("--walk-test", "begin")
    with attached(board, tmp_path / "port"):
        calibrate = ("--calibrate", 2, "--calibration", toml)
        found, told = diag(
            folder, tmp_path / "port", *begun, "--as", "T. Doerr", *calibrate, "--beep", "--report", page
        )
    assert (found["gateway"], found["boot"], found["samples_lost"], found["transitions_lost"]) == ("gallery", 1, 0, 0)
    door, side = sorted(found["zones"], key=lambda zone: zone["zone"])
    assert (door["name"], door["state"], door["level"], door["pin"]) == ("front door", "normal", 0, 2)
    assert (side["name"], side["state"], side["last_tested"]) == ("side door", "normal", "never")
    assert abs(side["value"] - NORMAL_MV) <= 5
    assert found["heap_free_bytes"] > 50_000
    assert found["testing"] is True
    assert [one["zone"] for one in found["calibrated"]] == [2]
    assert abs(tomllib.loads(toml.read_text())["gallery"]["zone-2"]["calibrated_mv"] - NORMAL_MV) <= 5
    assert "walk test begun by T. Doerr" in told
    assert "on for half a second: siren" in told
    assert "front door" in page.read_text()
    board.pin(2, True)
    board.run_for_ms(1000)
    board.pin(2, False)
    board.run_for_ms(1000)
    (on_ms, is_on), (off_ms, is_off) = siren
    assert (is_on, is_off) == (True, False)
    assert 500 <= off_ms - on_ms < 600
    with attached(board, tmp_path / "port"):
        found, _ = diag(folder, tmp_path / "port", "--walk-test", "end")
    door, side = sorted(found["zones"], key=lambda zone: zone["zone"])
    assert (found["testing"], door["hits"], door["last_tested"], side["last_tested"]) == (
        False,
        1,
        "day not known",
        "never",
    )
    rows = records(board, folder)
    tests = [(row.source, row.value, row.count) for row in rows if row.type == event.TYPE_TEST]
    assert tests == [(255, 0, 7), (1, 1, 1), (2, 3, 0xFFFFFFFF), (255, 2, 1)]
    assert [(row.value, row.count) for row in rows if row.type == event.TYPE_OUTPUT] == [(1, 0xE01), (0, 0xE01)]
    services = [row.value for row in rows if row.type == event.TYPE_SERVICE]
    assert services == [event.SERVICE_BEGUN, event.SERVICE_CLOSED] * 2
    assert not [row for row in rows if row.type in (event.TYPE_ALARM, event.TYPE_TROUBLE)]
