"""What is wired to an emulated board by its configuration, and the readings that it is told to show.

Role in the flow: tier T2 of a scenario, under stage 3. Context: CPython.
"""

import math
from typing import Any

import tocsin_boards

from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.i2c_twins import I2cTwins, Lis3dh, Sht, Twin
from tocsin_sim.emulator.one_wire import Ds18b20
from tocsin_sim.vm import wire

_LOW_NS = 5 * NS_PER_MS


class SensorTwins:
    """`show(name, reading)`: what the sensor of that name (`Hal.read`) says from now on."""

    def __init__(self, board: EmulatedBoard, config: dict[str, Any]) -> None:
        self._board = board
        self._one_wire: dict[str, Ds18b20] = {}
        self._chips: dict[str, Twin] = {}
        self._anemometers: dict[str, _Anemometer] = {}
        self._i2c: I2cTwins | None = None
        pin = tocsin_boards.load(config["board"])["onewire_pin"]
        for name in [zone["sensor"] for zone in config["zones"] if "sensor" in zone]:
            if name.startswith("28-"):
                self._one_wire[name] = Ds18b20(board, pin, name.removeprefix("28-"))
            elif name.startswith("pulses-"):
                self._anemometers[name] = _Anemometer(board, int(name.removeprefix("pulses-")))
            elif name != "chip":
                self._add_chip(name.partition("/")[0])

    def _add_chip(self, name: str) -> None:
        kind, _, address = name.partition("-")
        if name not in self._chips:
            self._i2c = self._i2c or I2cTwins(self._board)
            twin = Lis3dh() if kind == "lis3dh" else Sht(self._board, kind)
            self._chips[name] = self._i2c.twins[int(address, 16)] = twin

    def show(self, name: str, reading: int) -> None:
        """See the class; names that are not wired are passed over."""
        chip, _, quantity = name.partition("/")
        twin: Any = self._one_wire.get(name) or self._chips.get(chip)
        if name in self._anemometers:
            self._anemometers[name].turn(reading if reading < wire.POWER_ON_VALUE else 0)
        if twin is None:
            return
        twin.present = reading != wire.SENSOR_GONE
        twin.corrupt = reading == wire.DAMAGED
        twin.has_lost_power = reading == wire.POWER_ON_VALUE
        if reading >= wire.POWER_ON_VALUE:
            return
        if quantity == "rh":
            twin.humidity_milli = reading
        elif quantity == "tilt":
            angle = math.radians(reading / 1000)
            twin.axes_mg = (round(-1000 * math.sin(angle)), 0, round(1000 * math.cos(angle)))
        elif quantity == "shake":
            twin.shake(reading)
        else:
            twin.temperature_mc = reading


class _Anemometer:
    """A contact that closes for 5 ms once a turn."""

    def __init__(self, board: EmulatedBoard, pin: int) -> None:
        self._board = board
        self._pin = pin
        self._period_ns = 0.0
        self._is_turning = False
        board.pin(pin, True)

    def turn(self, pace: int) -> None:
        """Turn that often in 1000 s from now on."""
        self._period_ns = 1e12 / pace if pace > 0 else 0.0
        if self._period_ns and not self._is_turning:
            self._is_turning = True
            self._board.at(self._board.now_ns + self._period_ns, self._close)

    def _close(self) -> None:
        self._is_turning = bool(self._period_ns)
        if self._is_turning:
            self._board.pin(self._pin, False)
            self._board.pin(self._pin, True, self._board.now_ns + min(_LOW_NS, self._period_ns / 2))
            self._board.at(self._board.now_ns + self._period_ns, self._close)
