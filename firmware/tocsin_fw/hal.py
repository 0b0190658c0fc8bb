"""The hardware layer's contract: what every back-end gives the firmware, and nothing more.

Role in the flow: stages 1 to 3, 7 and 8, where the firmware meets a board. Context: task, except where said.

A back-end is a module with `open_hal(config) -> Hal`; `config` is what `config.load` made of /site.json. `machine`,
`rp2` and their like are imported in back-ends and drivers only. Back-ends: `hal_rp2` (RP2040, Pico W); the simulator
brings its own. They need not import anything from here: fitting is enough, and `make lint` checks that they fit.
"""

# The watchdog of the RP2040 reaches 8388 ms at most (datasheet 4.7); below it, the supervisor judges first.
WATCHDOG_MS = 8000
# errno of a sensor that has no reading yet; asked again a second later it has one, or another error.
EAGAIN = 11
# errno of a reading that its sensor gives but that cannot be, as the 85 °C of a DS18B20 that lost its power.
ERANGE = 34

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Protocol

    from tocsin.edge_ring import EdgeRing

    from .memory import Memory

    # The device configuration, as `config.load` leaves it: every field there, of the right type and in its range.
    Config = dict[str, Any]
    # Gives the uptime in ms: the sampler's count.
    UptimeMs = Callable[[], int]
    # Called by a task to show that it is alive.
    Beat = Callable[[], None]

    class Flag(Protocol):
        """What interrupt context sets and one task waits for; waiting clears it."""

        def set(self) -> None: ...
        def wait(self) -> Awaitable[None]: ...

    class Sampler(Protocol):
        """Pins at 1 kHz, debounced. `ring` is filled in interrupt context; `flag` is set when entries wait in it."""

        @property
        def ring(self) -> EdgeRing: ...
        @property
        def flag(self) -> Flag: ...

        def start(self, mask: int, rest_mask: int) -> None:
            """Sample the pins of `mask`; a pin is active when it differs from its bit in `rest_mask`."""

        def count(self) -> int:
            """Samples since start: milliseconds, 64 bits, the gateway's only clock."""

        def lost(self) -> int:
            """Samples lost since start."""

        def levels(self, layer: int) -> int:
            """The debounced word of a layer (`tocsin.debounce_layers`): bit n = pin n is active."""

    class Link(Protocol):
        """Bytes to and from the host."""

        def read(self) -> bytes:
            """Bytes from the host, b"" when none came."""

        def write(self, data: bytes) -> None:
            """Bytes to the host; dropped when nobody listens. Never blocks longer than the watchdog allows."""

        def wait(self, timeout_ms: int) -> Awaitable[None]:
            """Until bytes came, or the time is over."""

        def is_open(self) -> bool:
            """Whether a host is there, as far as the hardware can tell."""

    class BlockDevice(Protocol):
        """The flash under the file system: MicroPython's block device with the extended interface (docs `vfs`)."""

        def readblocks(self, __block: int, __buffer: bytearray, __offset: int) -> object:
            """Fill the buffer from that many bytes into the block on."""

        def writeblocks(self, __block: int, __data: bytearray, __offset: int) -> object:
            """Program whole pages, without an erase. Raises: OSError."""

        def ioctl(self, __operation: int, __argument: int) -> "int | None":
            """Operation 6: erase the block. Raises: OSError."""

    class Hal(Protocol):
        """A whole board."""

        @property
        def board(self) -> str:
            """Its name, as in `tocsin_boards`."""

        @property
        def storage(self) -> str:
            """Where the file system is mounted, without a slash at its end; "" where that is the root."""

        # The slot that the firmware runs from, "" for none; whether that is on trial (docs/update.md).
        slot: str
        is_trial: bool
        # Where drivers keep what must survive a power cut; the gateway sets it before the first reading.
        memory: Memory

        @property
        def flash(self) -> BlockDevice: ...
        @property
        def sampler(self) -> Sampler: ...
        @property
        def link(self) -> Link: ...
        @property
        def restart(self) -> Callable[[], object]:
            """Reset the board; does not return."""

        @property
        def random(self) -> Callable[[int], bytes]:
            """The given number of bytes nobody can guess."""

        def join(self, ssid: str, password: str) -> bool:
            """Whether the wireless network can be used; begins to join it where it cannot. Raises: OSError.

            Asked a few times a second. Only the first call may take long: the radio starts, a second at most.
            """

        def read_mv(self, channel: int) -> int:
            """Voltage of ADC `channel` in mV. Raises: OSError."""

        def read(self, sensor: str) -> int:
            """What a sensor says, in thousandths of its unit. Raises: OSError; ERANGE for what cannot be.

            "chip" and "28-0316a4f1c2ff" (a DS18B20): m°C; "sht4x-44/t" and "sht4x-44/rh": m°C and thousandths of a
            per cent; "lis3dh-18/tilt" and "lis3dh-18/shake": thousandths of a degree off its rest, and the mg of a blow
            since the last reading; "pulses-7": pulses at pin 7 since the start, mod 2**30.
            """

        def set_output(self, pin: int, level: int) -> None:
            """Drive `pin` to 1 (high) or 0 from now on."""

        def read_rom(self, pin: int) -> "bytes | None":
            """The 8 bytes that the iButton at a reader says, None without one. Raises: OSError for a line stuck low."""

        def feed(self) -> None:
            """Feed the watchdog; the first call starts it."""

        def reset_cause(self) -> int:
            """0 unknown, 1 power, 3 watchdog (docs/record.md, boot)."""
