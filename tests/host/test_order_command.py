"""`tocsin order`: what is ordered lies in the outbox, once, for a gateway that is known."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from tocsin import command
from tocsin.command import HEARTBEAT_NOW, SET_MODE
from tocsin.event import MODE_CLOSED, TYPE_BOOT
from tocsin.seal import Sealer
from tocsin_host.cli import tocsin
from tocsin_host.store import Store, StoredRecord

STAFFED = Path(__file__).resolve().parents[2] / "sim" / "sites" / "staffed.toml"


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


def _wing(tmp_path: Path) -> Path:
    """A store that has heard of the wing."""
    record = Sealer(bytes(32)).seal(TYPE_BOOT, 255, 0, 1, 250, 0, 1, 0)
    with Store(tmp_path) as store:
        store.append([StoredRecord("wing", 0, record, None, 1)])
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "argument", "payload"),
    [
        (["mode", "wing", "closed", "--by", "M. Adler"], SET_MODE, 1 | 1 << 8, b""),
        (["mode", "wing", "lockdown", "--by", "M. Adler", "--override"], SET_MODE, 2 | 1 << 8 | 1 << 16, b""),
        (["inhibit", "wing", "PIR", "--for", "8h", "--by", "S. Bauer"], command.INHIBIT, 28_800, bytes((2, 2))),
        (["inhibit", "wing", "2", "--for", "0", "--by", "2"], command.INHIBIT, 0, bytes((2, 2))),
        (["release", "wing", "front door", "--for", "90m", "--by", "1"], command.RELEASE, 5400, bytes((1, 1))),
        (["walk-test", "wing", "begin", "--by", "T. Doerr"], command.TEST_BEGIN, 4, b""),
        (["walk-test", "wing", "end", "--by", "T. Doerr"], command.TEST_END, 4, b""),
        (["silence", "wing", "--by", "1"], command.SILENCE, 1, b""),
    ],
)
def test_orders_of_people_name_them(
    tmp_path: Path, arguments: list[str], code: int, argument: int, payload: bytes
) -> None:
    where = ["--store", str(_wing(tmp_path)), "--site", str(STAFFED)]
    result = CliRunner().invoke(tocsin, ["order", *arguments, *where])
    assert result.exit_code == 0, result.output
    with Store(tmp_path) as store:
        (found,) = store.commands_after("wing", 0)
    assert (found.code, found.argument, found.payload) == (code, argument, payload)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mode", "wing", "closed", "--override"], "--override names who answers for it: add --by NAME"),
        (["inhibit", "wing", "PIR"], "say who wants it: --by NAME"),
        (["silence", "wing", "--by", "Nobody"], "no person 'Nobody'; it lists: M. Adler, S. Bauer"),
        (["release", "wing", "moat", "--by", "1"], "wing has no zone 'moat'; it has: front door, PIR"),
        (["release", "attic", "1", "--by", "1"], "the site has no gateway 'attic'"),
        (["inhibit", "wing", "1", "--by", "1", "--for", "soon"], "--for 'soon': write it like 30m, 8h or 2d"),
        (["inhibit", "wing", "1", "--by", "1", "--for", "90"], "--for '90': write it like 30m, 8h or 2d"),
    ],
)
def test_what_cannot_be_ordered_says_what_to_write(tmp_path: Path, arguments: list[str], told: str) -> None:
    where = ["--store", str(_wing(tmp_path)), "--site", str(STAFFED)]
    result = CliRunner().invoke(tocsin, ["order", *arguments, *where])
    assert result.exit_code != 0
    assert told in " ".join(result.output.split())
    with Store(tmp_path) as store:
        assert store.commands_after("wing", 0) == []


def test_without_a_site_people_and_zones_are_numbers(tmp_path: Path) -> None:
    where = ["--store", str(_wing(tmp_path))]
    good = CliRunner().invoke(tocsin, ["order", "inhibit", "wing", "2", "--by", "7", *where], env={"TOCSIN_SITE": ""})
    assert good.exit_code == 0, good.output
    for arguments in (["2", "--by", "M. Adler"], ["PIR", "--by", "7"], ["2", "--by", "251"]):
        bad = CliRunner().invoke(tocsin, ["order", "inhibit", "wing", *arguments, *where])
        assert bad.exit_code == 2
        assert "name the site too (--site FILE)" in bad.output
