"""Counts pulses at a pin without the processor: a cup anemometer.

Role in the flow: stage 3. Context: task.
Source: RP2040 datasheet 2.5 (DMA).

State machine 1 of PIO0, beside the sampler (the radio uses PIO1), counts X down once a pulse and hands it on; a DMA
channel writes it into one word of memory. A contact that is closed for less than 1.25 ms, or that bounces as long, is
no pulse of its own.
"""

import rp2
import uctypes
from machine import Pin

from .pulses_rp2 import CLOCKS_HZ, count_pulses

_STATE_MACHINE = 1
_PIO0_RX_FIFO = 0x50200020 + 4 * _STATE_MACHINE
_PIO0_RX_REQUEST = 4 + _STATE_MACHINE
_TRANSFERS = 0x3FFFFFFF


class Counter:
    """The one counter; its name is "pulses-7" for pin 7."""

    def __init__(self, sensor: str) -> None:
        self.sensors = (sensor,)
        self._word = bytearray(4)
        pin = Pin(int(sensor.partition("-")[2]), Pin.IN, Pin.PULL_UP)
        self._machine = rp2.StateMachine(_STATE_MACHINE, count_pulses, freq=CLOCKS_HZ, jmp_pin=pin)
        self._copy = rp2.DMA()
        ctrl = self._copy.pack_ctrl(size=2, inc_read=False, inc_write=False, treq_sel=_PIO0_RX_REQUEST, irq_quiet=True)
        address = uctypes.addressof(self._word)
        self._copy.config(read=_PIO0_RX_FIFO, write=address, count=_TRANSFERS, ctrl=ctrl, trigger=True)
        self._machine.active(1)

    def read(self, sensor: str) -> int:
        """Pulses since the start, mod 2**30."""
        return -int.from_bytes(self._word, "little") & 0x3FFFFFFF
