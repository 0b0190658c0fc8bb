"""The host's end of the emulated board's USB serial port: plain bytes in both directions.

Role in the flow: tier T2, stage 8 (link). Shared: no. Context: host.
"""

from collections.abc import Callable
from typing import Any

from rp2040py.usb.cdc import USBCDC

from tocsin_sim.emulator.mends import hold_usb_out

_PACKET_BYTES = 64  # full-speed bulk
_GIVE_DELAY_NS = 1000
_SOF_RD = 0x48
_FRAME_NS = 1_000_000
_FRAME_MASK = 0x7FF


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
        self._count_frames(mcu.usb_ctrl)
        # A host that takes one packet from the board that often; 0: each at once.
        self.packet_every_ms = 0.0
        self._pace_packets(mcu.usb_ctrl)

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
        """Put the cable in or out; while it is out no frame comes and all bytes are lost.

        The library knows no suspended bus: a closed port stands in for it.
        """
        self._is_plugged = is_in
        self._to_send.clear()
        self._cdc.set_control_lines(dtr=is_in, rts=is_in)

    def _count_frames(self, usb: Any) -> None:
        """Answer SOF_RD, which the library leaves out: the number of the last frame, one each millisecond."""
        library_read = usb.read_uint32
        last_frame = 0

        def read(offset: int) -> int:
            nonlocal last_frame
            if offset != _SOF_RD:
                return int(library_read(offset))
            if self._is_plugged and self.connected_ns is not None:
                last_frame = int(self._clock.nanos // _FRAME_NS) & _FRAME_MASK
            return last_frame

        usb.read_uint32 = read

    def _pace_packets(self, usb: Any) -> None:
        """Tell the board late that a packet of it was taken, where this host is a slow one."""
        library_ready = usb._indicate_buffer_ready

        def ready(endpoint: int, is_out: bool) -> None:
            if is_out or endpoint != self._cdc._in_endpoint or not self.packet_every_ms:
                library_ready(endpoint, is_out)
            else:
                alarm = self._clock.create_alarm(lambda: library_ready(endpoint, is_out))
                alarm.schedule(self.packet_every_ms * _FRAME_NS)

        usb._indicate_buffer_ready = ready

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
