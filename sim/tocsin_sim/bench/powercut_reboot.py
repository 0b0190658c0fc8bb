"""Power cuts of a whole gateway on the emulated chip: torn flash, then a power-up from the reset vector on.

Role in the flow: all stages of a gateway, bench POWERCUT-1, tier T2. Context: CPython.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tocsin_host import firmware_image, image, image_uf2
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway

from tocsin_sim.bench.powercut_chip import Moment
from tocsin_sim.bench.powercut_judge import FlashJudge
from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.flash_model import FlashCommand, torn
from tocsin_sim.emulator.fork import ForkedCaseError, forked

SITE = Path(__file__).parents[2] / "sites" / "one-room.toml"
_SECRETS = GatewaySecrets("cabinet", bytes(range(64, 96)), bytes(32))
_LIFE_MS = 8_000
# A gateway is up, has settled and has recorded its start.
_UP_MS = 2_500
_RECORDS_MOST = 8


def run(reboots: int, seed: int, workers: int, tell: Callable[[str], None]) -> list[str]:
    """Failures, in words, of `reboots` power-ups from flash that was torn in a gateway's life. Raises: ImageError."""
    flash = _new_flash()
    lives = _life(flash)
    judge = FlashJudge(flash, _SECRETS.k0)
    chosen = [lives[number * len(lives) // reboots] for number in range(reboots)]
    with ThreadPoolExecutor(workers) as pool:
        cases = [pool.submit(_case, judge, moment, seed + number) for number, moment in enumerate(chosen)]
        failures = [case.result() for case in cases]
    tell(f"emulated: {reboots} reboots")
    return [failure for failure in failures if failure]


def _case(judge: FlashJudge, moment: Moment, seed: int) -> str:
    told = judge.told(moment.flash, moment.command)
    try:
        after = forked(lambda: _power_up(torn(moment.flash, moment.command, seed)))
    except ForkedCaseError as error:
        return f"reboot, case {seed}: the board did not come back: {error}"
    failure = judge.complain(after, told, 1, _RECORDS_MOST)
    return f"reboot, case {seed}: {failure}" if failure else ""


def _power_up(flash: bytes) -> bytes:
    board = EmulatedBoard(flash)
    board.run_for_ms(_UP_MS)
    return board.flash_image()


def _new_flash() -> bytes:
    site = load_site(SITE)
    config = {**compile_gateway(site, "cabinet", lib_hash()), "board": "pico_w"}
    uf2 = image.gateway_image(firmware_image.load(), config, _SECRETS)
    return image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)


def _life(flash: bytes) -> list[Moment]:
    """Every flash command of a gateway whose first contact is opened and closed again and again."""
    board = EmulatedBoard(flash)
    found: list[Moment] = []

    def note(command: FlashCommand) -> None:
        found.append(Moment(command, board.flash_image()))

    board.flash.hooks.append(note)
    contact = next(zone.contact.pin for zone in load_site(SITE).gateway("cabinet").zones if zone.contact)
    for number, at_ms in enumerate(range(1_500, _LIFE_MS, 500)):
        board.pin(contact, number % 2 == 0, at_ms * NS_PER_MS)
    board.run_for_ms(_LIFE_MS)
    return found
