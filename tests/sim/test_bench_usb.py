"""A stranger at the USB port of a virtual board: a short storm changes nothing, and the judge sees what would be."""

import json
import re
from collections import Counter
from collections.abc import Callable
from copy import copy
from pathlib import Path

import pytest
from tocsin import event, messages
from tocsin.framing import DELIMITER, FrameReader, encode_frame
from tocsin.record import Record
from tocsin_host import image_littlefs
from tocsin_sim.bench import usb_report
from tocsin_sim.bench.usb_gateway import Told
from tocsin_sim.bench.usb_judge import complaints
from tocsin_sim.bench.usb_round import SLOTS, Lives, Storm, live, secrets_of
from tocsin_sim.bench.usb_run import MODES, Run
from tocsin_sim.bench.usb_words import Stranger
from tocsin_sim.tiers import VirtualTier

RECORDED = [encode_frame(bytes((messages.WHO,))), encode_frame(bytes((messages.ACK,)) + bytes(24))]


@pytest.fixture(scope="module")
def lives() -> Lives:
    return live(VirtualTier(SLOTS), "ci", 20_000, 4)


def test_thousands_of_hostile_words_change_nothing(lives: Lives) -> None:
    assert complaints(*lives, 0) == []
    told = lives.storm.told
    assert sum(told.words.values()) > 3_000
    assert len(told.words) == 11, "every way of being hostile"
    assert Counter(record.type for record in told.records)[event.TYPE_ALARM] >= 4


def _other(record: Record, **changes: int) -> Record:
    other = copy(record)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _silence_an_alarm(told: Told) -> Told:
    at = next(at for at, record in enumerate(told.records) if record.type == event.TYPE_ALARM)
    return told._replace(records=told.records[:at] + told.records[at + 1 :])


def _delay_an_alarm(told: Told) -> Told:
    records = list(told.records)
    at = next(at for at, record in enumerate(records) if record.type == event.TYPE_ALARM)
    records[at] = _other(records[at], uptime_ms=records[at].uptime_ms + 1)
    return told._replace(records=records)


def _tell_noise(told: Told) -> Told:
    noise = next(record for record in told.records if record.type == event.TYPE_TROUBLE)
    return told._replace(records=[*told.records, _other(noise, seq=len(told.records))])


def _set_a_mode(told: Told) -> Told:
    mode = next(record for record in told.records if record.type == event.TYPE_MODE)
    return told._replace(records=[*told.records, _other(mode, seq=len(told.records), value=0)])


def _say(data: bytes) -> Callable[[Told], Told]:
    return lambda told: told._replace(said=told.said + data)


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (_silence_an_alarm, "numbers are missing"),
        (_silence_an_alarm, r"not recorded: \{\(2, 1, 1, 0"),
        (_delay_an_alarm, "came 1 ms beside its time"),
        (_tell_noise, "2 records of damaged frames in 1 minutes"),
        (_set_a_mode, r"beyond what happened: \{\(10,"),
        (_say(b"\r\n>>> "), "which is no frame"),
        (_say(b"\r\n>>> "), "it said b'>>> '"),
        (_say(encode_frame(b"\x02>>> ")), "it said b'>>> '"),
        (_say(encode_frame(bytes((messages.COMMAND,)) + bytes(9))), r"frames of the kinds \{132"),
        (_say(encode_frame(bytes((messages.SERVICE_STATE, 5)))), "it granted minutes"),
        (_say(encode_frame(b"\x02" + secrets_of("ci").link_key[9:17])), "a piece of a key"),
        (_say(encode_frame(b"\x02" + (secrets_of("ci").service_key or b"")[:8])), "a piece of a key"),
        (lambda told: told._replace(probe=(told.probe[0] - 5000, *told.probe[1:])), "bytes of heap are gone"),
        (lambda told: told._replace(probe=(told.probe[0], 1, *told.probe[2:])), "samples and transitions lost"),
        (lambda told: told._replace(has_restarted=True), "restarted"),
    ],
)
def test_the_judge_names_what_a_storm_changed(lives: Lives, harm: Callable[[Told], Told], complaint: str) -> None:
    storm = lives.storm._replace(told=harm(lives.storm.told))
    found = complaints(*lives._replace(storm=storm, cable_cuts=0), 0)
    assert any(re.search(complaint, wrong) for wrong in found), found


def test_the_judge_sees_a_changed_file_and_a_key_that_was_left(lives: Lives) -> None:
    files = lives.storm.file_system
    roster = image_littlefs.read(files)["/roster"]
    changed = files.replace(roster[:64], bytes(64))
    assert "/roster is another" in complaints(*lives._replace(storm=lives.storm._replace(file_system=changed)), 0)
    old = files.replace(b"\xff" * 4096, secrets_of("ci").k0 + b"\xff" * 4064, 1)
    assert old != files
    assert complaints(*lives._replace(storm=lives.storm._replace(file_system=old)), 0) != []


def test_a_stranger_repeats_with_the_seed_and_says_every_kind_of_frame() -> None:
    strangers = [Stranger(seed, list(RECORDED)) for seed in ("1", "1", "2")]
    said = [b"".join(stranger.piece() for _ in range(2000)) for stranger in strangers]
    assert said[0] == said[1] != said[2]
    kinds = {body[0] for body in FrameReader().receive(said[0])}
    assert kinds.issuperset({*range(0x81, 0x8B), 0x7E, 0x7F})
    assert max(map(len, said[0].split(DELIMITER))) > 166, "longer than any frame"
    assert b"\x05A\x01" in said[0], "raw paste"


def _run(complaint: str, chip: Storm | None) -> Run:
    virtual = Storm(
        Counter({"console keys": 999_999, "random bytes": 1}), records=9, complaints=[complaint] * bool(complaint)
    )
    virtual.noise["damaged frames"] = 2
    return Run(MODES["full"], 1, virtual, chip, "" if chip else "no image")


def test_bars_fall_short_of_complaints_lost_heap_and_too_few_words() -> None:
    sound = Storm(Counter({"console keys": MODES["full"].chip.fewest}))
    assert [bar.ok for bar in _run("", sound).bars] == [True] * 6
    harmed = Storm(Counter({"console keys": 9}), heap_bytes=4097, complaints=["x"])
    assert [bar.ok for bar in _run("y", harmed).bars] == [True, False, True, False, False, False]
    assert [bar.ok for bar in _run("", None).bars] == [True, True, True, None, None, None]


def test_a_run_is_told_drawn_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = _run("it said a piece of a key", None)
    usb_report.show(run)
    usb_report.draw(run, tmp_path / "picture.png")
    told = capsys.readouterr().out
    assert "FALLS SHORT" in told
    assert "it said a piece of a key" in told
    assert "no image" in told
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(json.dumps(run.figures()))["virtual"]["words"]["console keys"] == 999_999
