"""A board takes an update on the emulated chip: every flash command of that, and the flash before each.

Role in the flow: before stage 1, bench UPDATE-1, tier T2. Context: CPython. Two lives: firmware that is kept, and
firmware that fails when it starts, so that the board goes back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin import event
from tocsin_host import firmware_image, image, image_uf2
from tocsin_host.gateway_files import reserved_areas
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.update_send import send_bundle

from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL, FlashCommand, carried_out
from tocsin_sim.emulator.port_host import PortHost, UsbPort
from tocsin_sim.emulator.wiring import Wiring
from tocsin_sim.update_signer import SimulatedSigner

SITE = Path(__file__).parents[2] / "sites" / "rehearsal.toml"
SECRETS = GatewaySecrets("gallery", bytes(range(64, 96)), bytes(range(32)))
NEW_LIB = b"new lib!"
_PATIENCE_S = 3600
_LOOK_EVERY_MS = 5
_UP_MS = 2200
_OUTCOME_WITHIN_MS = 20_000


@dataclass(frozen=True)
class Life:
    """The commands of one update with `bundle`. `received`: how many of them until the gateway has judged."""

    name: str
    flash: bytes
    bundle: bytes
    commands: list[FlashCommand]
    received: int

    def moments(self, chosen: "set[int]") -> Iterator[tuple[int, FlashCommand, bytes]]:
        """(number, command, the flash before it) of the chosen commands."""
        flash = bytearray(self.flash)
        for number, command in enumerate(self.commands):
            if number in chosen:
                yield number, command, bytes(flash)
            here = slice(command.address, command.address + command.span_bytes)
            flash[here] = carried_out(bytes(flash[here]), command)


def power_up(flash: bytes) -> EmulatedBoard:
    """A board with all its doors shut."""
    board = EmulatedBoard(flash, TYPICAL)
    Wiring(board, compile_gateway(load_site(SITE), "gallery", lib_hash())).at_rest()
    return board


def new_flash(signer: SimulatedSigner) -> tuple[bytes, bytes]:
    """(a board's flash as it is delivered, the bundle that runs on it). Raises: ImageError."""
    config = compile_gateway(load_site(SITE), "gallery", lib_hash())
    old = signer.bundle(image.device_files(), signer.public.version, lib_hash=bytes.fromhex(lib_hash()))
    files = {**image.gateway_files(config, SECRETS, update=signer.public), "/slots/a.tocsin": old}
    uf2 = image.build(firmware_image.load(), files, reserved_areas("pico_w", SECRETS))
    return image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), old


def live(name: str, flash: bytes, bundle: bytes, outcome: int) -> Life:
    """Send `bundle` to a board with `flash`, until it tells `outcome`. Raises: RuntimeError when it does not."""
    board = power_up(flash)
    board.run_for_ms(_UP_MS)
    before = board.flash_image()
    commands: list[FlashCommand] = []
    board.flash.hooks.append(commands.append)
    send_bundle(UsbPort(board), "gallery", SECRETS.link_key, bundle, lambda at: None, _PATIENCE_S)
    received = len(commands)
    restarts = 1 if outcome == event.UPDATE_CONFIRMED else 2
    board.run_until(lambda: len(board.watchdog_resets_ns) == restarts, _OUTCOME_WITHIN_MS, every_ms=20)
    board.run_for_ms(_UP_MS)
    with PortHost(board, SECRETS) as host:
        for _ in range(_OUTCOME_WITHIN_MS // _LOOK_EVERY_MS):
            told = host.hear_for_ms(_LOOK_EVERY_MS)
            if any(row.type == event.TYPE_UPDATE and row.value == outcome for row in told):
                return Life(name, before, bundle, commands, received)
    raise RuntimeError(f"the update that is to be cut does not come to its end: {name}")
