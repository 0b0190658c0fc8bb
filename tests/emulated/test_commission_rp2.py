"""`tocsin commission` at a gateway that runs on the emulated Pico W: what is open refuses, a name lets it pass."""

import json
import time

from click.testing import CliRunner
from tocsin import event
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets
from tocsin_host.trail import read_trail
from tocsin_sim.emulator.attach import attached
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.port_host import hear_for_ms

SITE = """
name = "Test house"

[[person]]
number = 7
name = "T. Doerr"
role = "technician"

[[person]]
number = 8
name = "M. Adler"
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
name = "lid"
kind = "tamper"
contact = { pin = 3, normally = "closed" }

[[gateway.output]]
number = 1
name = "lamp"
kind = "light"
pin = 16
"""
# 0.706 V of 3.3 V, 12 bit.
CHIP_AT_27_C = 876


def collect(board, folder):
    """What the host gets from the board within 1.5 s; it tells it the time."""
    begun_ms, begun_ns = time.time_ns() // 1_000_000, board.now_ns

    def utc_ms():
        return begun_ms + round((board.now_ns - begun_ns) / 1e6)

    return hear_for_ms(board, load_secrets(folder / "keys" / "gallery.secrets"), 1500, utc_ms)


def test_an_untested_zone_refuses_unless_somebody_answers_for_it(make_house, tmp_path):
    folder, flash = make_house(SITE, "gallery")
    board, port = EmulatedBoard(flash), tmp_path / "port"
    board.pin(2, False)
    board.pin(3, False)
    board.adc(4, CHIP_AT_27_C)
    board.run_for_ms(1500)
    collect(board, folder)
    common = ["--port", port, "--keys", folder / "keys", "--site", folder / "site.toml", "--as", "T. Doerr"]

    def run(*arguments):
        return CliRunner().invoke(tocsin, [*map(str, arguments), *map(str, common)])

    def commission(code, *arguments):
        file, page = tmp_path / "record.json", tmp_path / "record.html"
        result = run("commission", "gallery", "--yes", "--json", file, "--report", page, *arguments)
        assert result.exit_code == code, result.output
        assert file.exists(), result.output
        record = json.loads(file.read_text())
        return record, {step["step"]: step["status"] for step in record["steps"]}, page.read_text()

    with attached(board, port):
        refused, steps, page = commission(1)
        assert (refused["result"], refused["override"], refused["unconfirmed"]) == ("refused", None, ["outputs"])
        assert [step for step, status in steps.items() if status == "failed"] == ["walk"], refused
        assert "Not commissioned" in page
        named, steps, page = commission(0, "--override", "M. Adler", "--reason", "scaffold until March")
        assert (named["result"], steps["walk"]) == ("overridden", "overridden")
        assert named["override"] == {
            "person": {"number": 8, "name": "M. Adler"},
            "reason": "scaffold until March",
            "steps": ["walk"],
        }
        assert "scaffold until March" in page
        begun = run("diag", "--once", "--walk-test", "begin")
        assert begun.exit_code == 0, begun.output
    for pin in (2, 3):
        board.pin(pin, True)
        board.run_for_ms(400)
        board.pin(pin, False)
        board.run_for_ms(400)
    with attached(board, port):
        done, steps, _ = commission(0)
    assert (done["result"], done["override"]) == ("commissioned", None)
    assert [zone["hits"] for zone in done["zones"]] == [1, 1]
    assert {step for step, status in steps.items() if status == "ok"} == set(steps) - {
        "loops",
        "sensors",
        "outputs",
        "power",
    }
    trail = [line for line in read_trail(folder / "keys") if line["action"] == "commissioned"]
    assert [(line["person"], line.get("answers"), line.get("left_open")) for line in trail] == [
        ("T. Doerr", "M. Adler", "walk"),
        ("T. Doerr", None, None),
    ]
    rows = collect(board, folder)
    tests = [(row.source, row.value) for row in rows if row.type == event.TYPE_TEST]
    untested = [(255, 0), (1, 3), (2, 3), (255, 2)]
    assert sorted(tests) == sorted(untested * 2 + [(255, 0), (1, 1), (2, 1), (255, 2)])
    services = [row.value for row in rows if row.type == event.TYPE_SERVICE]
    assert services == [event.SERVICE_BEGUN, event.SERVICE_CLOSED] * 4
    assert not [row for row in rows if row.type in (event.TYPE_ALARM, event.TYPE_TAMPER, event.TYPE_TROUBLE)]
