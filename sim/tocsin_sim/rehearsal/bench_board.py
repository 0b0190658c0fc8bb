"""A board on the technician's bench: the drive of its bootloader, its USB port, and hands for what is wired to it.

Role in the flow: tier T2 under the field rehearsal. Context: CPython; the chip lives in a thread of its own.
"""

import struct
import threading
import time
from pathlib import Path
from typing import Any

from tocsin_host import image, image_uf2

from tocsin_sim.emulator.attach import AttachedBoard
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.emulator.wiring import Wiring

_INFO = "UF2 Bootloader v3.0\nModel: emulated RP2040\nBoard-ID: RPI-RP2\n"
_LOOK_EVERY_S = 0.1
_BLOCK_BYTES = 512
_NUMBER_OF_BLOCKS_AT = 24  # UF2 specification, "numBlocks"


class BenchBoard:
    """Plugged in with its BOOTSEL button held: `drive` waits for an image, then the board runs and has `port`.

    `config`, as `compile_gateway` gives it, says what is wired to the board; it is at rest while nobody moves it.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.drive = folder / "RPI-RP2"
        self.port = folder / "port"
        self.error: BaseException | None = None
        self._config = config
        self._at_rest = {zone["pin"]: bool(zone["rest"]) for zone in config["zones"] if zone["type"] == "contact"}
        self._attached: AttachedBoard | None = None
        self._chip: EmulatedBoard | None = None
        self._is_over = threading.Event()
        self.drive.mkdir()
        (self.drive / "INFO_UF2.TXT").write_text(_INFO)
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def restarts(self) -> int:
        """How often the chip began anew since it got its image."""
        return len(self._chip.watchdog_resets_ns) if self._chip else 0

    @property
    def emulated_s(self) -> float:
        """Seconds that the chip has lived."""
        return self._chip.now_ns / 1e9 if self._chip else 0.0

    def move(self, pin: int, for_s: float = 0.8) -> None:
        """Move a contact away from its rest and back; `for_s` in the chip's time. Raises: RuntimeError when it died."""
        self._set(pin, not self._at_rest[pin])
        self.wait_s(for_s)
        self._set(pin, self._at_rest[pin])
        self.wait_s(for_s)

    def wait_s(self, seconds: float) -> None:
        """Until the chip has lived so much longer."""
        until_s = self.emulated_s + seconds
        while self.emulated_s < until_s:
            if self.error or not self._thread.is_alive():
                raise RuntimeError(f"the emulated board has died: {self.error}")
            time.sleep(0.02)

    def unplug(self) -> None:
        """End its life."""
        self._is_over.set()
        self._thread.join()

    def _set(self, pin: int, level: bool) -> None:
        assert self._attached is not None, "the board has no image yet"
        chip = self._chip
        self._attached.between_steps(lambda: chip.pin(pin, level) if chip else None)

    def _live(self) -> None:
        try:
            data = self._image()
            if data is None:
                return
            self._chip = chip = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(data), image.FLASH_BYTES), TYPICAL)
            Wiring(chip, self._config).at_rest()
            self._attached = AttachedBoard(chip, self.port)
            try:
                self._attached.serve(self._is_over.is_set)
            finally:
                self._attached.close()
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the board
            self.error = error

    def _image(self) -> bytes | None:
        """What was written to the drive, as soon as its last block is there; None when the board was unplugged."""
        path = self.drive / "tocsin.uf2"
        while not self._is_over.is_set():
            data = path.read_bytes() if path.exists() else b""
            if len(data) >= _BLOCK_BYTES:
                (count,) = struct.unpack_from("<I", data, _NUMBER_OF_BLOCKS_AT)
                if len(data) >= count * _BLOCK_BYTES:
                    return data
            time.sleep(_LOOK_EVERY_S)
        return None
