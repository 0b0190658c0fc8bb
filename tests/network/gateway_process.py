"""The whole firmware on MicroPython in real time, with real sockets: run by `micropython` with arguments

STORAGE CABLE_PORT RECORDS EVERY_MS

where STORAGE is the folder with the flash chip of a virtual gateway, CABLE_PORT the TCP port of 127.0.0.1 that stands
for the USB cable (0: none), and RECORDS how many extra records it makes, one each EVERY_MS, from when the file
STORAGE/go is there.
"""

import asyncio
import os
import sys
import time

import vfs
from tocsin_fw import app, config, start
from tocsin_sim.vm import hal_sim
from tocsin_sim.vm.nor import Nor

FLASH = "/flash-chip"

TROUBLE_OF_THE_TEST = 99


class RealClock:
    """The clock of a simulated board, in real time."""

    def __init__(self):
        self._start = time.ticks_ms()

    @property
    def now_ms(self):
        return time.ticks_diff(time.ticks_ms(), self._start)

    def at(self, at_ms, callback, *arguments):
        self.latest = asyncio.create_task(self._later(at_ms, callback, arguments))

    async def _later(self, at_ms, callback, arguments):
        await asyncio.sleep_ms(max(0, at_ms - self.now_ms))
        callback(*arguments)


class Cable:
    """Joins the simulated link with whoever is connected to a TCP port."""

    def __init__(self, link):
        self._link = link
        link.plug(0)

    async def serve(self, port):
        await asyncio.start_server(self._plugged, "127.0.0.1", port)

    async def _plugged(self, reader, writer):
        self._link.plug(1)
        sender = asyncio.create_task(self._send(writer))
        try:
            while data := await reader.read(256):
                self._link.arrive(data)
        except OSError:
            pass
        sender.cancel()
        self._link.plug(0)

    async def _send(self, writer):
        while True:
            data, self._link.out = self._link.out, b""
            writer.write(data)
            await writer.drain()
            await asyncio.sleep_ms(5)


async def make_records(recorder, storage, count, every_ms):
    while "go" not in os.listdir(storage):
        await asyncio.sleep_ms(50)
    for number in range(count):
        recorder.trouble(TROUBLE_OF_THE_TEST, number)
        await asyncio.sleep_ms(every_ms)


def choose_slot(folder):
    """(slot, whether it is on trial): as the board's main.py does. What runs is the same in both."""
    names = os.listdir(folder)
    if "trial" in names:
        os.rename(folder + "/trial", folder + "/tried")
    with open(folder + ("/tried" if "trial" in names else "/active")) as file:
        return file.read()[:1], "trial" in names


async def main(storage, cable_port, count, every_ms):
    flash = Nor.of_file(storage + "/flash.bin")
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), FLASH)
    found, problems = config.load(FLASH + "/site.json")
    hal = hal_sim.Hal(RealClock(), found["board"], FLASH, flash, os.urandom(16), 1, lambda: sys.exit(3))
    if "slots" in os.listdir(FLASH):
        hal.slot, hal.is_trial = choose_slot(FLASH + "/slots")
    cable = Cable(hal.link)
    if cable_port:
        await cable.serve(cable_port)
    start.start_sampler(hal, found)
    gateway = app.Gateway(hal, found, problems)
    await asyncio.gather(make_records(gateway.recorder, storage, count, every_ms), gateway.run())


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
