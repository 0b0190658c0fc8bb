"""The host's end of the emulated board's USB serial port: plain bytes in both directions.

Role in the flow: tier T2, stage 8 (link). Shared: no. Context: host.
"""

from collections.abc import Callable
from typing import Any

from rp2040py.peripherals.usb import SIE_SUSPENDED
from rp2040py.usb.cdc import USBCDC

from tocsin_sim.emulator.mends import hold_usb_out

_PACKET_BYTES = 64  # full-speed bulk
_GIVE_DELAY_NS = 1000


class UsbLink:
    """Bytes to and from the board. `connected_ns` is when it last enumerated, None while off the bus."""

    def __init__(self, mcu: Any, clock: Any) -> None:
        self.connected_ns: float | None = None
        self.received = bytearray()
        self.on_data: Callable[[bytes], None] | None = None
        self._clock = clock
        self._to_send = bytearray()
        self._is_plugged = True
        self._cdc = USBCDC(mcu.usb_ctrl)
        self._cdc.on_serial_data = self._data
        self._cdc.on_device_connected = self._enumerated
        give = hold_usb_out(self._cdc, self._take)
        self._give_alarm = clock.create_alarm(give)
        library_reset = mcu.usb_ctrl.on_reset

        def on_reset() -> None:
            self.connected_ns = None
            library_reset()

        mcu.usb_ctrl.on_reset = on_reset

    def write(self, data: bytes) -> None:
        """Queue bytes for the board; they arrive as fast as it takes them."""
        if not self._is_plugged:
            return
        self._to_send += data
        self._give_alarm.schedule(_GIVE_DELAY_NS)

    def read(self) -> bytes:
        """Take all bytes the board has sent since the last read."""
        data = bytes(self.received)
        self.received.clear()
        return data

    def plug(self, is_in: bool) -> None:
        """Put the cable in or out; while it is out the bus is silent (suspended) and all bytes are lost."""
        usb = self._cdc.usb
        usb._sie_status = usb._sie_status & ~SIE_SUSPENDED | (0 if is_in else SIE_SUSPENDED)
        self._is_plugged = is_in
        self._to_send.clear()
        self._cdc.set_control_lines(dtr=is_in, rts=is_in)

    def _take(self, size: int) -> bytes:
        data = bytes(self._to_send[: min(size, _PACKET_BYTES)])
        del self._to_send[: len(data)]
        return data

    def _data(self, data: bytes | bytearray) -> None:
        if data and self._is_plugged:
            self.received += data
            if self.on_data is not None:
                self.on_data(bytes(data))

    def _enumerated(self) -> None:
        self.connected_ns = self._clock.nanos
