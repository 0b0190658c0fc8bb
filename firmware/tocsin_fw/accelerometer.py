"""LIS3DH on I2C, fixed to a work: how far it leans from its rest, and whether it got a blow.

Role in the flow: stage 3. Context: task. A bus is called as `i2c_bus.Bus` is.
Source: ST LIS3DH datasheet (DocID17530), section 8, registers; AN3308, 6.3, interrupt on a high-passed signal.

The chip itself watches for blows, 100 times a second behind its high-pass filter, and keeps one that was too strong
until it is read: no wire for an interrupt, and no blow between two readings is missed.
"""

import json
import math

from .hal import EAGAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_READ, _WRITE = "readfrom_mem", "writeto_mem"
_WHO_AM_I, _IS_LIS3DH = 0x0F, 0x33
_CTRL_REG1, _RUN = 0x20, 0x57  # 100 Hz, three axes
_OUT_X_L_NEXT = 0x28 | 0x80  # the top bit: go on with the next register
_INT1_SRC, _BLOW = 0x31, 0x40
_INT1_THS, _THS_MG = 0x32, 16
_REFERENCE = 0x26
_SETUP = (
    (0x21, 0x01),  # CTRL_REG2: high-pass for interrupt 1 only
    (0x23, 0x88),  # CTRL_REG4: whole readings, 12 bits, 2 g
    (0x24, 0x08),  # CTRL_REG5: keep interrupt 1 until it is read
    (0x33, 0x00),  # INT1_DURATION: one sample
    (0x30, 0x2A),  # INT1_CFG: any axis above the threshold
)
# A chip at rest feels 1000 mg; one that says much less has lost its power, and its settings.
_LEAST_MG = 500
_EIO, _ENODEV = 5, 19


def set_up(bus: "Any", address: int, shake_mg: int) -> None:
    """Make the chip run and watch. Raises: OSError; ENODEV when it is no LIS3DH."""
    if bus(_READ, address, _WHO_AM_I, 1)[0] != _IS_LIS3DH:
        raise OSError(_ENODEV)
    bus(_WRITE, address, _INT1_THS, bytes([max(1, min(127, shake_mg // _THS_MG))]))
    for register, value in _SETUP + ((_CTRL_REG1, _RUN),):
        bus(_WRITE, address, register, bytes([value]))
    bus(_READ, address, _REFERENCE, 1)  # the filter begins with how it lies now
    bus(_READ, address, _INT1_SRC, 1)  # what it felt meanwhile


def axes_mg(bus: "Any", address: int) -> "tuple[int, int, int]":
    """What each axis feels. Raises: OSError."""
    data = bus(_READ, address, _OUT_X_L_NEXT, 6)
    return _mg(data, 0), _mg(data, 2), _mg(data, 4)


def tilt_milli(rest: "tuple[int, int, int]", now: "tuple[int, int, int]") -> int:
    """Thousandths of a degree between two directions."""
    ax, ay, az = rest
    bx, by, bz = now
    cross = math.sqrt((ay * bz - az * by) ** 2 + (az * bx - ax * bz) ** 2 + (ax * by - ay * bx) ** 2)
    return int(math.atan2(cross, ax * bx + ay * by + az * bz) * 180_000 / math.pi)


class Accelerometers:
    """The LIS3DHs of a bus, by names like "lis3dh-18/tilt" and "lis3dh-18/shake"."""

    def __init__(self, bus: "Any", zones: "list[dict[str, Any]]", hal: "Any") -> None:
        """`hal.memory`, once there are readings, keeps how each stood at first."""
        self._bus = bus
        self._hal = hal
        self._shake_mg = {zone["sensor"]: zone.get("shake_milli", 0) for zone in zones}
        self.sensors = [name + part for name in self._shake_mg for part in ("/tilt", "/shake")]
        self._running: "set[str]" = set()
        self._rest: "dict[str, tuple[int, int, int]]" = {}

    def read(self, sensor: str) -> int:
        """See `Hal.read`. Raises: OSError; EAGAIN when the chip was only just set up."""
        name, _, what = sensor.partition("/")
        address = int(name.partition("-")[2], 16)
        try:
            if name in self._running:
                return self._read(name, what, address)
            set_up(self._bus, address, self._shake_mg[name] or 2000)
        except OSError:
            self._running.discard(name)
            raise
        self._running.add(name)
        raise OSError(EAGAIN)

    def _read(self, name: str, what: str, address: int) -> int:
        bus = self._bus
        if what == "shake":
            if bus(_READ, address, _CTRL_REG1, 1)[0] != _RUN:
                raise OSError(_EIO)
            return self._shake_mg[name] if bus(_READ, address, _INT1_SRC, 1)[0] & _BLOW else 0
        now = axes_mg(bus, address)
        if now[0] ** 2 + now[1] ** 2 + now[2] ** 2 < _LEAST_MG**2:
            raise OSError(_EIO)
        if name not in self._rest:
            # How it stood when it was first seen: what a start before this one kept, else how it stands now.
            kept = self._hal.memory.load(name) or json.dumps(now).encode()
            self._hal.memory.keep(name, kept)
            self._rest[name] = json.loads(kept)
        return tilt_milli(self._rest[name], now)


def _mg(data: bytes, at: int) -> int:
    """12 bits at the top of 16, two's complement."""
    raw = data[at + 1] << 8 | data[at]
    return (raw - 0x10000 if raw & 0x8000 else raw) >> 4
