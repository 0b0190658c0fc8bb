"""The power-cut bench: it finds nothing in sound firmware and something in broken one; how it judges and reports."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tocsin import flash_map
from tocsin.anchor import Anchor
from tocsin.seal import Sealer, evolve
from tocsin.slot import RECORD_END, SLOT_BYTES, fill_slot, slot_offset
from tocsin_host import image, image_littlefs, image_uf2
from tocsin_sim.bench import powercut_report, powercut_virtual
from tocsin_sim.bench.powercut_judge import FlashJudge
from tocsin_sim.bench.powercut_run import MODES, Chip, Run
from tocsin_sim.bench.powercut_virtual import K0, Cuts, Plan, small_areas
from tocsin_sim.board_process import import_path
from tocsin_sim.emulator.flash_model import PAGE_PROGRAM, SECTOR_ERASE, FlashCommand

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
# A start that lets a torn slot stand as it is; and one that leaves the slot behind it to the first record of its ring.
BREAKAGES = [
    ("sectors.flash.wipe(sectors.first + sectors.head, last)", "pass", Plan(1, 30, 2, 1)),
    ("        if sectors.count:\n            self._wipe_doubtful()\n", "", Plan(1, 120, 1, 0)),
]


def test_sound_firmware_loses_nothing() -> None:
    said: list[str] = []
    cuts = powercut_virtual.run(Plan(1, 60, 5, 1), 1, 1, said.append)
    assert (cuts.failure_count, cuts.failures) == (0, [])
    assert cuts.records >= 60
    assert min(cuts.by_model.values()) >= 20
    assert cuts.cuts > 200
    assert said[-1].endswith("0 failures")


@pytest.mark.parametrize(("sound", "broken", "plan"), BREAKAGES)
def test_broken_firmware_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: str, broken: str, plan: Plan
) -> None:
    shutil.copytree(FIRMWARE, tmp_path / "firmware")
    ring = tmp_path / "firmware" / "tocsin_fw" / "ring.py"
    assert sound in ring.read_text()
    ring.write_text(ring.read_text().replace(sound, broken))
    monkeypatch.setattr(powercut_virtual, "import_path", lambda: f"{tmp_path / 'firmware'}:{import_path()}")
    assert powercut_virtual.run(plan, 1, 1, lambda _: None).failure_count > 0


def test_a_worker_that_dies_is_an_error_with_its_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powercut_virtual, "import_path", lambda: "/nowhere:.frozen")
    with pytest.raises(RuntimeError, match=r"(?s)seed 1 died.*ImportError"):
        powercut_virtual.run(Plan(1, 1, 1, 0), 1, 1, lambda _: None)


class Flash:
    """A small gateway's flash with records in its rings, written by hand."""

    def __init__(self) -> None:
        uf2 = image.build(image_uf2.write_uf2(image_uf2.to_pages(b"firmware", 0)), {}, small_areas())
        self.fresh = image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)
        self.data = bytearray(self.fresh)
        found = image_littlefs.read(self.fresh[image.FILE_SYSTEM_OFFSET :])
        self._areas = flash_map.decode_map(found[flash_map.FILE])
        self._sealer = Sealer(K0)
        self.slots: list[bytes] = []

    def place(self, area: int, slot: int, sector: int = 0) -> int:
        return image.FILE_SYSTEM_OFFSET + self._areas[area][sector] * 4096 + slot_offset(slot)

    def put(self, area: int, slot: int, data: bytes) -> None:
        at = self.place(area, slot)
        self.data[at : at + len(data)] = data

    def record(self, area: int, slot: int) -> None:
        data, mac = bytearray(SLOT_BYTES), self._sealer.mac
        fill_slot(data, memoryview(data)[:RECORD_END], mac, self._sealer.seal(6, 255, 0, 1, 0, 0, 0, 0))
        self.slots.append(bytes(data))
        self.put(area, slot, bytes(data))

    def anchor(self, seq: int) -> None:
        key = K0
        for _ in range(seq):
            key = evolve(key)
        self.put(3, 0, bytes(SLOT_BYTES))
        self.put(3, 1, Anchor(seq, 1, 0, 1, key, bytes(16)).encode())


