"""The gateway's own cost on the emulated chip: hashes, seals and records by the microsecond, flash busy times included.

Role in the flow: stages 6 and 7 beside their peers. Context: CPython; every figure is emulated.

The board has a whole gateway in its heap, because on a full heap everything that allocates is slower. Its tasks do not
run: the loop has the processor for itself, but for the sampler's interrupts.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin import event
from tocsin.record import unpack
from tocsin_host import firmware_image, image, image_uf2
from tocsin_host.collector import Collector
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.store import Store

from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL, FlashCommand
from tocsin_sim.emulator.size import SMALL_SITE

_PINS = (2, 3, 4)  # of SMALL_SITE
_LOOP_NORMAL_RAW = 1306
_SECRETS = GatewaySecrets("size", bytes(range(32)), bytes(32))
_ERASE_US = 40_000  # a record that took longer than this waited for an erase (45 ms)
_UTC_MS = 1_800_000_000_000
_EDGE_EVERY_MS = 700  # three contacts in turn: far from what counts as chatter
_SETTLED_MS = 3000
_SAMPLE_LIMIT_MS = 3000

_MAIN = b"""
import time
time.sleep_ms(40)
import gc, hashlib
from array import array
from tocsin.seal import Sealer
gc.collect()
gc.threshold(32768)
from tocsin_fw import hal_rp2, scrub, seal_pads, start
gateway = start.make_gateway(hal_rp2.open_hal, "")
gc.threshold(-1)
recorder = gateway.recorder
recorder.on_record = None
sha256 = hashlib.sha256
sealer = Sealer(bytes(32), 0, bytes(16), seal_pads.set_key)
inner, outer, step, message, block = bytes(116), bytes(96), bytes(33), bytes(52), bytes(64)
file = open("/peer", "wb")
for _ in range(128):  # a log has a past
    file.write(block)
file.flush()
def bare():  # the hashes of a seal: two of the HMAC, one of the key evolution
    inner[:1]  # an object of one block; without any, the allocator searches from the heap's beginning each time
    sha256(inner).digest()
    sha256(outer).digest()
    sha256(step).digest()
def naive():  # as textbooks write HMAC
    key = sealer.key() + bytes(32)
    first = sha256(bytes([byte ^ 0x36 for byte in key]) + message).digest()
    sha256(bytes([byte ^ 0x5C for byte in key]) + first).digest()
    sha256(step).digest()
def seal():
    sealer.seal_in_place(1, 1, 0, 1, 123456, 1800000000000, 1, 0)
def record():
    recorder.record(1, 1, 0, 1, 1)
def append():  # a file of the board's file system, safe after each record
    file.write(block)
    file.flush()
def spend(step, count):
    spent_us = array("I", [0] * count)
    step()
    scrub.tidy(1 << 29)
    for i in range(count):
        start_us = time.ticks_us()
        step()
        spent_us[i] = time.ticks_diff(time.ticks_us(), start_us)
    for us in spent_us:
        print(us)
print("ready")
"""


@dataclass(frozen=True)
class Costs:
    """Microseconds of each call, by what was called: `bare`, `naive`, `seal`, `record`, `append`."""

    spent_us: dict[str, list[int]]

    def mean_us(self, what: str) -> float:
        spent = self.spent_us[what]
        return sum(spent) / len(spent)

    @property
    def burst_us(self) -> float:
        """A record, sealed and journalled, while the sector has room: the gateway erases the next one ahead of time."""
        spent = [us for us in self.spent_us["record"] if us < _ERASE_US]
        return sum(spent) / len(spent)

    @property
    def own_us(self) -> float:
        """Of `burst_us`, what is not the flash chip programming the record's page."""
        return self.burst_us - TYPICAL.program_ns / 1000

    @property
    def erases(self) -> int:
        """Records that waited for an erase."""
        return len([us for us in self.spent_us["record"] if us >= _ERASE_US])


@dataclass(frozen=True)
class Delays:
    """From an edge on a pin to its verified row. `first_sample_ms` is counted from power-up."""

    edge_to_row_ms: list[float]
    edges_without_row: int
    samples_lost: int
    erases: int
    first_sample_ms: float


