"""Drives slow PIO programs from the clock, and leaps over samples that nobody can tell apart.

Role in the flow: tier T2, under stage 1 (sampler). Shared: no. Context: host. Facts: docs/emulator.md.

The library steps a PIO block after every processor instruction. A block whose state machines all run slowly is driven
by an alarm instead, at the very time its next instruction is due; others are left to the library. While the core sleeps
and no alarm can come between, a loop `in pins, 32; jmp x--` into a DMA ring does the same again and again: its rounds
are carried out at once. The state after a leap is that of the single steps; a test compares them.
"""

from typing import Any

from rp2040py.clock.simulation_clock import SimulationClock

_CLOCK_FP = 256  # RPPIO counts 1/256 system clocks
_FP_PER_NS = 32  # one system clock is 8 ns
# An instruction each 8 µs or more: an alarm for each costs less than the question after every processor instruction.
_SLOW_FP = 1000 * _CLOCK_FP
_PIO_PAGES = (0x50200, 0x50300)  # keys of the library's table of peripherals

_IN_PINS_32 = 0x4000
_JMP_X_DEC = 0x0040
_OPERATION = 0xE0FF
_JMP_OPERATION = 0xE0E0
_DELAY_SHIFT, _FIVE_BITS = 8, 0x1F
_AUTOPUSH = 1 << 16
_PUSH_THRESHOLD = 0x1F << 20  # 0 is 32
_WRAP_TOP_SHIFT, _IN_BASE_SHIFT, _SIDESET_SHIFT = 12, 15, 29
_RX_FIFO = 0x20
_WORD_BYTES = 4
_DMA_RING_SEL, _DMA_INCR_WRITE, _DMA_INCR_READ = 1 << 10, 1 << 5, 1 << 4


class PioPace:
    """Paces both PIO blocks of a chip. `stepped` are those that the library must step with the processor.

    `leapt_samples` counts the samples that were not taken one by one; `may_leap` is cleared by the test that compares.
    """

    def __init__(self, mcu: Any, clock: Any) -> None:
        self.stepped: list[Any] = []
        self.may_leap = True
        self.leapt_samples = 0
        for page in _PIO_PAGES:
            mcu.peripherals[page] = _PacedBlock(mcu.peripherals[page], page << 12, mcu, clock, self)