@pytest.fixture
def flash() -> Flash:
    """Five records in two rings, anchored before the fifth."""
    flash = Flash()
    for number in range(5):
        flash.record(number % 2, 1 + number)
    flash.anchor(4)
    return flash


def test_the_judge_is_content_with_what_is_sound(flash: Flash) -> None:
    judge = FlashJudge(flash.fresh, K0)
    command = FlashCommand(0, PAGE_PROGRAM, 0, b"", 0)
    told = judge.told(bytes(flash.data), command)
    assert sorted(told) == [0, 1, 2, 3, 4]
    flash.record(0, 9)
    assert judge.complain(bytes(flash.data), told, 1, 1) == ""
    erased = FlashCommand(0, SECTOR_ERASE, flash.place(1, 0), b"", 0)
    assert sorted(judge.told(bytes(flash.data), erased)) == [0, 2, 4, 5]


def test_what_the_host_has_may_give_way_and_the_rest_may_not(flash: Flash) -> None:
    judge = FlashJudge(flash.fresh, K0)
    for _ in range(40):
        flash.record(2, 1 + len(flash.slots) - 5)
    told = judge.told(bytes(flash.data), FlashCommand(0, PAGE_PROGRAM, 0, b"", 0))
    flash.put(1, 2, bytes(SLOT_BYTES))
    flash.put(1, 4, bytes(SLOT_BYTES))
    assert judge.complain(bytes(flash.data), told, 0, 0) == ""
    flash.put(2, 7, bytes(SLOT_BYTES))
    assert judge.complain(bytes(flash.data), told, 0, 0) == "records [1, 3, 11] are lost or changed"


def _lose(flash: Flash) -> None:
    flash.put(0, 3, bytes(SLOT_BYTES))


def _double(flash: Flash) -> None:
    flash.put(2, 9, flash.slots[2])


def _skip(flash: Flash) -> None:
    flash._sealer.seq += 1
    flash.record(0, 11)


def _forge(flash: Flash) -> None:
    flash._sealer = Sealer(bytes(32), flash._sealer.seq, flash._sealer.mac)
    flash.record(0, 11)


def _leave_a_key(flash: Flash) -> None:
    flash.put(2, 40, evolve(K0))


def _leave_an_anchor(flash: Flash) -> None:
    flash.put(3, 5, b"\x01" * 20)


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (_lose, r"records \[2\] are lost"),
        (_double, r"numbers \[2\] are there twice"),
        (_skip, r"records \[5\] are missing|cannot be proven"),
        (_forge, r"\[5\] cannot be proven"),
        (_leave_a_key, r"keys \[1\] are still there"),
        (_leave_an_anchor, "2 slots of the key area are in use"),
        (lambda flash: [flash.record(0, 20 + more) for more in range(3)], "the highest number is 7, after 4"),
    ],
)
def test_the_judge_names_what_is_wrong(flash: Flash, harm: Callable[[Flash], object], complaint: str) -> None:
    judge = FlashJudge(flash.fresh, K0)
    told = judge.told(bytes(flash.data), FlashCommand(0, PAGE_PROGRAM, 0, b"", 0))
    harm(flash)
    found = judge.complain(bytes(flash.data), told, 0, 2)
    assert re.search(complaint, found), found


def _run(failures: int, chip: Chip | None) -> Run:
    virtual = Cuts(operations=10, records=9, second_cuts=100_000, failure_count=failures, failures=["lost"] * failures)
    virtual.by_model["not begun"] = 10
    return Run(MODES["full"], 1, virtual, chip, "" if chip else "no image")


def test_bars_fall_short_of_failures_and_of_too_few_cuts() -> None:
    sound = _run(0, Chip(2_000, 20, []))
    assert [bar.ok for bar in sound.bars] == [True] * 5
    assert [bar.ok for bar in _run(1, Chip(1_999, 19, ["x"])).bars] == [True, False, False, False, False]
    assert [bar.ok for bar in _run(0, None).bars] == [True, True, None, None, None]


def test_a_run_is_told_drawn_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = _run(1, None)
    powercut_report.show(run)
    powercut_report.draw(run, tmp_path / "picture.png")
    told = capsys.readouterr().out
    assert "FALLS SHORT" in told
    assert "no image" in told
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(json.dumps(run.figures()))["virtual"]["cuts"] == 100_010
