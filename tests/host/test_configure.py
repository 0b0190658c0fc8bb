"""`tocsin configure`: what it refuses, and what it waits for. The chip's side: tests/emulated/test_configure_rp2.py."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from tocsin_host import configure
from tocsin_host.board_check import BoardError
from tocsin_host.cli import tocsin
from tocsin_host.commission_steps import differences

HAS = {"gateway": "gallery", "board": "pico_w", "lib_hash": "aa", "zones": [{"zone": 1, "rest": 0}, {"zone": 2}]}
MUSEUM = Path(__file__).parents[2] / "sim" / "sites" / "museum.toml"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"zones": []}, ""),
        ({"gateway": "wing"}, "its gateway is 'gallery', that of the site description is 'wing'"),
        ({"board": "esp32"}, "its board is 'pico_w'"),
        ({"network": {}}, "it has no passwords for a network, and they come with an image only"),
    ],
)
def test_what_only_an_image_can_bring_is_refused(change, told):
    assert configure.refusal(HAS, {**HAS, **change}).startswith(told)
    assert bool(configure.refusal(HAS, {**HAS, **change})) == bool(told)


def test_a_network_may_change_where_there_is_one():
    assert configure.refusal({**HAS, "network": {"host": "a"}}, {**HAS, "network": {"host": "b"}}) == ""


def test_what_differs_is_named_keys_first_then_zones():
    wants = {**HAS, "lib_hash": "bb", "guard": {}, "zones": [{"zone": 1, "rest": 1}, {"zone": 3}]}
    assert differences(HAS, wants, ("lib_hash",)) == ["guard", "zone 1", "zone 2", "zone 3"]
    assert differences(HAS, dict(HAS), ()) == []


def test_a_board_that_does_not_come_back_is_told(tmp_path):
    with pytest.raises(
        BoardError, match="it has the configuration, and did not start again within 0 s; unplug it once"
    ):
        configure.wait_for_start(str(tmp_path / "no-port"), 1, 0.01, lambda _: None)


def test_an_unknown_gateway_is_told_before_anything_is_done(tmp_path):
    arguments = ["configure", "attic", "--port", str(tmp_path / "port"), "--site", str(MUSEUM)]
    result = CliRunner().invoke(tocsin, arguments)
    assert result.exit_code == 1
    assert "no gateway 'attic' in it" in result.output
