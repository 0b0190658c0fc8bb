"""The hardware layer of the RP2040 (Pico W); `hal.py` is its contract.

Role in the flow: stages 1, 3, 7 and 8, where the firmware meets the board. Context: task.
Source: RP2040 datasheet 4.9.5 (temperature sensor).
"""

import os
from binascii import hexlify

import machine
import rp2
import tocsin_boards

from .hal import WATCHDOG_MS
from .link_rp2 import UsbLink
from .sampler_rp2 import Sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .memory import Memory

_REFERENCE_UV = 3_300_000
_FULL_SCALE = 65536
_FIRST_ADC_PIN = 26
_ADC_CHANNELS = 3
# T = 27 °C - (V - 0.706 V) / 1.721 mV
_CHIP_UV_AT_27_C = 706_000
_CHIP_UV_FOR_1000_C = 1_721_000
_ADC_READINGS = 8  # averaged: the RP2040's converter has about 9 good bits
_ENODEV = 19


# Set by main_rp2.py, which found our modules: the slot they lie in, "" for none, whether it is on trial, and what they
# are imported from.
SLOT = ""
IS_TRIAL = False
PACK: "Any" = None


def open_hal(config: "dict[str, Any]") -> "Hal":
    """The hardware of this board for the gateway that `config` describes."""
    if SLOT:
        # What the host is told is the library that runs, not the one that the board was provisioned with.
        with open("/slots/" + SLOT + ".tocsin", "rb") as bundle:
            config["lib_hash"] = hexlify(bundle.read(25)[17:]).decode()
    return Hal(config)


class Hal:
    """See `hal.py`."""

    memory: "Memory"

    def __init__(self, config: "dict[str, Any]") -> None:
        self.board = config["board"]
        self.storage = ""
        self.slot = SLOT
        self.is_trial = IS_TRIAL
        self.flash = rp2.Flash()
        self.sampler = Sampler()
        self.link = UsbLink()
        self.random = os.urandom
        self.restart = machine.reset
        self._watchdog: "machine.WDT | None" = None
        self._drivers = _drivers(config, self)

    def feed(self) -> None:
        """Feed the watchdog; the first call starts it, and nothing stops it then. By then everything is imported."""
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
            if PACK:
                PACK.rest()
        self._watchdog.feed()

    def reset_cause(self) -> int:
        """0 unknown, 1 power, 3 watchdog: the numbers of the port are those of the record."""
        cause = machine.reset_cause()
        return cause if cause in (machine.PWRON_RESET, machine.WDT_RESET) else 0

    def join(self, ssid: str, password: str) -> bool:
        """See `hal.py`. The radio's driver is brought in where a site has a network, and only there."""
        from .wifi_rp2 import join

        return join(ssid, password)

    def set_output(self, pin: int, level: int) -> None:
        """See `hal.py`."""
        machine.Pin(pin, machine.Pin.OUT, value=level)

    def read_mv(self, channel: int) -> int:
        """Millivolts at ADC `channel`, 0 to 2. Raises OSError for another one."""
        if not 0 <= channel < _ADC_CHANNELS:
            raise OSError(_ENODEV)
        return _read_uv(_FIRST_ADC_PIN + channel) // 1000

    def read(self, sensor: str) -> int:
        """See `hal.py`. Raises OSError."""
        if sensor == "chip":
            return 27_000 - (_read_uv(machine.ADC.CORE_TEMP) - _CHIP_UV_AT_27_C) * 1_000_000 // _CHIP_UV_FOR_1000_C
        for driver in self._drivers:
            if sensor in driver.sensors:
                return driver.read(sensor)
        raise OSError(_ENODEV)

    def read_rom(self, pin: int) -> "bytes | None":
        """See `hal.py`. The driver is brought in where a site has a reader, and only there."""
        from .ibutton import read_rom

        return read_rom(pin)


def _read_uv(source: int) -> int:
    adc = machine.ADC(source)
    total = 0
    for _ in range(_ADC_READINGS):
        total += adc.read_u16()
    return total * _REFERENCE_UV // (_FULL_SCALE * _ADC_READINGS)


def _drivers(config: "dict[str, Any]", hal: Hal) -> "list[Any]":
    """What reads the sensors of this site; the modules of the others are never imported."""
    zones = [zone for zone in config["zones"] if "sensor" in zone and zone["sensor"] != "chip"]
    names = [zone["sensor"] for zone in zones]
    board = tocsin_boards.load(config["board"]) if zones else {}
    drivers: "list[Any]" = []
    one_wire = [name for name in names if name.startswith("28-")]
    if one_wire:
        from .thermometers import Thermometers

        drivers.append(Thermometers(board["onewire_pin"], one_wire))
    on_i2c = [zone for zone in zones if zone["sensor"][:3] in ("sht", "lis")]
    if on_i2c:
        from .i2c_bus import Bus

        bus = Bus(**board["i2c"])
        climate = [zone["sensor"] for zone in on_i2c if zone["type"] != "tilt"]
        if climate:
            from .climate import Climate

            drivers.append(Climate(bus, climate))
        if len(climate) < len(on_i2c):
            from .accelerometer import Accelerometers

            drivers.append(Accelerometers(bus, [zone for zone in on_i2c if zone["type"] == "tilt"], hal))
    for name in names:
        if name.startswith("pulses-"):
            from .counter_rp2 import Counter

            drivers.append(Counter(name))
    return drivers
