"""The sampler of the firmware on the emulated RP2040, with its pins in the bench's hands.

Role in the flow: stages 1 and 2 at tier T2. Context: CPython. Boot once, fork for every measurement.
"""

import json
from dataclasses import dataclass
from typing import Any

from tocsin_boards import pico_w
from tocsin_host import firmware_image, image, image_uf2

from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard

CLOCK_HZ = 125_000_000
PINS: tuple[int, ...] = pico_w.BOARD["pins"]  # type: ignore[assignment]  # a board is a dict of many types
MASK = sum(1 << pin for pin in PINS)
DRAIN_SAMPLES = 24  # between two interrupts
PERIOD_SAMPLES = 1 << 30  # sampler_rp2.PERIOD_SAMPLES
_TRANSFERS_LEFT = 0x50000008  # TRANS_COUNT of DMA channel 0, the first that the sampler asks for

_MAIN = f"""
import time
time.sleep_ms(40)  # until USB is there
import asyncio, gc, hashlib, json, machine, micropython, rp2
from array import array
from tocsin_fw import isr, sampler_rp2
out = array("I", [0] * 4)
edges = []
s = sampler_rp2.Sampler()
flash = rp2.Flash()
block = flash.ioctl(4, 0) - 1
erase = lambda: flash.ioctl(6, block)
collection = gc.collect
sealing = lambda: [hashlib.sha256(bytes(64)).digest() for _ in range(8)]
def drain():
    while s.ring.pop_into(out):
        edges.append(tuple(out))
async def watch():
    while True:
        await s.flag.wait()
        drain()
async def load(work, pause_ms):
    while True:
        await asyncio.sleep_ms(pause_ms)
        work()
def watch_ms(ms, work=None, pause_ms=0):
    async def main():
        tasks = [asyncio.create_task(watch())]
        if work:
            tasks.append(asyncio.create_task(load(work, pause_ms)))
        await asyncio.sleep_ms(ms)
        for task in tasks:
            task.cancel()
    asyncio.run(main())
@micropython.viper
def spin(n: int):
    i = 0
    while i < n:
        i += 1
def taken(n):  # microseconds of a fixed piece of work, and the interrupts meanwhile
    first = isr.work[isr.INDEX]
    start_us = time.ticks_us()
    spin(n)
    spent_us = time.ticks_diff(time.ticks_us(), start_us)
    print(spent_us, (isr.work[isr.INDEX] - first) // {DRAIN_SAMPLES})
def drained(word, levels):  # microseconds of the loop over the samples
    ring = array("I", [word * int(level) for level in levels])
    work, state, entries = array("I", [0] * 7), array("I", [0] * 15), array("I", [0] * 256)
    control = array("I", [0, 0, 0, 63])
    work[3] = {MASK}
    start_us = time.ticks_us()
    if word:
        isr.drain(work, ring, len(levels), state, entries, control)
    else:
        isr.differing(ring, 0, len(levels), 0)
    print(time.ticks_diff(time.ticks_us(), start_us))
def report():
    drain()
    s.levels(0)
    drain()
    print(json.dumps([s.count(), s.lost(), s.ring.dropped, edges]))
print("ready")
""".encode()


@dataclass(frozen=True)
class ChipReport:
    """What the sampler says at the end. `edges`: (sample, inputs that flipped, levels, layer)."""

    count: int
    lost: int
    dropped: int
    edges: list[tuple[int, int, int, int]]


class Console:
    """A booted board that waits at its prompt. Use it in `forked` only."""

    def __init__(self) -> None:
        """Raises ImageError, naming the mend, where the official image is not there."""
        files = {**image.plain_device_files(), "/boot.py": image.BOOT_PY, "/main.py": _MAIN}
        uf2 = image.build(firmware_image.load(), files)
        self.board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES))
        self.board.expect(b"ready")
        self.board.expect(b">>> ")
        self.sample_0_ns = 0.0

    def run(self, code: str, limit_ms: float = 60_000) -> str:
        """Type `code`; what it printed."""
        self.begin(code)
        return self.board.expect(b">>> ", limit_ms).removesuffix(b">>> ").decode().strip()

    def begin(self, code: str) -> None:
        """Type `code`, wait for its echo only."""
        self.board.usb.write(code.encode() + b"\r")
        self.board.expect(b"\r\n")

    def start(self) -> None:
        """All pins at rest (0), then start the sampler and find the time of sample 0, to 10 µs."""
        for pin in PINS:
            self.board.pin(pin, False)
        self.board.usb.write(f"s.start({MASK}, 0)\r".encode())
        while not 0 < self.samples() < PERIOD_SAMPLES:
            self.board.run_until_ns(self.board.now_ns + 10_000)
        self.sample_0_ns = self.board.now_ns
        self.board.expect(b">>> ")

    def samples(self) -> int:
        """Samples that the DMA has written into the ring."""
        left: int = self.word(_TRANSFERS_LEFT)
        return PERIOD_SAMPLES - left

    def word(self, address: int) -> Any:
        """A word of the chip's memory or registers."""
        return self.board.mcu.bus.read_uint32(address)

    def drive(self, pin: int, at_us: int, level: int) -> None:
        """Set a pin at a time counted from sample 0."""
        self.board.pin(pin, bool(level), self.sample_0_ns + at_us * 1000)

    def now_ms(self) -> float:
        """Since sample 0."""
        return (self.board.now_ns - self.sample_0_ns) / NS_PER_MS

    def report(self) -> ChipReport:
        """Ask the sampler."""
        count, lost, dropped, edges = json.loads(self.run("report()"))
        return ChipReport(count, lost, dropped, [tuple(edge) for edge in edges])
