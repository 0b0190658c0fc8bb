"""All that a gateway's configuration wires to an emulated board: contacts, voltages, sensors, readers.

Role in the flow: tier T2, of scenarios and of `tocsin sim board`. Context: CPython.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.one_wire import Ds1990a
from tocsin_sim.emulator.sensor_twins import SensorTwins
from tocsin_sim.scenario import Scenario
from tocsin_sim.vm import wire
from tocsin_sim.world import build_world

_REFERENCE_MV = 3300
_FULL_SCALE = 4095
# RP2040 datasheet 4.9.5: T = 27 °C - (V - 0.706 V) / 1.721 mV
_CHIP_CHANNEL = 4
_CHIP_UV_AT_27_C, _CHIP_UV_FOR_1000_C = 706_000, 1_721_000


class Wiring:
    """What the board feels. From the start the chip has 27 °C; contacts float until they are told how they stand."""

    def __init__(self, board: EmulatedBoard, config: dict[str, Any]) -> None:
        self._board = board
        self._config = config
        self._sensors = SensorTwins(board, config)
        self._contacts = [zone["pin"] for zone in config["zones"] if zone["type"] == "contact"]
        readers = [zone["pin"] for zone in config["zones"] if zone["type"] == "reader"]
        self._readers = {reader: Ds1990a(board, reader) for reader in readers}
        self.reading("chip", 27_000)

    def pins(self, word: int) -> None:
        """Levels of all contacts: bit n is pin n."""
        for pin in self._contacts:
            self._board.pin(pin, bool(word >> pin & 1))

    def voltage(self, channel: int, shown_mv: int) -> None:
        """What an ADC channel sees."""
        self._board.adc(channel, min(_FULL_SCALE, max(0, shown_mv) * (_FULL_SCALE + 1) // _REFERENCE_MV))

    def reading(self, sensor: str, reading: int) -> None:
        """What a sensor says, as in `wire.READING`; the chip's own is always there."""
        if sensor != "chip":
            self._sensors.show(sensor, reading)
        elif reading < wire.POWER_ON_VALUE:
            shown_uv = _CHIP_UV_AT_27_C - (reading - 27_000) * _CHIP_UV_FOR_1000_C // 1_000_000
            self._board.adc(_CHIP_CHANNEL, shown_uv * (_FULL_SCALE + 1) // (_REFERENCE_MV * 1000))

    def hold(self, reader: int, rom: bytes) -> None:
        """What is held to the reader at a pin, nothing for b""."""
        self._readers[reader].hold(rom)

    def at_rest(self) -> None:
        """Everything as a scenario begins: closed, warm, dry and calm."""
        nothing = Scenario("at rest", Path(), datetime.now(UTC), 0, 0)
        world = build_world(nothing, self._config["gateway"], self._config, {})
        self.pins(world.rest_word)
        for channel, shown_mv in world.adc.items():
            self.voltage(channel, shown_mv[0][1])
        for sensor, readings in world.sensors.items():
            self.reading(sensor, readings[0][1])
