"""`tocsin configure` at the emulated chip: another configuration for a gateway whose log goes on."""

import json
from pathlib import Path

from click.testing import CliRunner
from tocsin import event
from tocsin_host import image, image_littlefs
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets
from tocsin_host.trail import read_trail
from tocsin_sim.emulator.attach import attached
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.port_host import PortHost

SITE = (Path(__file__).parents[2] / "sim/sites/one-door.toml").read_text()
SITE += '\n[[person]]\nnumber = 7\nname = "T. Doerr"\nrole = "manager"\n'
OPEN = SITE.replace('normally = "closed"', 'normally = "open"')


def test_a_gateway_restarts_with_it_and_its_log_goes_on(make_house, tmp_path):
    folder, flash = make_house(SITE, "gallery")
    board, keys, site = EmulatedBoard(flash), folder / "keys", tmp_path / "site.toml"
    board.pin(2, False)
    board.run_for_ms(1500)

    def configure(text):
        site.write_text(text)
        arguments = ["configure", "gallery", "--port", tmp_path / "port", "--site", site, "--keys", keys]
        return CliRunner().invoke(tocsin, [*map(str, arguments), "--as", "T. Doerr", "--yes", "--wait-s", "300"])

    with PortHost(board, load_secrets(keys / "gallery.secrets")) as host:
        host.hear_for_ms(500)
        with attached(board, tmp_path / "port"):
            same, done, again = configure(SITE), configure(OPEN), configure(OPEN)
        rows = host.hear_for_ms(3000)
    assert (same.exit_code, done.exit_code, again.exit_code) == (0, 0, 0), same.output + done.output + again.output
    assert "nothing to do" in same.output
    assert "gallery: differs in zone 1" in done.output
    assert "gallery: runs with it, boot 2" in done.output
    assert "nothing to do" in again.output
    told = [(row.boot, row.type, row.value, row.count) for row in rows]
    person = [one for one in told if one[1] == event.TYPE_SERVICE]
    assert [(boot, value) for boot, _, value, _ in person] == [
        (boot, value) for boot in (1, 1, 2) for value in (event.SERVICE_BEGUN, event.SERVICE_CLOSED)
    ]
    # A contact that is open at rest, and closed: an alarm of the start with the new configuration.
    assert [boot for boot, kind, *_ in told if kind == event.TYPE_ALARM] == [2]
    assert [row.seq for row in rows] == list(range(rows[0].seq, rows[0].seq + len(rows)))
    assert not [one for one in told if one[1] == event.TYPE_TROUBLE]
    files = image_littlefs.read(board.flash_image()[image.FILE_SYSTEM_OFFSET :])
    assert json.loads(files["/site.json"])["zones"][0]["rest"] == 1
    assert "/state/site.new" not in files
    assert [(line["action"], line["differed"]) for line in read_trail(keys)] == [("configured", "zone 1")]


def test_another_board_or_name_is_refused(make_house, tmp_path):
    folder, flash = make_house(SITE, "gallery")
    board, site = EmulatedBoard(flash), tmp_path / "site.toml"
    site.write_text(SITE.replace('board = "pico_w"', 'board = "sim_bench"'))
    board.run_for_ms(1500)
    with attached(board, tmp_path / "port"):
        arguments = ["configure", "gallery", "--port", tmp_path / "port", "--site", site, "--keys", folder / "keys"]
        refused = CliRunner().invoke(tocsin, [*map(str, arguments), "--yes"])
    assert refused.exit_code == 1
    assert "its board is 'pico_w', that of the site description is 'sim_bench'" in refused.output
