"""The flash chip of the emulated board: busy times, a hook at every command, torn writes.

Role in the flow: tier T2, under stage 7 (journal). Shared: no. Context: host.
Source: Winbond W25Q16JV datasheet, AC characteristics (page program, 4 KiB sector erase, 64 KiB block erase).

The library applies a command in no time when the chip is deselected. Here the chip is busy afterwards: the
first status read lets the whole busy time pass at once, with PIO, DMA and alarms running and the core
standing still, because the firmware spins there with its interrupts masked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tocsin_sim.emulator.mends import ExactIdleClock

PAGE_PROGRAM, SECTOR_ERASE, BLOCK_ERASE = 0x02, 0x20, 0xD8
_READ_STATUS_1 = 0x05
_HEADER_BYTES = 4  # opcode and 24-bit address
_ERASE_BYTES = {SECTOR_ERASE: 4096, BLOCK_ERASE: 65536}
PAGE_BYTES = 256


@dataclass(frozen=True)
class FlashTiming:
    """Busy times in nanoseconds of emulated time."""

    program_ns: int
    sector_erase_ns: int
    block_erase_ns: int

    def busy_ns(self, opcode: int) -> int:
        return {PAGE_PROGRAM: self.program_ns, SECTOR_ERASE: self.sector_erase_ns}.get(opcode, self.block_erase_ns)


INSTANT = FlashTiming(0, 0, 0)
TYPICAL = FlashTiming(400_000, 45_000_000, 150_000_000)
WORST = FlashTiming(3_000_000, 400_000_000, 2_000_000_000)


@dataclass(frozen=True)
class FlashCommand:
    """A program or erase about to be carried out. `data` is what is programmed, b"" for an erase."""

    number: int
    opcode: int
    address: int
    data: bytes
    at_ns: float

    @property
    def is_erase(self) -> bool:
        return self.opcode != PAGE_PROGRAM

    @property
    def span_bytes(self) -> int:
        """Bytes of flash the command may change, from `address`."""
        return _ERASE_BYTES.get(self.opcode, len(self.data))


def carried_out(before: bytes, command: FlashCommand) -> bytes:
    """What the bytes that a command may change are after it; bits are cleared by a program, set by an erase."""
    return bytes(a & b for a, b in zip(before, command.data, strict=True)) if command.data else b"\xff" * len(before)


def torn(flash: bytes, command: FlashCommand, seed: int) -> bytes:
    """`flash` as a power cut in the middle of `command` may leave it; `seed` chooses how.

    seed % 3: 0 = the first part is done, 1 = every bit done or not at random, 2 = all but the last bits done.
    """
    random = Random(seed)
    before = flash[command.address : command.address + command.span_bytes]
    wanted = carried_out(before, command)
    if seed % 3 == 0:
        done = random.randrange(len(before) + 1)
        after = wanted[:done] + before[done:]
    else:
        chance = 0.5 if seed % 3 == 1 else 0.98
        after = bytes(_mix(a, b, random, chance) for a, b in zip(before, wanted, strict=True))
    return flash[: command.address] + after + flash[command.address + len(after) :]


def _mix(before: int, wanted: int, random: Random, chance: float) -> int:
    done = sum(1 << bit for bit in range(8) if random.random() < chance)
    return (before & ~done & 0xFF) | (wanted & done)


class FlashModel:
    """Wraps the library's flash controller. `hooks` are called with each command before it is carried out."""

    def __init__(self, mcu: Any, clock: ExactIdleClock, timing: FlashTiming) -> None:
        self.timing = timing
        self.hooks: list[Callable[[FlashCommand], None]] = []
        self.commands = 0
        self._ssi = mcu.ssi
        self._clock = clock
        self._busy_until_ns = 0.0
        self._library_apply = self._ssi._apply_command
        self._library_shift = self._ssi._shift_byte
        self._ssi._apply_command = self._apply
        self._ssi._shift_byte = self._shift

    def _apply(self) -> None:
        command = self._pending()
        if command is None:
            self._library_apply()
            return
        self.commands += 1
        for hook in self.hooks:
            hook(command)
        self._library_apply()
        self._busy_until_ns = self._clock.nanos + self.timing.busy_ns(command.opcode)

    def _pending(self) -> FlashCommand | None:
        sent = bytes(self._ssi._tx_buffer)
        if not self._ssi._write_enabled or len(sent) < _HEADER_BYTES:
            return None
        if sent[0] not in (PAGE_PROGRAM, SECTOR_ERASE, BLOCK_ERASE):
            return None
        address = int.from_bytes(sent[1:_HEADER_BYTES], "big")
        if sent[0] != PAGE_PROGRAM:
            address -= address % _ERASE_BYTES[sent[0]]
        data = sent[_HEADER_BYTES : _HEADER_BYTES + PAGE_BYTES] if sent[0] == PAGE_PROGRAM else b""
        return FlashCommand(self.commands, sent[0], address, data, self._clock.nanos)

    def _shift(self, byte: int) -> int:
        answer: int = self._library_shift(byte)
        sent = self._ssi._tx_buffer
        if len(sent) > 1 and sent[0] == _READ_STATUS_1 and self._busy_until_ns > self._clock.nanos:
            self._clock.skip(self._busy_until_ns - self._clock.nanos)
        return answer
