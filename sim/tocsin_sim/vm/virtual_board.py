"""A virtual board: the whole firmware on the MicroPython VM, under the conductor's clock.

Context: the MicroPython VM. Started as `micropython -m tocsin_sim.vm.virtual_board FOLDER SEED RESET_CAUSE` with the
import path set; FOLDER holds `flash.bin`, the part of the flash chip that bears the file system. Standard input and
output carry `wire` messages,
standard error is the console.
"""

import gc
import struct
import sys

import vfs

from tocsin_sim.vm import virtual_time, wire
from tocsin_sim.vm.nor import Nor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tocsin_fw.hal import Config

    from tocsin_sim.vm.hal_sim import Hal


STORAGE = "/flash-chip"
# As a board does (tocsin_fw.main_rp2).
RETRY_MS = 30_000
# An allocation searches all garbage that lies there: soon after a start, no more than this. A board's heap is small.
_STARTED_MS, _COLLECT_EVERY_BYTES = 2000, 256 * 1024


class Board:
    """Obeys the conductor: takes stimuli, runs until told, hands over what the link said."""

    def __init__(self, clock: virtual_time.Clock) -> None:
        self._clock = clock
        self._until_ms = 0
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self.hal: "Hal | None" = None

    def idle(self, to_ms: int) -> int:
        """Called when every task waits: return the time to leap to, `to_ms` or before.

        Waits for orders at the end of a run.
        """
        now_ms = self._clock.now_ms
        while self.hal.link.out or now_ms >= self._until_ms:
            self._stop()
            if self._clock.next_alarm_ms() <= now_ms:
                return now_ms
        return min(to_ms, self._clock.next_alarm_ms(), self._until_ms)

    def restart(self) -> None:
        """The firmware resets the board."""
        self._flush_output()
        self._send(wire.RESTART)
        sys.exit(0)

    def obey(self) -> None:
        """Take orders until the one to run."""
        while True:
            head = self._in.read(wire.HEAD_BYTES)
            if len(head) < wire.HEAD_BYTES:
                sys.exit(0)  # the conductor is gone
            kind, at_ms, length = wire.unpack_head(head)
            payload = self._in.read(length) if length else b""
            if kind == wire.RUN:
                self._until_ms = at_ms
                return
            if kind == wire.POWER_OFF:
                sys.exit(0)
            self._clock.at(at_ms, self._apply, kind, payload)

    def _stop(self) -> None:
        self._flush_output()
        self._send(wire.STOPPED)
        self.obey()

    def _flush_output(self) -> None:
        hal, link = self.hal, self.hal.link
        for at_ms, pin, level in hal.driven:
            self._out.write(wire.pack(wire.DRIVE, at_ms, bytes((pin, level))))
        hal.driven = []
        if link.out:
            self._send(wire.OUTPUT, link.out)
            link.out = b""

    def _send(self, kind: int, payload: bytes = b"") -> None:
        self._out.write(wire.pack(kind, self._clock.now_ms, payload))

    def _apply(self, kind: int, payload: bytes) -> None:
        hal = self.hal
        if kind == wire.PINS:
            hal.sampler.set_pins(struct.unpack("<I", payload)[0])
        elif kind == wire.ADC:
            hal.set_mv(*struct.unpack("<Bi", payload))
        elif kind == wire.READING:
            hal.set_reading(payload[4:].decode(), struct.unpack("<i", payload[:4])[0])
        elif kind == wire.ROM:
            hal.roms[payload[0]] = payload[1:]
        elif kind == wire.LINK:
            hal.link.arrive(payload)
        elif kind == wire.PLUG:
            hal.link.plug(payload[0])


def main(folder: str, seed: str, reset_cause: int) -> None:
    """Run the firmware in `folder` until the conductor hangs up."""
    clock = virtual_time.Clock()
    board = Board(clock)
    flash = Nor.of_file(folder + "/flash.bin")
    # The stub takes the class of block devices for an abstract one.
    file_system = vfs.VfsLfs2(flash, progsize=256)  # type: ignore[abstract, arg-type]
    vfs.mount(file_system, STORAGE)
    virtual_time.install(clock, board.idle)
    # Only now: these import time and asyncio.
    import asyncio

    from tocsin_fw import failed_start, start

    from tocsin_sim.vm.hal_sim import Hal

    def open_hal(config: "Config") -> "Hal":
        board.hal = Hal(clock, config["board"], STORAGE, flash, seed.encode(), reset_cause, board.restart)
        board.obey()
        clock.at(_STARTED_MS, gc.threshold, _COLLECT_EVERY_BYTES)
        clock.ring()
        return board.hal

    try:
        start.run(open_hal, STORAGE)
    except Exception as error:  # noqa: BLE001 - as on a board, whatever it is
        failed_start.note(STORAGE, error)

        async def wait() -> None:
            await asyncio.sleep_ms(RETRY_MS)

        asyncio.run(wait())
        board.restart()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
