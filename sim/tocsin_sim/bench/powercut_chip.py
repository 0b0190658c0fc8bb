"""Power cuts on the emulated chip: the official image's own firmware recovers from torn flash.

Role in the flow: stages 6 and 7, bench POWERCUT-1, tier T2. Context: CPython.

The chip lives once through a few hundred records in small rings, while flash commands are noted with the flash as it
was before. A second board, booted up to the moment before recovery, is forked for each case: its flash is torn, it
recovers, records, and its flash is read by a judge that shares no code with the firmware's recovery.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

from tocsin_host import firmware_image, image, image_uf2

from tocsin_sim.bench.powercut_judge import FlashJudge
from tocsin_sim.bench.powercut_virtual import K0, small_areas
from tocsin_sim.emulator.board import EmulatedBoard, PowerCutError
from tocsin_sim.emulator.flash_model import FlashCommand, torn
from tocsin_sim.emulator.fork import ForkedCaseError, forked

_MAIN = b"""
import time
time.sleep_ms(40)
import rp2
from tocsin_fw.flash import ReservedFlash
from tocsin_fw.journal import Journal
from tocsin_fw.keystore import Keystore
from tocsin_fw.recorder import Recorder
KINDS = (1, 2, 6, 3, 6, 1, 16, 6, 17, 6, 1)
def begin():
    flash = ReservedFlash(rp2.Flash())
    recorder = Recorder(Journal(flash), Keystore(flash, "/keys"), lambda count: bytes(count))
    recorder.start(time.ticks_ms)
    return recorder
def go(recorder, count):
    for i in range(count):
        recorder.record(KINDS[i % 11], 255)
        recorder._journal.acked_seq = max(0, recorder._sealer.seq - 20)
        if i % 20 == 0:
            recorder._journal.tend()
print("ready")
"""
_AFTER = 4


@dataclass(frozen=True)
class Moment:
    """A flash command of the chip's life, and the flash before it."""

    command: FlashCommand
    flash: bytes


def moments(records: int, every: int) -> list[Moment]:
    """Every `every`-th flash command, and all erases, of a life of `records` records. Raises: ImageError."""
    board = _board()
    found: list[Moment] = []

    def note(command: FlashCommand) -> None:
        if command.is_erase or command.number % every == 0:
            found.append(Moment(command, board.flash_image()))

    _type(board, "r = begin()")
    board.flash.hooks.append(note)
    _type(board, f"go(r, {records})")
    return found


def run(lives: list[Moment], cases: int, seed: int, workers: int, tell: Callable[[str], None]) -> tuple[int, list[str]]:
    """(cuts, failures in words): `cases` cases over the moments in turn, a quarter of them cut a second time."""
    ready = _board()
    judge = FlashJudge(ready.flash_image(), K0)
    cuts, failures = 0, []
    with ThreadPoolExecutor(workers) as pool:
        running: list[Future[tuple[int, str]]] = [
            pool.submit(_case, ready, judge, lives[number % len(lives)], seed * 1_000_003 + number)
            for number in range(cases)
        ]
        for number, case in enumerate(running, 1):
            made, failure = case.result()
            cuts += made
            failures += [failure] if failure else []
            if number % 100 == 0:
                tell(f"emulated: {cuts} cuts, {len(failures)} failures")
    return cuts, failures


def _case(ready: EmulatedBoard, judge: FlashJudge, moment: Moment, seed: int) -> tuple[int, str]:
    """(cuts made, what went wrong)."""
    random = Random(seed)
    flash = torn(moment.flash, moment.command, seed) if seed % 7 else moment.flash
    cuts, told = 1, judge.told(moment.flash, moment.command)
    try:
        if random.random() < 0.25:
            cuts += 1
            flash = forked(lambda: _recover_and_cut(ready, flash, random.randrange(1, 12), seed))
        after = forked(lambda: _recover(ready, flash))
        # Beside those: what was being written at each cut, and what a first recovery recorded before the second cut.
        failure = judge.complain(after, told, _AFTER, _AFTER * cuts + cuts)
    except ForkedCaseError as error:
        failure = f"the firmware did not start: {error}"
    what = f"{'erase' if moment.command.is_erase else 'program'} at {moment.command.address:#x}, case {seed}"
    return cuts, f"{what}: {failure}" if failure else ""


def _recover(ready: EmulatedBoard, flash: bytes) -> bytes:
    """In a fork: the flash after a start from `flash` and a few records."""
    ready.mcu.flash[image.FILE_SYSTEM_OFFSET : image.FLASH_BYTES] = flash[image.FILE_SYSTEM_OFFSET :]
    answer = _type(ready, f"r = begin(); go(r, {_AFTER}); print('key', not r.key_missing)")
    if answer != "key True":
        raise AssertionError(answer)
    return ready.flash_image()


def _recover_and_cut(ready: EmulatedBoard, flash: bytes, commands: int, seed: int) -> bytes:
    """In a fork: the flash as a second cut leaves it, at a command of the recovery; whole, if it ends before."""
    ready.cut_power_in(commands, seed)
    try:
        return _recover(ready, flash)
    except PowerCutError as error:
        return error.image


def _board() -> EmulatedBoard:
    """A board at its prompt, the journal's modules imported and nothing recovered yet."""
    files = {**image.plain_device_files(), "/boot.py": image.BOOT_PY, "/main.py": _MAIN, "/keys/key.id": bytes(8)}
    uf2 = image.build(firmware_image.load(), files, small_areas())
    board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES))
    board.expect(b"ready")
    board.expect(b">>> ")
    return board


def _type(board: EmulatedBoard, code: str) -> str:
    board.usb.write(code.encode() + b"\r")
    board.expect(b"\r\n")
    said: Any = board.expect(b">>> ", limit_ms=120_000)
    return str(said.removesuffix(b">>> ").decode().strip())
