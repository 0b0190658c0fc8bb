"""Chips on the I2C bus of the emulated board: SHT3x, SHT4x and LIS3DH, register by register.

Role in the flow: tier T2, under stage 3. Shared: no. Context: host.
Sources: the datasheets named in tocsin_fw/climate.py and accelerometer.py, read apart from those files.

A twin answers bytes as its bus hands them over. `present` cleared: nobody acknowledges its address. `corrupt`: its
answers' checksums are wrong. `hangs`: it holds the bus, no transfer to it ever ends.
"""

from typing import Any

from tocsin_sim.emulator.board import EmulatedBoard

_NS_PER_MS = 1_000_000
_RESETS, _RESET_OFFSET, _RESET_I2C0 = 0x4000C, 0, 1 << 3
# (command, conversion in ms at most)
_SHT = {"sht3x": (b"\x24\x00", 15.5), "sht4x": (b"\xfd", 8.3)}


class Twin:
    """A chip: what was written since it was addressed is in `written`."""

    def __init__(self) -> None:
        self.present = True
        self.corrupt = False
        self.hangs = False
        self.written = b""

    def begin(self, is_read: bool) -> None:
        """Addressed."""

    def take(self, value: int) -> None:
        """A byte from the master."""
        self.written += bytes((value,))

    def give(self) -> int:
        """A byte for the master."""
        return 0xFF


class I2cTwins:
    """The chips of one bus, by address."""

    def __init__(self, board: EmulatedBoard, number: int = 0) -> None:
        self.twins: dict[int, Twin] = {}
        self._bus: Any = board.mcu.i2c[number]
        self._now: Twin | None = None
        self._bus.on_connect = self._connect
        self._bus.on_write_byte = self._write
        self._bus.on_read_byte = self._read
        _carry_out_reset(board.mcu, self._bus, _RESET_I2C0 << number)

    def _connect(self, address: int, mode: int) -> None:
        twin = self.twins.get(address)
        self._now = twin if twin is not None and twin.present else None
        if self._now is None:
            self._bus.complete_connect(False)
        elif not self._now.hangs:
            if int(mode) == 0:
                self._now.written = b""
            self._now.begin(int(mode) == 1)
            self._bus.complete_connect(True)

    def _write(self, value: int) -> None:
        assert self._now is not None
        self._now.take(value)
        self._bus.complete_write(True)

    def _read(self, ack: bool) -> None:
        assert self._now is not None
        self._bus.complete_read(self._now.give())


class Sht(Twin):
    """An SHT3x or SHT4x. It answers only what it was asked to measure, and not before the conversion is over."""

    def __init__(self, board: EmulatedBoard, kind: str) -> None:
        super().__init__()
        self.temperature_mc = 20_000
        self.humidity_milli = 50_000
        self._board = board
        self._kind = kind
        self._ready_ns: float | None = None
        self._answer = b""

    def take(self, value: int) -> None:
        super().take(value)
        command, conversion_ms = _SHT[self._kind]
        if self.written == command:
            self._ready_ns = self._board.now_ns + conversion_ms * _NS_PER_MS

    def begin(self, is_read: bool) -> None:
        if is_read:
            is_ready = self._ready_ns is not None and self._board.now_ns >= self._ready_ns
            self._answer = self._measured() if is_ready else b""

    def give(self) -> int:
        value, self._answer = self._answer[:1], self._answer[1:]
        return value[0] if value else 0xFF

    def _measured(self) -> bytes:
        raw_t = round((self.temperature_mc + 45_000) * 65535 / 175_000)
        if self._kind == "sht3x":
            raw_rh = round(self.humidity_milli * 65535 / 100_000)
        else:
            raw_rh = round((self.humidity_milli + 6_000) * 65535 / 125_000)
        words = [raw.to_bytes(2, "big") for raw in (raw_t, raw_rh)]
        return b"".join(word + bytes((_sensirion_crc(word) ^ (0x5A if self.corrupt else 0),)) for word in words)


class Lis3dh(Twin):
    """A LIS3DH: power-down after power-up, readings while it runs, and an interrupt that it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.axes_mg = (0, 0, 1000)
        self._register = 0
        self._goes_on = False
        self.registers = bytearray(64)
        self.power_up()

    def power_up(self) -> None:
        """Forget every setting."""
        self.registers[:] = bytes(64)
        self.registers[0x0F], self.registers[0x20] = 0x33, 0x07

    def shake(self, mg: int) -> None:
        """A blow; kept when the chip runs, looks for it, and it is above the threshold."""
        runs = self.registers[0x20] >> 4
        if runs and self.registers[0x30] & 0x2A and mg >= self.registers[0x32] * 16:
            self.registers[0x31] |= 0x42

    def begin(self, is_read: bool) -> None:
        if is_read and self.written:
            self._register, self._goes_on = self.written[0] & 0x3F, bool(self.written[0] & 0x80)

    def take(self, value: int) -> None:
        super().take(value)
        if len(self.written) > 1:
            self.registers[(self.written[0] & 0x3F) + (len(self.written) - 2) * (self.written[0] >> 7)] = value

    def give(self) -> int:
        register = self._register
        self._register += self._goes_on
        if 0x28 <= register < 0x2E:
            mg = self.axes_mg[(register - 0x28) // 2] if self.registers[0x20] >> 4 else 0
            return (mg << 4 & 0xFFFF) >> 8 * (register & 1) & 0xFF
        value = self.registers[register]
        if register == 0x31:
            self.registers[0x31] = 0
        return value


def _carry_out_reset(mcu: Any, bus: Any, bit: int) -> None:
    """Reset the block when its reset bit is set.

    Defect (rp2040py 0.3.6): RESETS only keeps the bit; a block whose transfer hangs can never be set up again.
    """
    resets = mcu.peripherals[_RESETS]
    library_write = resets.write_uint32

    def write(offset: int, value: int) -> None:
        library_write(offset, value)
        if offset == _RESET_OFFSET and value & bit:
            bus.reset()

    resets.write_uint32 = write


def _sensirion_crc(data: bytes) -> int:
    crc = 0xFF
    for bit in range(8 * len(data)):
        top = crc >> 7 ^ data[bit // 8] >> (7 - bit % 8) & 1
        crc = crc << 1 & 0xFF ^ (0x31 if top else 0)
    return crc
