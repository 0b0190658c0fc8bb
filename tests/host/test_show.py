"""The views of the collector's events."""

import io
import json

import pytest
from rich.console import Console
from tocsin_host.show import JsonShow, LineShow, ScreenShow, make_show

NAMES = {"gallery": {3: "north [window]"}}
RECORD = {
    "event": "record",
    "gateway": "gallery",
    "seq": 5,
    "type": "alarm",
    "source": 3,
    "utc_ms": 1_790_000_000_000,
    "text": "normal → alarm",
}
FINDING = {"event": "finding", "gateway": "[/x]", "seq": -1, "kind": "refused", "detail": "the host [b] knows it not"}
PORT = {"event": "port", "port": "/dev/ttyACM0", "state": "open"}


def test_lines_name_zone_and_gateway_and_leave_out_what_always_comes(capsys: pytest.CaptureFixture[str]) -> None:
    with make_show(NAMES, False, "title") as show:
        assert isinstance(show, LineShow)
        for event in (RECORD, {**RECORD, "type": "heartbeat"}, {**RECORD, "source": 255}, {**RECORD, "source": 9}):
            show.event(event)
        show.event(FINDING)
        show.event(PORT)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "2026-09-21T14:13:20.000Z",
        "gallery",
        "north",
        "[window]",
        "alarm",
        "normal",
        "→",
        "alarm",
    ]
    assert [line.split()[2] for line in lines[1:3]] == ["gateway", "zone"]
    assert lines[3].split() == ["[/x]", "finding", "refused", "the", "host", "[b]", "knows", "it", "not"]
    assert lines[4].split() == ["port", "open", "/dev/ttyACM0"]
    assert len(lines) == 5


def test_json_gives_every_event_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with make_show(NAMES, True, "title") as show:
        assert isinstance(show, JsonShow)
        for event in (RECORD, {**RECORD, "type": "heartbeat"}, FINDING):
            show.event(event)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        RECORD,
        {**RECORD, "type": "heartbeat"},
        FINDING,
    ]


def test_screen_counts_and_takes_brackets_for_text() -> None:
    show = ScreenShow(NAMES, "title")
    for event in (RECORD, {**RECORD, "type": "heartbeat"}, FINDING, PORT):
        show.event(event)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(show._render())
    text = console.export_text()
    assert "north [window]" in text
    assert "[/x]" in text
    assert "the host [b] knows it not" in text
    rows = [line.split("│") for line in text.splitlines() if "gallery" in line]
    assert [cell.strip() for cell in rows[0][1:5]] == ["gallery", "2026-09-21T14:13:20.000Z", "2", "0"]
