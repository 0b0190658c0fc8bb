"""One power cut in an update: the flash is torn, the board is switched on again, and what runs then is judged.

Role in the flow: before stage 1, bench UPDATE-1, tier T2. Context: CPython. The judge reads flash and hello, and shares
no code with main.py, which chooses.
"""

from dataclasses import dataclass
from random import Random

from tocsin.messages import is_sealed
from tocsin_host import image, image_littlefs
from tocsin_host.board_check import first_hello
from tocsin_host.lib_hash import lib_hash

from tocsin_sim.bench.powercut_judge import FlashJudge
from tocsin_sim.bench.update_life import NEW_LIB, SECRETS, power_up
from tocsin_sim.emulator.board import PowerCutError
from tocsin_sim.emulator.flash_model import FlashCommand, torn
from tocsin_sim.emulator.fork import ForkedCaseError, forked
from tocsin_sim.emulator.port_host import UsbPort

LOST, DOWNGRADE, UNSIGNED, HARMED = "does not come back", "downgrade", "unsigned code", "journal harmed"
OLD, ON_TRIAL, KEPT = "the old firmware", "the new one, on trial", "the new one, kept"
# From the hello on: records of the start are written.
_SETTLE_MS = 400
_HELLO_WITHIN_MS = 12_000
_RECORDS_MOST = 10
_CUT_AGAIN = 0.25


@dataclass(frozen=True)
class Case:
    """What came of one cut. `runs`: OLD, ON_TRIAL or KEPT; `failure`: kind and words, empty when all is well."""

    life: str
    number: int
    cuts: int
    runs: str
    failure: tuple[str, str] | None


@dataclass(frozen=True)
class Woken:
    """A board after the cut: its flash, the library its hello names, whether it proved to be the gateway."""

    flash: bytes
    runs_lib: bytes
    is_gateway: bool


class Judge:
    """Knows both bundles, and where the journal lies in `flash`."""

    def __init__(self, flash: bytes, old: bytes, new: bytes) -> None:
        self._journal = FlashJudge(flash, SECRETS.k0)
        self._bundles = {"old": old, "new": new}

    def complain(
        self, before: bytes, command: FlashCommand, woken: Woken, may_run_new: bool, cuts: int
    ) -> tuple[str, tuple[str, str] | None]:
        """(what runs, what is wrong with it)."""
        was, now = slots(before), slots(woken.flash)
        runs = OLD if woken.runs_lib == bytes.fromhex(lib_hash()) else ON_TRIAL if now["active"] == b"a" else KEPT
        running = {OLD: "old", ON_TRIAL: "new", KEPT: "new"}[runs]
        slot = "a" if running == "old" else "b"
        if not woken.is_gateway or woken.runs_lib not in (bytes.fromhex(lib_hash()), NEW_LIB):
            return runs, (LOST, "another firmware or another gateway says hello")
        if was.get("active") == b"b" and runs != KEPT:
            return runs, (DOWNGRADE, f"the new firmware was kept, and now runs {runs}")
        if now.get(f"{slot}.tocsin") != self._bundles[running]:
            return runs, (UNSIGNED, f"slot {slot} runs, and is not what was signed")
        if running == "new" and (not may_run_new or (runs == ON_TRIAL and "tried" not in now)):
            return runs, (UNSIGNED, f"{runs}, uninvited")
        told = self._journal.told(before, command)
        why = self._journal.complain(woken.flash, told, 1, _RECORDS_MOST * cuts + cuts)
        return runs, (HARMED, why) if why else None


def cut(judge: Judge, life: str, number: int, command: FlashCommand, flash: bytes, seed: int) -> Case:
    """Cut the power in `command`; in a quarter of the cases again while the board recovers."""
    random = Random(seed * 1_000_003 + number)
    left = torn(flash, command, random.randrange(1 << 30)) if random.randrange(7) else flash
    cuts = 1
    try:
        if random.random() < _CUT_AGAIN:
            cuts, at = 2, random.randrange(1, 12)
            left = forked(lambda: _power_up_and_cut(left, at, random.randrange(1 << 30)))
        woken = forked(lambda: _power_up(left))
    except ForkedCaseError as error:
        return Case(life, number, cuts, "", (LOST, str(error)[-400:]))
    runs, failure = judge.complain(flash, command, woken, life == "kept", cuts)
    return Case(life, number, cuts, runs, failure)


def slots(flash: bytes) -> dict[str, bytes]:
    """The files under /slots."""
    files = image_littlefs.read(flash[image.FILE_SYSTEM_OFFSET : image.FLASH_BYTES])
    return {path.removeprefix("/slots/"): data for path, data in files.items() if path.startswith("/slots/")}


def _power_up(flash: bytes) -> Woken:
    board = power_up(flash)
    board.run_until(lambda: bool(board.usb.received), limit_ms=_HELLO_WITHIN_MS)
    said = first_hello(UsbPort(board), 3600)
    assert said is not None
    hello, body = said
    board.run_for_ms(_SETTLE_MS)
    return Woken(board.flash_image(), hello.lib_hash, hello.name == "gallery" and is_sealed(SECRETS.link_key, body))


def _power_up_and_cut(flash: bytes, commands: int, seed: int) -> bytes:
    """The flash as a cut at the `commands`-th flash command of the start leaves it; whole, if there are fewer."""
    board = power_up(flash)
    board.cut_power_in(commands, seed)
    try:
        board.run_for_ms(2500)
    except PowerCutError as error:
        return error.image
    return board.flash_image()
