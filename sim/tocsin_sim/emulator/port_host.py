"""The host at an emulated board's USB port, in the board's own time: the port as pyserial would show it, a collector.

Role in the flow: tier T2, stages 8 to 10. Context: CPython.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tocsin.record import Record, unpack
from tocsin_host.collector import Collector
from tocsin_host.finding_log import FindingLog
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.store import Store
from tocsin_host.update_courier import UpdateCourier

from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard

# The time in the world when the board is switched on.
UTC_MS = 1_800_000_000_000
_STEP_MS = 5


class UsbPort:
    """The board's port; each read lets the board run for 5 ms."""

    def __init__(self, board: EmulatedBoard) -> None:
        self._board = board

    def read(self, size: int) -> bytes:
        """What came; as much as there is."""
        self._board.run_for_ms(_STEP_MS)
        return self._board.usb.read()

    def write(self, data: bytes) -> None:
        """What goes to the board."""
        self._board.usb.write(data)


class PortHost:
    """A collector for one gateway, with a store of its own, in a `with`. What the board said before is lost to it.

    `utc_ms()` is its clock, that of the board unless given; `keys` has an outbox of updates.
    """

    def __init__(
        self,
        board: EmulatedBoard,
        secrets: GatewaySecrets,
        utc_ms: Callable[[], int] | None = None,
        keys: Path | None = None,
    ) -> None:
        self._board = board
        self._gateway = secrets.gateway
        self._port = UsbPort(board)
        self._folder = tempfile.TemporaryDirectory()
        self.store = Store(self._folder.name)
        clock = utc_ms or (lambda: UTC_MS + int(board.now_ns // NS_PER_MS))
        note = FindingLog(self.store, clock, _not_shown).note
        updates = UpdateCourier(keys, note, _not_shown, lambda: int(board.now_ns // NS_PER_MS))
        lib = bytes.fromhex(lib_hash())
        self._collector = Collector(self.store, {secrets.gateway: secrets}, lib, clock, _not_shown, updates=updates)
        board.usb.read()
        self._collector.opened("usb", board.usb.write)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self._folder.cleanup()

    def hear_for_ms(self, duration_ms: int) -> list[Record]:
        """Let the board run; all records that are stored then."""
        for _ in range(duration_ms // _STEP_MS):
            self._collector.receive("usb", self._port.read(0))
            self._collector.flush()
            self._collector.updates.tick()
        return [unpack(row.record) for row in self.store.records(self._gateway, 0)]


def hear_for_ms(
    board: EmulatedBoard, secrets: GatewaySecrets, duration_ms: int, utc_ms: Callable[[], int] | None = None
) -> list[Record]:
    """What a collector that was just started stores within `duration_ms`."""
    with PortHost(board, secrets, utc_ms) as host:
        return host.hear_for_ms(duration_ms)


def _not_shown(_: dict[str, Any]) -> None:
    return None