class _PacedBlock:
    """A PIO block as the bus sees it: every write may start, stop or stall a state machine."""

    def __init__(self, block: Any, address: int, mcu: Any, clock: Any, pace: PioPace) -> None:
        self._block = block
        self._address = address
        self._mcu = mcu
        self._clock = clock
        self._pace = pace
        self._alarm = clock.create_alarm(self._due)
        self._is_paced = False
        self._offset_fp = 0  # the block's own count of clocks less the chip's
        self.read_uint32 = block.read_uint32
        self.reset = block.reset

    def write_uint32(self, offset: int, value: int) -> None:
        self._catch_up()
        self._block.write_uint32(offset, value)
        self._settle()

    def write_uint32_atomic(self, offset: int, value: int, atomic_type: int) -> None:
        self._catch_up()
        self._block.write_uint32_atomic(offset, value, atomic_type)
        self._settle()

    def _due(self) -> None:
        if self._is_paced and not self._block.stopped:
            self._catch_up()
            if not (self._pace.may_leap and self._mcu.core.waiting and self._leap()):
                self._block.advance(0)
        self._settle()

    def _catch_up(self) -> None:
        if self._is_paced:
            self._block.cycle_fp = round(self._clock.nanos * _FP_PER_NS) + self._offset_fp

    def _settle(self) -> None:
        """Decide who drives the block, and when its next instruction is due."""
        block, stepped = self._block, self._pace.stepped
        was_paced, self._is_paced = self._is_paced, not block.stopped and all(map(_is_slow, block.machines))
        if (block in stepped) != (not block.stopped and not self._is_paced):
            (stepped.remove if block in stepped else stepped.append)(block)
        if not self._is_paced:
            self._alarm.cancel()
            return
        if not was_paced:
            self._offset_fp = block.cycle_fp - round(self._clock.nanos * _FP_PER_NS)
        due_fp = (block.next_due_fp + _CLOCK_FP - 1) & -_CLOCK_FP
        self._alarm.schedule(max(0, due_fp - block.cycle_fp) / _FP_PER_NS)

    def _leap(self) -> bool:
        """Carry out all rounds of a sampling loop before the next alarm but the last; False when there are none."""
        machine = next(machine for machine in self._block.machines if machine.enabled)
        round_fp = _round_clocks(self._block, machine) * machine.div_fp
        channel = self._reader(machine)
        if not round_fp or channel is None:
            return False
        free_fp = int(SimulationClock.nanos_to_next_alarm.__get__(self._clock) * _FP_PER_NS)
        rounds: int = min(machine.x, channel._trans_count - 1, free_fp // round_fp)
        if rounds <= 0:
            return False
        in_base = machine.pin_ctrl >> _IN_BASE_SHIFT & _FIVE_BITS
        pins = self._mcu.gpio_values
        self._store(channel, (pins << (32 - in_base) | pins >> in_base) & 0xFFFFFFFF if in_base else pins, rounds)
        machine.x -= rounds
        machine.cycles += rounds * (round_fp // machine.div_fp)
        machine.next_due_fp += rounds * round_fp
        machine.rx_fifo._start = (machine.rx_fifo._start + rounds) % machine.rx_fifo.size
        self._block.recompute_due()
        self._pace.leapt_samples += rounds
        return True

    def _reader(self, machine: Any) -> Any:
        """The DMA channel that takes this machine's words into a ring, when nothing else would notice them."""
        fifo = self._address + _RX_FIFO + _WORD_BYTES * machine.index
        enabled = self._block.irq0_int_enable | self._block.irq1_int_enable
        if not machine.rx_fifo.empty or enabled >> machine.index & 1:
            return None
        readers = [c for c in self._mcu.dma.channels if c.active and c.treq == machine.dreq_rx]
        if len(readers) != 1 or readers[0]._read_addr != fifo or readers[0]._data_size != _WORD_BYTES:
            return None
        channel = readers[0]
        wanted = _DMA_RING_SEL | _DMA_INCR_WRITE
        is_ring = channel._ctrl & (wanted | _DMA_INCR_READ) == wanted and channel._transfer_fn == channel.transfer32
        return channel if is_ring else None

    def _store(self, channel: Any, word: int, count: int) -> None:
        mask, at = channel._ring_mask, channel._write_addr
        for _ in range(count):
            self._mcu.bus.write_uint32(at, word)
            at = (at & ~mask) | ((at + _WORD_BYTES) & mask)
        channel._write_addr = at
        channel._trans_count -= count


def _is_slow(machine: Any) -> bool:
    return not machine.enabled or (machine.div_fp >= _SLOW_FP and not machine.waiting)


def _round_clocks(block: Any, machine: Any) -> int:
    """PIO clocks of one round when `machine` stands at `in pins, 32` of such a loop and is alone; else 0."""
    at = machine.pc
    take: int = block.instructions[at]
    again: int = block.instructions[(at + 1) & _FIVE_BITS]
    is_loop = take & _OPERATION == _IN_PINS_32 and again & _JMP_OPERATION == _JMP_X_DEC and again & _FIVE_BITS == at
    wraps = machine.exec_ctrl >> _WRAP_TOP_SHIFT & _FIVE_BITS == at
    pushes = machine.shift_ctrl & (_AUTOPUSH | _PUSH_THRESHOLD) == _AUTOPUSH
    is_alone = sum(map(_is_enabled, block.machines)) == 1
    if not (is_loop and pushes and is_alone) or wraps or machine.pin_ctrl >> _SIDESET_SHIFT:
        return 0
    return 2 + (take >> _DELAY_SHIFT & _FIVE_BITS) + (again >> _DELAY_SHIFT & _FIVE_BITS)


def _is_enabled(machine: Any) -> bool:
    return bool(machine.enabled)
