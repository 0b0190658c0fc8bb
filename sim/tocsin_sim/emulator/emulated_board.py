"""An emulated board under the conductor's clock: the same orders as the virtual board, carried out on the chip.

Role in the flow: tier T2 of a scenario. Context: CPython, a process of its own, started as
`python -m tocsin_sim.emulator.emulated_board FOLDER`. FOLDER holds `flash.bin`, what lies in the flash chip, and
`site.json`; standard input and output carry `wire` messages. A power cut leaves the flash as it is at that moment.
"""

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.emulator.wiring import Wiring
from tocsin_sim.vm import wire

# A frame comes in packets of 64 bytes: what follows within this time is heard with it.
_LINGER_MS = 2
_PIN_COUNT = 30


class EmulatedGateway:
    """Obeys the conductor, as `tocsin_sim.vm.virtual_board` does."""

    def __init__(self, folder: Path, orders: BinaryIO, answers: BinaryIO) -> None:
        self._flash = folder / "flash.bin"
        self._orders = orders
        self._answers = answers
        self._board = EmulatedBoard(self._flash.read_bytes(), TYPICAL)
        self._is_plugged = True
        config = json.loads((folder / "site.json").read_text())
        self._wiring = Wiring(self._board, config)
        self._driven: list[tuple[int, int, int]] = []
        for output in config.get("outputs", ()):
            self._board.on_output(output["pin"], self._noted(output["pin"]))

    def serve(self) -> None:
        """Carry out orders until power off or the end of input."""
        while head := self._orders.read(wire.HEAD_BYTES):
            kind, at_ms, length = wire.unpack_head(head)
            payload = self._orders.read(length)
            if kind == wire.RUN:
                self._run(at_ms)
            elif kind == wire.POWER_OFF:
                self._flash.write_bytes(self._board.flash_image())
                return
            else:
                self._board.at(at_ms * NS_PER_MS, self._applied(kind, payload))

    def _run(self, until_ms: int) -> None:
        board, until_ns = self._board, until_ms * NS_PER_MS
        if board.now_ns < until_ns:
            left_ms = (until_ns - board.now_ns) / NS_PER_MS
            board.run_until(lambda: bool(board.usb.received) or board.now_ns >= until_ns, left_ms + 1, left_ms)
        for at_ms, pin, level in self._driven:
            self._answers.write(wire.pack(wire.DRIVE, at_ms, bytes((pin, level))))
        self._driven = []
        if board.usb.received:
            board.run_until_ns(min(board.now_ns + _LINGER_MS * NS_PER_MS, max(until_ns, board.now_ns)))
            self._send(wire.OUTPUT, board.usb.read())
        self._send(wire.STOPPED)

    def _noted(self, pin: int) -> Callable[[float, bool], None]:
        return lambda now_ns, level: self._driven.append((round(now_ns / NS_PER_MS), pin, int(level)))

    def _send(self, kind: int, payload: bytes = b"") -> None:
        now_ms = -int(-self._board.now_ns // NS_PER_MS)
        self._answers.write(wire.pack(kind, now_ms, payload))
        self._answers.flush()

    def _applied(self, kind: int, payload: bytes) -> Callable[[], None]:
        """What to do when the time of an order has come."""
        return lambda: self._apply(kind, payload)

    def _apply(self, kind: int, payload: bytes) -> None:
        if kind == wire.PINS:
            self._wiring.pins(struct.unpack("<I", payload)[0])
        elif kind == wire.ADC:
            self._wiring.voltage(*struct.unpack("<Bi", payload))
        elif kind == wire.READING:
            self._wiring.reading(payload[4:].decode(), struct.unpack("<i", payload[:4])[0])
        elif kind == wire.ROM:
            self._wiring.hold(payload[0], payload[1:])
        elif kind == wire.LINK:
            self._board.usb.write(payload)
        elif kind == wire.PLUG and self._is_plugged != bool(payload[0]):
            self._is_plugged = bool(payload[0])
            self._board.usb.plug(self._is_plugged)


if __name__ == "__main__":
    EmulatedGateway(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer).serve()
