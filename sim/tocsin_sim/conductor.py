"""The conductor: plays a scenario on virtual or emulated boards against the real collector.

Role in the flow: around stages 1 to 10. Context: CPython.

Boards do not hear each other, so each runs ahead alone until its link speaks, all of them side by side; then they
are heard one after the other, each at its own time. The collector is a real process: the conductor waits for it at
every word, so its speed changes nothing that is recorded. Only what concerns all, a killed collector or a step of
its clock, holds them at one moment. It must never let a board see an answer before the question was sent, or let
real time into what a board records.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tocsin.event import RESET_POWER, RESET_WATCHDOG
from tocsin_host.host_clock import FileClockWriter

from tocsin_sim import world
from tocsin_sim.board_process import BoardProcess
from tocsin_sim.cable import Cable
from tocsin_sim.collector_process import CollectorProcess
from tocsin_sim.expectation import Timeline
from tocsin_sim.tiers import Tier
from tocsin_sim.vm import wire
from tocsin_sim.world import World

# A frame needs this long through the cable, each way together: USB full speed polls once a millisecond.
LINK_DELAY_MS = 1

# Boards that spoke within this time of the first run on side by side.
_TOGETHER_MS = 1000

Packer = Callable[[int], bytes]


@dataclass
class VirtualGateway:
    """A gateway of the scenario: its world, the folder that stands for its flash, its cable, and its board while
    powered.
    """

    name: str
    folder: Path
    world: World
    cable: Cable
    board: BoardProcess | None = None
    power_on_ms: int = 0
    boots: int = 0
    output: bytes = b""
    powered: list[tuple[int, int]] = field(default_factory=list)
    # For each powered stretch: (ms since the scenario's start, pin, level) that the board drove.
    driven: list[list[tuple[int, int, int]]] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        """Scenario time its board has reached."""
        assert self.board is not None
        return self.power_on_ms + self.board.now_ms


class Conductor:
    """Runs gateways and collector through time. All times are ms since the scenario's start."""

    def __init__(
        self,
        gateways: list[VirtualGateway],
        collector: CollectorProcess,
        clock: FileClockWriter,
        timeline: Timeline,
        seed: int,
        tier: Tier,
    ) -> None:
        self.gateways = {gateway.name: gateway for gateway in gateways}
        self.collector = collector
        self.timeline = timeline
        self.now_ms = 0
        self._clock = clock
        self._seed = seed
        self._tier = tier
        self._host_offset_ms = 0
        self._set_clock(0)

    def power_on(self, name: str, cause: int = RESET_POWER) -> None:
        """Give a gateway power: its firmware starts from what its folder holds."""
        gateway = self.gateways[name]
        gateway.boots += 1
        gateway.power_on_ms = self.now_ms
        self.timeline.power_on_ms[name, gateway.boots] = self.now_ms
        board = gateway.board = self._tier.power_on(gateway.folder, f"{self._seed}/{name}/{gateway.boots}", cause)
        for kind, at_ms, payload in _stimuli(gateway.world, self.now_ms):
            board.tell(kind, at_ms, payload)
        board.tell(wire.PLUG, 0, bytes((gateway.cable.is_plugged,)))

    def power_off(self, name: str) -> None:
        """Cut the power at this very millisecond."""
        gateway = self.gateways[name]
        if gateway.board is not None:
            gateway.board.power_off()
            gateway.output = b""
            gateway.powered.append((gateway.power_on_ms, self.now_ms))
            gateway.driven.append([(gateway.power_on_ms + at, pin, level) for at, pin, level in gateway.board.driven])
            gateway.board = None

    def unplug(self, name: str) -> None:
        """Pull the cable."""
        self.gateways[name].cable.unplug()
        self._tell_plugged(name)

    def plug(self, name: str) -> None:
        """Put the cable back in; the collector finds the port again and asks who is there."""
        self.gateways[name].cable.plug()
        self._tell_plugged(name)
        self.hear_collector(name)

    def start_collector(self) -> None:
        """Start the collector; it asks every gateway who is there."""
        self.collector.start()
        for name, gateway in self.gateways.items():
            if gateway.cable.is_plugged:
                self.hear_collector(name)

    def step_host_clock(self, step_ms: int) -> None:
        """The host's clock jumps."""
        self._host_offset_ms += step_ms
        self.timeline.clock_steps.append((self.now_ms, self._host_offset_ms))

    def run_until(self, until_ms: int) -> None:
        """Let time pass, for every powered gateway."""
        self._run([gateway for gateway in self.gateways.values() if gateway.board], until_ms)
        while speakers := self._first_speakers():
            for gateway in speakers:
                self._converse(gateway)
            self._run(speakers, until_ms)
        self.now_ms = until_ms
        self._set_clock(until_ms)

    def _first_speakers(self) -> list[VirtualGateway]:
        """Those that spoke first: a chatterbox must not fall behind the others, or the host's clock would run back."""
        speakers = sorted((one for one in self.gateways.values() if one.output), key=lambda gateway: gateway.now_ms)
        return [gateway for gateway in speakers if gateway.now_ms < speakers[0].now_ms + _TOGETHER_MS]

    def _run(self, gateways: list[VirtualGateway], until_ms: int) -> None:
        """Run these boards side by side, each until it speaks or the time is over."""
        for gateway in gateways:
            assert gateway.board is not None
            gateway.board.start_run(until_ms - gateway.power_on_ms)
        for gateway in gateways:
            assert gateway.board is not None
            gateway.output += gateway.board.finish_run()
            if gateway.board.has_restarted:
                self._restart(gateway, until_ms)

    def _restart(self, gateway: VirtualGateway, until_ms: int) -> None:
        """The firmware reset its board: it starts again at that moment."""
        scenario_ms, self.now_ms = self.now_ms, gateway.now_ms
        self.power_off(gateway.name)
        self.power_on(gateway.name, RESET_WATCHDOG)
        self.now_ms = scenario_ms
        self._run([gateway], until_ms)

    def _converse(self, gateway: VirtualGateway) -> None:
        """Carry what the board said to the collector, and the answer back."""
        output, gateway.output = gateway.output, b""
        if gateway.cable.is_plugged and self.collector.is_alive():
            self._set_clock(gateway.now_ms)
            answer = gateway.cable.exchange(output, self.collector.is_alive)
            self._deliver(gateway, gateway.now_ms, answer)

    def hear_collector(self, name: str) -> None:
        """Bring a gateway what the collector says by itself: that it asks who is there, and what lies in its outbox."""
        gateway = self.gateways[name]
        if gateway.cable.is_plugged and self.collector.is_alive():
            self._set_clock(self.now_ms)
            self._deliver(gateway, self.now_ms, gateway.cable.exchange(b"", self.collector.is_alive))

    def _deliver(self, gateway: VirtualGateway, at_ms: int, data: bytes) -> None:
        if data and gateway.board is not None:
            gateway.board.tell(wire.LINK, at_ms + LINK_DELAY_MS - gateway.power_on_ms, data)

    def _tell_plugged(self, name: str) -> None:
        gateway = self.gateways[name]
        if gateway.board is not None:
            is_plugged = bytes((gateway.cable.is_plugged,))
            gateway.board.tell(wire.PLUG, self.now_ms - gateway.power_on_ms, is_plugged)

    def close(self) -> None:
        """End everything; what was written stays."""
        self.collector.stop()
        for name, gateway in self.gateways.items():
            self.power_off(name)
            gateway.cable.close()
        self._clock.close()

    def _set_clock(self, at_ms: int) -> None:
        self._clock.set(self.timeline.start_utc_ms + at_ms + self._host_offset_ms)


def _stimuli(physical: World, power_on_ms: int) -> Iterator[tuple[int, int, bytes]]:
    """(kind, ms since power-up, payload) of all that a board powered at `power_on_ms` will meet."""
    for kind, values, pack in _series(physical):
        yield kind, 0, pack(world.at(values, power_on_ms))
        for at_ms, value in values:
            if at_ms > power_on_ms:
                yield kind, at_ms - power_on_ms, pack(value)


def _series(physical: World) -> Iterator[tuple[int, world.Timed, Packer]]:
    yield wire.PINS, [(0, physical.rest_word), *physical.tape()], partial(struct.pack, "<I")
    for channel, readings in physical.adc.items():
        yield wire.ADC, readings, partial(struct.pack, "<Bi", channel)
    for sensor, readings in physical.sensors.items():
        yield wire.READING, readings, partial(_pack_reading, sensor.encode())
    for pin, held in physical.readers.items():
        yield wire.ROM, held, partial(_pack_rom, pin)


def _pack_rom(pin: int, rom: int) -> bytes:
    return bytes((pin,)) + (rom.to_bytes(8, "little") if rom else b"")


def _pack_reading(sensor: bytes, reading: int) -> bytes:
    return struct.pack("<i", reading) + sensor
