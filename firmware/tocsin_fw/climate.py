"""SHT3x and SHT4x on I2C: temperature and relative humidity, without waiting for a conversion.

Role in the flow: stage 3. Context: task. A bus is called as `i2c_bus.Bus` is.
Sources: Sensirion SHT3x-DIS datasheet (2022), 4.3 single shot, 4.12 checksum, 4.13 conversion; SHT4x datasheet (2023),
4.5 commands, 4.4 checksum, 4.6 conversion.

As with the DS18B20, each reading takes what the last conversion found and begins the next one.
"""

import time

from .hal import EAGAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# High repeatability, no clock stretching: a chip that holds the clock would hold up the bus.
_MEASURE = {"sht3x": b"\x24\x00", "sht4x": b"\xfd"}
_CONVERSION_MS = 20  # 15.5 ms at most (SHT3x), 8.3 ms (SHT4x)
_ANSWER_BYTES = 6
_EIO = 5


def crc8(data: bytes) -> int:
    """Sensirion's CRC: polynomial 0x31, start 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def decode(chip: str, data: bytes) -> "tuple[int, int]":
    """(m°C, thousandths of %RH) of an answer of 6 bytes. Raises: OSError EIO when a checksum is wrong."""
    if crc8(data[0:2]) != data[2] or crc8(data[3:5]) != data[5]:
        raise OSError(_EIO)
    temperature_mc = (data[0] << 8 | data[1]) * 175_000 // 65535 - 45_000
    raw = data[3] << 8 | data[4]
    humidity = raw * 100_000 // 65535 if chip == "sht3x" else raw * 125_000 // 65535 - 6_000
    return temperature_mc, min(max(humidity, 0), 100_000)


class Climate:
    """The SHTs of a bus, by names like "sht4x-44/t" and "sht4x-44/rh"."""

    def __init__(self, bus: "Any", sensors: "list[str]") -> None:
        self.sensors = sensors
        self._bus = bus
        # By chip: ticks when its conversion began (None: none runs), what the last one found, whether each was read.
        self._chips: "dict[str, list[Any]]" = {sensor.partition("/")[0]: [None, (0, 0), 3] for sensor in sensors}

    def read(self, sensor: str) -> int:
        """Thousandths of what the last conversion found; begins the next.

        Raises: OSError: EAGAIN none finished yet, EIO damaged, or what the bus raises.
        """
        name, _, quantity = sensor.partition("/")
        chip = self._chips[name]
        place = 0 if quantity == "t" else 1
        if chip[2] & 1 << place:
            self._convert(name, chip)
        chip[2] |= 1 << place
        reading: int = chip[1][place]
        return reading

    def _convert(self, name: str, chip: "list[Any]") -> None:
        """Take what the last conversion found, and begin the next one."""
        kind, _, address = name.partition("-")
        number = int(address, 16)
        begun_ms, chip[0] = chip[0], None
        if begun_ms is not None:
            if time.ticks_diff(time.ticks_ms(), begun_ms) < _CONVERSION_MS:
                chip[0] = begun_ms
                raise OSError(EAGAIN)
            chip[1] = decode(kind, self._bus("readfrom", number, _ANSWER_BYTES))
            chip[2] = 0
        self._bus("writeto", number, _MEASURE[kind])
        chip[0] = time.ticks_ms()
        if begun_ms is None:
            raise OSError(EAGAIN)
