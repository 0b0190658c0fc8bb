"""The update bench: its judge tells each kind of harm, its lives can be replayed, its reports can be read."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from tocsin_host import image, image_uf2
from tocsin_host.lib_hash import lib_hash
from tocsin_sim.bench import update_report
from tocsin_sim.bench.powercut_virtual import small_areas
from tocsin_sim.bench.update_case import (
    DOWNGRADE,
    HARMED,
    KEPT,
    LOST,
    OLD,
    ON_TRIAL,
    UNSIGNED,
    Case,
    Judge,
    Woken,
)
from tocsin_sim.bench.update_life import NEW_LIB, Life
from tocsin_sim.bench.update_run import MODES, Run
from tocsin_sim.emulator.flash_model import PAGE_PROGRAM, SECTOR_ERASE, FlashCommand

OLD_LIB = bytes.fromhex(lib_hash())
NOTHING = FlashCommand(0, PAGE_PROGRAM, 0, b"", 0)


def flash(**slots: bytes) -> bytes:
    """A flash with these files under /slots; `a` and `b` are the bundles."""
    names = {name: f"/slots/{name}.tocsin" if name in "ab" else f"/slots/{name}" for name in slots}
    files = {names[name]: data for name, data in slots.items()}
    uf2 = image.build(image_uf2.write_uf2(image_uf2.to_pages(b"firmware", 0)), files, small_areas())
    return image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)


BEFORE = flash(a=b"old", active=b"a")
FINE = {
    "the update has not come": (BEFORE, flash(a=b"old", active=b"a"), OLD_LIB, OLD),
    "half of it is there": (BEFORE, flash(a=b"old", active=b"a", b=b"ne"), OLD_LIB, OLD),
    "it is on trial": (BEFORE, flash(a=b"old", active=b"a", b=b"new", tried=b"b"), NEW_LIB, ON_TRIAL),
    "it is kept": (flash(a=b"old", active=b"b", b=b"new"), flash(a=b"old", active=b"b", b=b"new"), NEW_LIB, KEPT),
}
HARM = {
    "a stranger": (BEFORE, BEFORE, b"stranger", LOST),
    "back from what was kept": (flash(a=b"old", active=b"b", b=b"new"), BEFORE, OLD_LIB, DOWNGRADE),
    "what runs is torn": (BEFORE, flash(a=b"old", active=b"a", b=b"ne", tried=b"b"), NEW_LIB, UNSIGNED),
    "nobody began a trial": (BEFORE, flash(a=b"old", active=b"a", b=b"new"), NEW_LIB, UNSIGNED),
    "the old one is torn": (BEFORE, flash(a=b"ol", active=b"a"), OLD_LIB, UNSIGNED),
}


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    made = Judge(BEFORE, b"old", b"new")
    monkeypatch.setattr(made, "_journal", SimpleNamespace(told=lambda *_: {}, complain=lambda *_: ""))
    return made


@pytest.mark.parametrize("what", FINE)
def test_the_judge_is_content_with_what_may_be(judge: Judge, what: str) -> None:
    before, after, lib, runs = FINE[what]
    assert judge.complain(before, NOTHING, Woken(after, lib, True), True, 1) == (runs, None)


@pytest.mark.parametrize("what", HARM)
def test_the_judge_names_the_harm(judge: Judge, what: str) -> None:
    before, after, lib, kind = HARM[what]
    failure = judge.complain(before, NOTHING, Woken(after, lib, True), True, 1)[1]
    assert failure is not None
    assert failure[0] == kind


def test_firmware_that_must_not_run_and_a_harmed_journal_are_harm(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, after, lib, _ = FINE["it is on trial"]
    assert judge.complain(BEFORE, NOTHING, Woken(after, lib, True), False, 1)[1] == (UNSIGNED, f"{ON_TRIAL}, uninvited")
    assert judge.complain(BEFORE, NOTHING, Woken(BEFORE, OLD_LIB, False), True, 1)[1] is not None
    monkeypatch.setattr(judge, "_journal", SimpleNamespace(told=lambda *_: {}, complain=lambda *_: "records lost"))
    assert judge.complain(BEFORE, NOTHING, Woken(BEFORE, OLD_LIB, True), True, 1)[1] == (HARMED, "records lost")


def test_a_life_gives_the_flash_before_each_command() -> None:
    commands = [
        FlashCommand(0, SECTOR_ERASE, 4096, b"", 0),
        FlashCommand(1, PAGE_PROGRAM, 4097, b"\x0f\xf0", 0),
        FlashCommand(2, PAGE_PROGRAM, 4097, b"\xf8", 0),
        FlashCommand(3, PAGE_PROGRAM, 0, b"\x00", 0),
    ]
    life = Life("kept", bytes(8192), b"", commands, 2)
    seen = {number: flash for number, _, flash in life.moments({0, 2, 3})}
    assert sorted(seen) == [0, 2, 3]
    assert seen[0] == bytes(8192)
    assert seen[2][4095:4100] == b"\x00\xff\x0f\xf0\xff"
    assert seen[3][4096:4100] == b"\xff\x08\xf0\xff"


def test_bars_fall_short_of_harm_and_of_too_few_cuts() -> None:
    cases = [Case("kept", number, 2, OLD, None) for number in range(300)]
    run = Run(MODES["full"], 1, {"kept": 300}, {"kept": 290}, cases)
    assert [bar.ok for bar in run.bars] == [True] * 5
    harmed = [Case("kept", 1, 1, "", (kind, "words")) for kind in (LOST, DOWNGRADE, UNSIGNED, HARMED)]
    assert [bar.ok for bar in Run(MODES["full"], 1, {}, {}, harmed).bars] == [False] * 5
    assert [bar.ok for bar in Run(MODES["full"], 1, {}, {}, None, "no image").bars] == [None] * 5


def test_a_run_is_told_drawn_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [
        Case("kept", 3, 1, OLD, None),
        Case("kept", 290, 2, ON_TRIAL, None),
        Case("kept", 5, 1, "", (LOST, "dark")),
    ]
    run = Run(MODES["quick"], 1, {"kept": 300}, {"kept": 290}, cases)
    update_report.show(run)
    update_report.draw(run, tmp_path / "picture.png")
    told = capsys.readouterr().out
    assert "FALLS SHORT" in told
    assert "kept, operation 5: does not come back: dark" in told
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads(json.dumps(run.figures()))
    assert (figures["cuts"], figures["cases"][1]["runs"]) == (4, ON_TRIAL)
