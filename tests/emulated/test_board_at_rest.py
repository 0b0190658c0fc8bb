"""`tocsin sim board`: an emulated gateway of a site stands with everything at rest, and the chip at 27 °C."""

from pathlib import Path

import pytest
from tocsin import event
from tocsin_host import image, image_uf2
from tocsin_host.keys import make_secrets
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.board_command import _config
from tocsin_sim.emulator.port_host import hear_for_ms
from tocsin_sim.emulator.wiring import Wiring

SITES = Path(__file__).parents[2] / "sim" / "sites"


@pytest.mark.parametrize("site", ["museum.toml", "sensors.toml"])
def test_a_board_at_rest_has_nothing_to_tell(official_image, site):
    config = _config(SITES / site, None)
    secrets = make_secrets(config["gateway"])
    uf2 = image.gateway_image(official_image, config, secrets)
    board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES))
    Wiring(board, config).at_rest()
    records = hear_for_ms(board, secrets, 12_000)
    told = {record.type for record in records}
    assert told <= {event.TYPE_BOOT, event.TYPE_TIME_SET, event.TYPE_HEARTBEAT, event.TYPE_READING, event.TYPE_CONFIG}
    (chip_mc,) = [record.value for record in records if record.type == event.TYPE_HEARTBEAT]
    assert abs(chip_mc - 27_000) < 500
