"""A DS18B20 or an iButton on a pin of the emulated board, bit by bit.

Role in the flow: tier T2, under stage 3. Shared: no. Context: host.
Sources: DS18B20 datasheet (Maxim 19-7487), "1-Wire Signaling", ROM and function commands; DS1990A datasheet
(Maxim 19-4893).

A master's low of more than 300 us is a reset. After it the twin is a coroutine that asks for bits (it yields
None and gets 0 or 1) or gives bits (it yields 0 or 1), one for each time slot of the master.
"""

from collections.abc import Generator

from tocsin_sim.emulator.board import EmulatedBoard

_RESET_NS = 300_000
_ONE_BELOW_NS = 15_000  # a master's write slot shorter than this is a 1
_PRESENCE_AFTER_NS = 30_000
_PRESENCE_NS = 120_000
_ZERO_NS = 30_000
_CONVERSION_NS = 750_000_000
_POWER_UP_RAW = 0x0550  # 85 °C

_SEARCH, _READ_ROM, _MATCH, _SKIP = 0xF0, 0x33, 0x55, 0xCC
_CONVERT, _READ_SCRATCHPAD = 0x44, 0xBE

Protocol = Generator["int | None", "int | None", None]


def crc8(data: bytes) -> int:
    """Maxim's CRC, x^8 + x^5 + x^4 + 1, reflected."""
    crc = 0
    for byte in data:
        for bit in range(8):
            mix = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0x8C if mix else 0)
    return crc


class Ds18b20:
    """One sensor. `temperature_mc` is what a conversion finds; `corrupt` damages the answers' checksum.

    `has_lost_power`: no conversion ends, the scratchpad keeps the value of the power-up.
    """

    def __init__(self, board: EmulatedBoard, pin: int, serial: str, temperature_mc: int = 21_500) -> None:
        """`serial` is the part of its name after "28-": 12 hexadecimal digits."""
        rom = bytes([0x28]) + bytes(reversed(bytes.fromhex(serial)))
        self.rom = rom + bytes([crc8(rom)])
        self.temperature_mc = temperature_mc
        self.corrupt = False
        self.present = True
        self.has_lost_power = False
        self._raw = _POWER_UP_RAW
        self._board = board
        self._pin = pin
        self._fell_ns = 0.0
        self._protocol: Protocol | None = None
        self._wanted: int | None = None
        board.pin(pin, None)
        board.on_drive(pin, self._master)

    def _master(self, now_ns: float, is_low: bool) -> None:
        """The master pulls the line low, or lets it go."""
        if not self.present:
            return
        if is_low:
            self._fell_ns = now_ns
            if self._wanted == 0:
                self._pull_low(_ZERO_NS)
            return
        low_ns = now_ns - self._fell_ns
        if low_ns > _RESET_NS:
            self._protocol = self._after_reset()
            self._wanted = next(self._protocol)
            self._board.at(now_ns + _PRESENCE_AFTER_NS, lambda: self._pull_low(_PRESENCE_NS))
        elif self._protocol is not None:
            self._next_slot(int(low_ns < _ONE_BELOW_NS) if self._wanted is None else None)

    def _next_slot(self, bit: int | None) -> None:
        assert self._protocol is not None
        try:
            self._wanted = self._protocol.send(bit)
        except StopIteration:
            self._protocol = None
            self._wanted = None

    def _pull_low(self, for_ns: int) -> None:
        self._board.pin(self._pin, False)
        self._board.pin(self._pin, None, self._board.now_ns + for_ns)

    def _after_reset(self) -> Protocol:
        command = yield from _get_byte()
        if command == _SEARCH:
            yield from self._search()
            return
        if command == _READ_ROM:
            yield from _give(self.rom)
            return
        if command == _MATCH:
            for byte in self.rom:
                if (yield from _get_byte()) != byte:
                    return
        elif command != _SKIP:
            return
        function = yield from _get_byte()
        if function == _CONVERT:
            self._board.at(self._board.now_ns + _CONVERSION_NS, self._converted)
        elif function == _READ_SCRATCHPAD:
            yield from _give(self._scratchpad())

    def _search(self) -> Protocol:
        for at in range(64):
            bit = self.rom[at >> 3] >> (at & 7) & 1
            yield bit
            yield 1 - bit
            if (yield None) != bit:
                return

    def _converted(self) -> None:
        self._raw = _POWER_UP_RAW if self.has_lost_power else self.temperature_mc * 16 // 1000 & 0xFFFF

    def _scratchpad(self) -> bytes:
        data = self._raw.to_bytes(2, "little") + bytes([0x4B, 0x46, 0x7F, 0xFF, 0, 0x10])
        return data + bytes([crc8(data) ^ (0x55 if self.corrupt else 0)])


class Ds1990a(Ds18b20):
    """A reader's probe, and the iButton that is held to it: it answers Read ROM and Search ROM, and nothing else."""

    def __init__(self, board: EmulatedBoard, pin: int) -> None:
        super().__init__(board, pin, "000000000000")
        self.present = False

    def hold(self, rom: bytes) -> None:
        """Hold an iButton with these 8 bytes to the probe; b"" takes it away."""
        self.present = bool(rom)
        self.rom = rom or self.rom
        self._protocol = self._wanted = None

    def _after_reset(self) -> Protocol:
        command = yield from _get_byte()
        if command == _SEARCH:
            yield from self._search()
        elif command == _READ_ROM:
            yield from _give(self.rom)


def _get_byte() -> Generator["int | None", "int | None", int]:
    value = 0
    for bit in range(8):
        got = yield None
        value |= (got or 0) << bit
    return value


def _give(data: bytes) -> Protocol:
    for byte in data:
        for bit in range(8):
            yield byte >> bit & 1
