"""`tocsin order`: what is ordered lies in the outbox, once, for a gateway that is known."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from tocsin.command import HEARTBEAT_NOW, SET_MODE
from tocsin.event import MODE_CLOSED, TYPE_BOOT
from tocsin.seal import Sealer
from tocsin_host.cli import tocsin
from tocsin_host.store import Store, StoredRecord


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store that has heard of the gallery."""
    record = Sealer(bytes(32)).seal(TYPE_BOOT, 255, 0, 1, 250, 0, 1, 0)
    with Store(tmp_path) as store:
        store.append([StoredRecord("gallery", 0, record, None, 1)])
    return tmp_path


def test_orders_wait_in_the_outbox_with_rising_counters(folder: Path) -> None:
    for arguments in (["mode", "gallery", "closed"], ["heartbeat", "gallery"]):
        result = CliRunner().invoke(tocsin, ["order", *arguments, "--store", str(folder)])
        assert result.exit_code == 0, result.output
        assert "tocsin log show gallery --type command" in result.output
    with Store(folder) as store:
        orders = store.commands_after("gallery", 0)
    assert [(one.code, one.argument) for one in orders] == [(SET_MODE, MODE_CLOSED), (HEARTBEAT_NOW, 0)]
    assert orders[0].counter < orders[1].counter


def test_an_unknown_gateway_and_an_unknown_mode_are_refused(folder: Path) -> None:
    attic = CliRunner().invoke(tocsin, ["order", "mode", "attic", "closed", "--store", str(folder)])
    assert attic.exit_code == 1
    assert "no gateway 'attic'; it knows: gallery" in attic.output
    ajar = CliRunner().invoke(tocsin, ["order", "mode", "gallery", "ajar", "--store", str(folder)])
    assert ajar.exit_code == 2
    assert "open" in ajar.output
    assert "closed" in ajar.output
    with Store(folder) as store:
        assert store.commands_after("gallery", 0) == []
