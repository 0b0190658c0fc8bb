"""The sampler of the RP2040: all pins at 1 kHz into a ring in RAM, without the processor.

Role in the flow: stage 1, and stage 2 through `isr.on_samples`. Context: task, except where said.
Sources: RP2040 datasheet 2.5 (DMA), 3.5 (PIO).

A state machine of PIO0 (the radio uses PIO1) reads the pins every 125,000,000 / 4000 * 4 clocks and raises an
interrupt every 24 samples: more would delay an event, fewer cost more of the processor. One DMA channel copies the
words into the ring; when its transfer count ends, a second one starts it again within a few clocks, so that sampling
never stops. The samples go on while flash is erased and all interrupts are masked: the ring holds 496 ms.
"""

import gc
from array import array

import machine
import micropython
import rp2
import uctypes
from machine import Pin
from tocsin.debounce_layers import Layers
from tocsin.edge_ring import INDEX_MASK, EdgeRing

from . import isr
from .program_rp2 import CLOCKS_HZ, sample_pins
from .wake_flag import WakeFlag

# What an interrupt finds after a long flash erase comes at once: enough for ten inputs that chatter all through it.
EDGE_ENTRIES = 256
# Transfers before the second channel starts the first again. A power of two and no more than 2**30, so that
# the sample index mod 2**30 needs no division.
PERIOD_SAMPLES = 1 << 30

_TRIES = 16  # more than there are holes as large as a ring
_WORD_BYTES = 4
_STATE_MACHINE = 0
_PIO0_RX_FIFO = 0x50200020 + 4 * _STATE_MACHINE
_PIO0_RX_REQUEST = 4 + _STATE_MACHINE
_NO_REQUEST = 0x3F
_DMA_BASE = 0x50000000
_DMA_CHANNEL_BYTES = 0x40
_TRANSFER_COUNT = 0x08
_TRANSFER_COUNT_AND_START = 0x1C


# At hand, because every record asks for the time.
_taken = isr.taken
_work = isr.work


class Sampler:
    """The one sampler of the chip; see `tocsin_fw.hal` for its contract."""

    def __init__(self, period_samples: int = PERIOD_SAMPLES) -> None:
        """`period_samples` is smaller in tests only, so that they see the second channel at work."""
        self.ring = EdgeRing(EDGE_ENTRIES)
        self.flag = WakeFlag()
        self._layers = Layers()
        self._buffer, self._address = _aligned(isr.RING_SAMPLES * _WORD_BYTES)
        self._period = array("I", [period_samples])
        self._copy = rp2.DMA()
        self._again = rp2.DMA()
        self._high = self._low = 0
        self._machine = rp2.StateMachine(_STATE_MACHINE, sample_pins, freq=CLOCKS_HZ, in_base=Pin(0))

    def start(self, mask: int, rest_mask: int) -> None:
        """Sample the pins of `mask`, pulled up; sample 0 is taken within a millisecond."""
        for number in range(30):
            if mask >> number & 1:
                Pin(number, Pin.IN, Pin.PULL_UP)
        self._prepare_interrupt(mask, rest_mask)
        self._start_dma()
        self._machine.irq(isr.on_samples, hard=True)
        self._machine.active(1)

    @micropython.native
    def count(self) -> int:
        """Samples since start, 64 bits: the milliseconds of the gateway's clock.

        Counts on being called once in 12 days at least; the supervisor's pulse does every second.
        """
        low = _taken(_work, isr.transfers_left)
        if low < self._low:
            self._high += INDEX_MASK + 1
        self._low = low
        return self._high + low

    def lost(self) -> int:
        """Samples overwritten before they were debounced, since start."""
        return isr.work[isr.LOST]

    def levels(self, layer: int) -> int:
        """The debounced word of `layer`, up to the newest sample."""
        masked = machine.disable_irq()
        isr.on_samples(None)
        machine.enable_irq(masked)
        return self._layers.levels(layer)

    def _prepare_interrupt(self, mask: int, rest_mask: int) -> None:
        work = isr.work
        for word in range(isr.WORK_WORDS):
            work[word] = 0
        work[isr.INPUT_MASK] = mask
        work[isr.REST_MASK] = rest_mask
        work[isr.PERIOD_MASK] = self._period[0] - 1
        work[isr.QUIET_WORD] = rest_mask  # both layers start at rest
        isr.transfers_left = _channel_register(self._copy, _TRANSFER_COUNT)
        isr.samples = self._address
        isr.state = self._layers.state
        isr.entries = self.ring.entries
        isr.control = self.ring.control
        isr.wake = self.flag.set

    def _start_dma(self) -> None:
        copy, again = self._copy, self._again
        again.config(
            read=uctypes.addressof(self._period),
            write=_channel_register(copy, _TRANSFER_COUNT_AND_START),
            count=1,
            ctrl=again.pack_ctrl(
                size=2,
                inc_read=False,
                inc_write=False,
                treq_sel=_NO_REQUEST,
                chain_to=_number(again),
                irq_quiet=True,
            ),
        )
        copy.config(
            read=_PIO0_RX_FIFO,
            write=self._address,
            count=self._period[0],
            ctrl=copy.pack_ctrl(
                size=2,
                inc_read=False,
                inc_write=True,
                ring_size=_log2(isr.RING_SAMPLES * _WORD_BYTES),
                ring_sel=True,
                treq_sel=_PIO0_RX_REQUEST,
                chain_to=_number(again),
                irq_quiet=True,
            ),
            trigger=True,
        )


def _aligned(size_bytes: int) -> "tuple[bytearray, int]":
    """A buffer, and the address in it that is a multiple of `size_bytes`, as the DMA ring wants it.

    Where three times as much finds room, such an address is in the last two thirds: a buffer begins there once what is
    in front of it is taken, and every hole below that is as large.
    """
    gc.collect()
    start = uctypes.addressof(bytearray(3 * size_bytes))
    address = start + -start % size_bytes + size_bytes
    gc.collect()
    taken: "list[bytearray]" = []
    _take(taken, address - start, start)
    buffer = _take(taken, size_bytes, address)
    if uctypes.addressof(buffer) != address:
        buffer = bytearray(2 * size_bytes)
        address = uctypes.addressof(buffer)
    return buffer, address + -address % size_bytes


def _take(taken: "list[bytearray]", size_bytes: int, address: int) -> bytearray:
    """Pieces of the heap, into `taken`, until one begins at `address`: holes below are filled first."""
    for _ in range(_TRIES):
        taken.append(bytearray(size_bytes))
        if uctypes.addressof(taken[-1]) == address:
            break
    return taken[-1]


def _channel_register(channel: rp2.DMA, offset: int) -> int:
    return _DMA_BASE + _number(channel) * _DMA_CHANNEL_BYTES + offset


def _number(channel: rp2.DMA) -> int:
    return channel.channel  # type: ignore[attr-defined]  # missing in the stubs


def _log2(number: int) -> int:
    exponent = 0
    while 1 << exponent < number:
        exponent += 1
    return exponent