def measure_costs(counts: dict[str, int]) -> Costs:
    """Call each of `counts` that often, on one board. Raises ImageError."""
    board = _power_up({"/main.py": _MAIN})
    board.expect(b"ready")
    board.expect(b">>> ")
    spent_us: dict[str, list[int]] = {}
    for what, count in counts.items():
        board.usb.write(b"spend(%s, %d)\r" % (what.encode(), count))
        board.expect(b"\n")
        lines = board.expect(b">>> ", limit_ms=120_000).removesuffix(b">>> ").split()
        spent_us[what] = json.loads("[" + ",".join(line.decode() for line in lines) + "]")
    return Costs(spent_us)


def measure_delays(edges: int, seed: int, folder: Path) -> Delays:
    """Drive `edges` edges into a running gateway at random moments, with the real collector at its USB port.

    Everything is in emulated time: what the collector computes takes none. Raises ImageError.
    """
    board = _power_up({})
    erases: list[FlashCommand] = []
    first_sample_ms = _first_sample_ms(board)
    board.flash.hooks.append(lambda command: erases.append(command) if command.is_erase else None)
    host = _Host(board, folder)
    host.run_until_ms(_SETTLED_MS)
    chance = random.Random(seed)
    due_ms = {}
    for number in range(edges):
        pin = _PINS[number % len(_PINS)]
        at_ms = _SETTLED_MS + number * _EDGE_EVERY_MS + chance.uniform(0, _EDGE_EVERY_MS / 2)
        due_ms[number] = at_ms
        board.pin(pin, number // len(_PINS) % 2 == 0, at_ms * NS_PER_MS)
    host.run_until_ms(_SETTLED_MS + (edges + 2) * _EDGE_EVERY_MS)
    delays_ms = [host.transitions_ms[i] - due_ms[i] for i in range(min(edges, len(host.transitions_ms)))]
    return Delays(delays_ms, edges - len(delays_ms), host.samples_lost, len(erases), first_sample_ms)


def _power_up(others: dict[str, bytes]) -> EmulatedBoard:
    config = {**SMALL_SITE, "lib_hash": lib_hash()}
    uf2 = image.gateway_image(firmware_image.load("pico_w"), config, _SECRETS, others)
    board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), TYPICAL)
    for pin in _PINS:
        board.pin(pin, False)
    board.adc(0, _LOOP_NORMAL_RAW)
    return board


def _first_sample_ms(board: EmulatedBoard) -> float:
    """When the sampler's DMA had copied its first word; to the millisecond, from above."""

    def has_sampled() -> bool:
        channels: list[Any] = board.mcu.dma.channels
        return any(c.active and c._ring_mask and c._trans_count < c._trans_count_reload for c in channels)

    board.run_until(has_sampled, _SAMPLE_LIMIT_MS, every_ms=1)
    return board.now_ns / NS_PER_MS


class _Host:
    """The collector at the board's USB port. `transitions_ms`: when each transition's row was stored, in order."""

    def __init__(self, board: EmulatedBoard, folder: Path) -> None:
        self.transitions_ms: list[float] = []
        self.samples_lost = 0
        self._board = board
        self._next_seq = 0
        self._store = Store(folder)
        secrets = {_SECRETS.gateway: _SECRETS}
        self._collector = Collector(self._store, secrets, bytes.fromhex(lib_hash()), self._utc_ms, lambda report: None)
        board.usb.read()
        self._collector.opened("usb", board.usb.write)

    def run_until_ms(self, at_ms: float) -> None:
        board = self._board
        while (left_ms := at_ms - board.now_ns / NS_PER_MS) > 0:
            board.run_until(lambda: bool(board.usb.received) or board.now_ns >= at_ms * NS_PER_MS, left_ms + 1, left_ms)
            self._collector.receive("usb", board.usb.read())
            self._collector.flush()
            self._look()

    def _look(self) -> None:
        for row in self._store.records(_SECRETS.gateway, self._next_seq):
            self._next_seq = row.seq + 1
            record = unpack(row.record)
            if record.type == event.TYPE_TRANSITION:
                self.transitions_ms.append(self._board.now_ns / NS_PER_MS)
            elif record.type == event.TYPE_TROUBLE and record.value == event.TROUBLE_SAMPLES_LOST:
                self.samples_lost += record.count

    def _utc_ms(self) -> int:
        return _UTC_MS + int(self._board.now_ns / NS_PER_MS)
