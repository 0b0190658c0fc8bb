"""DS18B20 sensors on the one-wire bus, without waiting for a conversion.

Role in the flow: stage 3. Context: task.
Source: DS18B20 datasheet (Maxim 19-7487), "Memory"; sensors with their own supply (three wires).

A conversion takes 750 ms, for which nothing here waits: each reading takes what the last conversion found and
begins the next one. The value is therefore as old as the time between two readings, and the first reading has
none.
"""

import time
from binascii import unhexlify

import onewire
from machine import Pin

from .hal import ERANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MATCH_ROM = 0x55
_CONVERT = 0x44
_READ_SCRATCHPAD = 0xBE
_SCRATCHPAD_BYTES = 9
_CONVERSION_MS = 750
_RAW_AFTER_POWER_UP = 0x0550  # 85 °C: the sensor lost its power since the conversion began
_MC_TIMES_16 = 1000  # a raw step is 1/16 °C
_EIO, _EAGAIN, _ENODEV = 5, 11, 19


class Thermometers:
    """The sensors of one bus, by names like "28-0316a4f1c2ff": family and serial number of the ROM id."""

    def __init__(self, pin: int, sensors: "list[str]") -> None:
        """Begins the first conversion of each sensor; those that are absent are found so at their reading."""
        self._bus = onewire.OneWire(Pin(pin))
        self.sensors: dict[str, bytes] = {}  # and their ROM ids
        self._begun_ms: "dict[str, Any]" = {}
        for sensor in sensors:
            self.sensors[sensor] = _rom(sensor, self._bus.crc8)
            try:
                self._begin(sensor)
            except OSError:
                pass

    def read(self, sensor: str) -> int:
        """m°C found by the last conversion; begins the next.

        Raises OSError: ENODEV unknown or absent, EIO damaged answer, EAGAIN no conversion finished yet, ERANGE the
        value that it has after a loss of power.
        """
        if sensor not in self.sensors:
            raise OSError(_ENODEV)
        begun_ms = self._begun_ms.get(sensor)
        if begun_ms is None:
            self._begin(sensor)
            raise OSError(_EAGAIN)
        if time.ticks_diff(time.ticks_ms(), begun_ms) < _CONVERSION_MS:
            raise OSError(_EAGAIN)
        self._begun_ms[sensor] = None
        reading_mc = self._read(sensor)
        self._begin(sensor)
        return reading_mc

    def _begin(self, sensor: str) -> None:
        self._select(sensor)
        self._bus.writebyte(_CONVERT)
        self._begun_ms[sensor] = time.ticks_ms()

    def _read(self, sensor: str) -> int:
        self._select(sensor)
        self._bus.writebyte(_READ_SCRATCHPAD)
        scratchpad = bytearray(_SCRATCHPAD_BYTES)
        self._bus.readinto(scratchpad)
        raw = scratchpad[1] << 8 | scratchpad[0]
        if self._bus.crc8(scratchpad) or not any(scratchpad):
            raise OSError(_EIO)
        if raw == _RAW_AFTER_POWER_UP:
            raise OSError(ERANGE)
        if raw & 0x8000:
            raw -= 0x10000
        return raw * _MC_TIMES_16 // 16

    def _select(self, sensor: str) -> None:
        if not self._bus.reset():
            raise OSError(_ENODEV)
        self._bus.writebyte(_MATCH_ROM)
        self._bus.write(self.sensors[sensor])


def _rom(sensor: str, crc8: "Callable[[bytes], int]") -> bytes:
    """The 8 bytes of a ROM id: family, six bytes of serial number as the bus sends them, CRC."""
    family, _, serial = sensor.partition("-")
    rom = unhexlify(family) + bytes(reversed(unhexlify(serial)))
    return rom + bytes([crc8(rom)])
