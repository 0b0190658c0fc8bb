"""Mends for defects of rp2040py 0.3.6, each with the defect it answers.

Role in the flow: tier T2, the emulated board. Shared: no. Context: host. Facts: docs/emulator.md.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from random import Random
from typing import Any

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.rp2040 import RP2040

WRITTEN_FOR = "0.3.6"

_CLOCK_FP = 256  # RPPIO counts 1/256 system clocks
_FP_PER_NS = 32  # one system clock is 8 ns
_NEVER_FP = 1 << 60  # RPPIO.next_due_fp is 1 << 62 when every state machine waits

_UART_TX_INTERRUPT = 1 << 5
_ROSC, _ROSC_RANDOMBIT = 0x40060, 0x1C
_READ_UNIQUE_ID = 0x4B
_UNIQUE_ID_SKIPPED_BYTES = 5  # opcode and four dummy bytes


def require_library() -> None:
    """Raises RuntimeError when the installed rp2040py is not the one these mends were written for."""
    found = version("rp2040py")
    if found != WRITTEN_FOR:
        raise RuntimeError(
            f"the emulator mends were written for rp2040py {WRITTEN_FOR}, found {found}: "
            f"pip install 'rp2040py[fs]=={WRITTEN_FOR}', or check each mend in emulator/mends.py"
        )
    if not RP2040.__module__.startswith("rp2040py.native"):
        raise RuntimeError("the emulator needs the compiled rp2040py: unset RP2040PY_SKIP_CYTHON, or install its wheel")


class ExactIdleClock(SimulationClock):
    """A clock whose idle jumps stop at each PIO instruction.

    Defect: while the core sleeps the library jumps to the next alarm and then runs at most one PIO
    instruction a state machine; all others that fell due in the jump are forgotten and their phase slips.
    Mend: the batch loop asks this clock how far to jump (`nanos_to_next_alarm`, used nowhere else with a tick
    batch of 1). It moves time itself to the earlier of the next alarm and the next PIO instruction, leaves
    the PIO blocks one system clock short of it and answers 0: the loop then adds its floor of one clock and
    runs what is due. The state is the same as stepping the sleep clock by clock. Busy code never asks.
    """

    __slots__ = ("stepped", "tick")

    def __init__(self) -> None:
        super().__init__()
        self.stepped: list[Any] = []  # PIO blocks that the library steps with the processor
        setattr(self, "tick", SimulationClock.tick)  # noqa: B010 - found at once, see direct_chip

    @property
    def has_scheduled_alarm(self) -> bool:
        return False  # asked at the start of a batch only, to size one that is larger than 1

    @property
    def nanos_to_next_alarm(self) -> float:
        running = [block for block in self.stepped if not block.stopped]
        if not running:
            return self._to_alarm_ns()
        jump_fp = self._jump_fp(running)
        if jump_fp == _NEVER_FP:
            return 0.0
        for block in running:
            block.cycle_fp += jump_fp - _CLOCK_FP
        SimulationClock.tick(self, jump_fp / _FP_PER_NS)
        return 0.0

    def skip(self, nanos: float) -> None:
        """Let `nanos` pass for alarms and PIO, exactly, while the core stands still."""
        end = self.nanos + nanos
        while self.nanos < end:
            running = [block for block in self.stepped if not block.stopped]
            jump_fp = min(self._jump_fp(running), round((end - self.nanos) * _FP_PER_NS))
            SimulationClock.tick(self, jump_fp / _FP_PER_NS)
            for block in running:
                block.cycle_fp += jump_fp
                block.advance(0)

    def _jump_fp(self, running: list[Any]) -> int:
        """The way to the next alarm or PIO instruction in 1/256 clocks; 0 when overdue."""
        jump_fp = min((_whole_clocks_to(block) for block in running), default=_NEVER_FP)
        if SimulationClock.has_scheduled_alarm.__get__(self):
            jump_fp = min(jump_fp, round(self._to_alarm_ns() * _FP_PER_NS))
        return min(max(jump_fp, 0), _NEVER_FP)

    def _to_alarm_ns(self) -> float:
        return float(SimulationClock.nanos_to_next_alarm.__get__(self))


def _whole_clocks_to(block: Any) -> int:
    due_fp: int = (block.next_due_fp + _CLOCK_FP - 1) & -_CLOCK_FP
    return due_fp - int(block.cycle_fp)


def hold_usb_out(cdc: Any, take: Callable[[int], bytes]) -> Callable[[], None]:
    """Answer a bulk OUT transfer when there are bytes, as a real host does; returns the "there are" call.

    Defect: the library completes every armed transfer at once with an empty packet: an interrupt every 20 us,
    the core never sleeps, an idle second costs a minute of wall time. `take(size)` gives up to `size` bytes
    for the device.
    """
    usb = cdc.usb
    library_read = usb.on_endpoint_read
    armed: list[int] = []

    def give() -> None:
        if armed:
            data = take(armed[-1])
            if data:
                armed.clear()
                usb.endpoint_read_done(cdc._out_endpoint, bytearray(data))

    def on_read(endpoint: int, size: int) -> None:
        if endpoint != cdc._out_endpoint:
            library_read(endpoint, size)
            return
        armed[:] = [size]
        give()

    library_reset = usb.on_reset

    def on_reset() -> None:
        armed.clear()
        library_reset()

    usb.on_endpoint_read = on_read
    usb.on_reset = on_reset
    return give


def quiet_uart(mcu: Any) -> None:
    """Raise the transmit interrupt when a byte was sent, not on every check.

    Defect: `check_interrupts` sets UARTTXINTR each time it is called, so enabling the interrupt hangs the
    firmware.
    """
    for uart in mcu.uart:
        _quiet_one_uart(uart)


def _quiet_one_uart(uart: Any) -> None:
    library_write = uart.write_uint32

    def check_interrupts() -> None:
        uart.rp2040.set_interrupt(uart.irq, bool(uart._interrupt_status & uart._interrupt_mask))

    def write(offset: int, value: int) -> None:
        library_write(offset, value)
        if offset == 0:  # UARTDR: the byte is gone at once, the FIFO is empty again
            uart._interrupt_status |= _UART_TX_INTERRUPT
            check_interrupts()

    uart.check_interrupts = check_interrupts
    uart.write_uint32 = write


def stop_dma_at_reset(mcu: Any) -> None:
    """Leave no DMA channel busy after a reset.

    Defect: BUSY survives it, and a busy channel cannot be started: it goes on counting from before the reset.
    """
    for channel in mcu.dma.channels:
        channel.reset = partial(_stop_channel, channel, channel.reset)


def _stop_channel(channel: Any, library_reset: Callable[[], None]) -> None:
    channel._ctrl = 0
    library_reset()


def give_random_bits(mcu: Any, seed: int) -> None:
    """Answer ROSC's RANDOMBIT from a generator, the same for the same seed.

    Defect: the oscillator is not modelled and the bit is always 1: `os.urandom` gives the same bytes each time.
    """
    rosc = mcu.peripherals[_ROSC]
    library_read = rosc.read_uint32
    random = Random(seed)

    def read(offset: int) -> int:
        return random.getrandbits(1) if offset == _ROSC_RANDOMBIT else int(library_read(offset))

    rosc.read_uint32 = read


def answer_unique_id(ssi: Any, unique_id: bytes) -> None:
    """Answer flash command 0x4B with `unique_id` (8 bytes).

    Defect: the command is not known, every board reads ffffffffffffffff.
    """
    library_shift = ssi._shift_byte

    def shift(byte: int) -> int:
        answer: int = library_shift(byte)
        sent = ssi._tx_buffer
        if sent and sent[0] == _READ_UNIQUE_ID and len(sent) > _UNIQUE_ID_SKIPPED_BYTES:
            return unique_id[(len(sent) - _UNIQUE_ID_SKIPPED_BYTES - 1) % len(unique_id)]
        return answer

    ssi._shift_byte = shift
