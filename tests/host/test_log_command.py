"""`tocsin log show`: stored records in words, selected by time and type."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin import event
from tocsin.record import Record
from tocsin.seal import Sealer
from tocsin_host.cli import tocsin
from tocsin_host.describe import record_text, source_text, time_text
from tocsin_host.store import Store, StoredRecord

UTC_MS = 1_795_385_244_776


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sealer = Sealer(bytes(32))
    records = [
        sealer.seal(event.TYPE_BOOT, 255, 0, 1, 250, 0, event.RESET_POWER, 0),
        sealer.seal(event.TYPE_ALARM, 3, event.pack_flags(1, 0, 2), 1, 1000, UTC_MS, 0, 0),
        sealer.seal(event.TYPE_RESTORE, 3, event.pack_flags(0, 1, 2), 1, 6000, UTC_MS + 5000, 0, 0),
    ]
    with Store(tmp_path) as store:
        store.append(StoredRecord("gallery", n, record, None, UTC_MS - 750) for n, record in enumerate(records))
    return tmp_path


def show(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(tocsin, ["log", "show", "gallery", "--store", str(folder), *arguments])


def test_show_plain_lines(folder: Path) -> None:
    assert show(folder).stdout.splitlines() == [
        "0  unknown  boot  gateway  boot 1: power",
        "1  2026-11-22T22:07:24.776Z  alarm  zone 3  normal → alarm",
        "2  2026-11-22T22:07:29.776Z  restore  zone 3  alarm → normal",
    ]


def test_show_by_type_and_time(folder: Path) -> None:
    assert [line[0] for line in show(folder, "--type", "alarm", "--type", "boot").stdout.splitlines()] == [
        "0",
        "1",
    ]
    assert [line[0] for line in show(folder, "--since", "2026-11-22T22:07:25").stdout.splitlines()] == ["2"]
    assert [line[0] for line in show(folder, "--since", "2026-11-22T23:07:25+01:00").stdout.splitlines()] == ["2"]


def test_show_json_one_object_a_line(folder: Path) -> None:
    objects = [json.loads(line) for line in show(folder, "--json").stdout.splitlines()]
    assert [one["type"] for one in objects] == ["boot", "alarm", "restore"]
    assert objects[1]["utc_ms"] == UTC_MS
    assert (objects[1]["state"], objects[1]["before"], objects[1]["time_quality"]) == ("alarm", "normal", 2)


def test_show_bad_arguments_name_what_there_is(folder: Path) -> None:
    assert "no type 'alarum'; there are: transition, alarm" in show(folder, "--type", "alarum").stderr
    assert "write it like 2026-" in show(folder, "--since", "yesterday").stderr
    result = CliRunner().invoke(tocsin, ["log", "show", "cellar", "--store", str(folder)])
    assert (result.exit_code, "it has those of: gallery" in result.stderr) == (1, True)
    result = CliRunner().invoke(tocsin, ["log", "show", "cellar", "--store", str(folder / "none")])
    assert (result.exit_code, "not there" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("kind", "flags", "value", "count", "text"),
    [
        (event.TYPE_TRANSITION, 0, 1, 0, "not at rest"),
        (event.TYPE_TRANSITION, 0, 0, 0, "at rest"),
        (event.TYPE_FAULT, 3, event.NO_READING, 1, "normal → fault, no reading, found so"),
        (event.TYPE_TAMPER, 2 | 1 << 2, 1234, 0, "alarm → tamper, reading 1234"),
        (event.TYPE_HEARTBEAT, 0, 24_500, 3, "3 records since the last, chip 24.5 °C"),
        (event.TYPE_HEARTBEAT, 0, event.NO_READING, 0, "0 records since the last"),
        (event.TYPE_BOOT, 1, 0, 0, "alarm at the start of boot 1, and excused"),
        (event.TYPE_TIME_SET, 0, -500, 20, "step -500 ms, error 20 ms"),
        (event.TYPE_MODE, 0, 1, 0, "open → closed"),
        (event.TYPE_MODE, 0, 9, 0, "open → 9"),
        (event.TYPE_TROUBLE, 0, 3, 17, "17 samples lost"),
        (event.TYPE_TROUBLE, 0, 99, 17, "code 99, count 17"),
        (event.TYPE_COMMAND, 0, 2 << 8 | 1, 4, "mode (no. 4): forged"),
        (event.TYPE_COMMAND, 0, 9 << 8 | 99, 4, "code 99 (no. 4): 9"),
        (event.TYPE_CHATTER, 0, 0, 40, "40 transitions left out"),
        (event.TYPE_OVERFLOW, 0, 7, 40, "40 records given up, from number 7 on"),
        (event.TYPE_WEAR, 0, 10, 18260, "10 erases of the most used sector, 50 years left at this pace"),
        (event.TYPE_WEAR, 0, 0, 0xFFFFFFFF, "0 erases of the most used sector"),
        (event.TYPE_READING, 0, 20_500, 0, "20500"),
        (event.TYPE_READING, 0, 1052, 12, "1052, noise 12 mV"),
        (event.TYPE_UPDATE, 0, event.UPDATE_TRIED, 40, "version 40 is signed and whole, and is tried at the restart"),
        (event.TYPE_UPDATE, 0, 77, 40, "code 77, 40"),
        (200, 0, 0, 0, ""),
    ],
)
def test_record_text_says_what_happened(kind: int, flags: int, value: int, count: int, text: str) -> None:
    assert record_text(Record(kind, 3, flags, 0, 1, 0, 0, value, count)) == text


def test_the_boot_record_of_the_gateway_says_why() -> None:
    for value, text in ((1, "boot 4: power"), (3, "boot 4: watchdog"), (2, "boot 4: cause 2")):
        assert record_text(Record(event.TYPE_BOOT, event.SOURCE_GATEWAY, 0, 0, 4, 0, 0, value, 0)) == text


def test_time_and_source_of_any_number() -> None:
    assert time_text(0) == "unknown"
    assert time_text(2**64 - 1) == "unknown"
    assert time_text(1) == "1970-01-01T00:00:00.001Z"
    assert (source_text(255), source_text(7)) == ("gateway", "zone 7")
