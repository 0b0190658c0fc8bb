"""The link over the board's USB serial port.

Role in the flow: stage 8. Context: task.

The port is MicroPython's own console: outside of service mode its bytes are frames, and a 0x03 in a frame is
no interrupt. On rp2 a read blocks until it has every byte it was asked for, so bytes are taken one by one
while the port has some.
"""

import asyncio
import select
import sys
import time

import machine
import micropython

_KEYBOARD_INTERRUPT = 3
# USB controller, number of the last frame from the host (RP2040 datasheet 4.1.4): whether the port is open the chip
# cannot tell, but a host that is there and awake sends a frame each millisecond.
_SOF_RD = 0x50110048
_OVER_A_FRAME_US = 1100
_MAX_READ_BYTES = 256  # a host that floods must not keep the other tasks waiting


class UsbLink:
    """See `hal.py`; `close` gives the port back to the console."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._poll_out = select.poll()
        self._poll_out.register(sys.stdout, select.POLLOUT)
        self._reader = asyncio.StreamReader(sys.stdin.buffer)
        self._early = b""
        self._frame = machine.mem32[_SOF_RD]
        micropython.kbd_intr(-1)

    def close(self) -> None:
        """The console works again, and Ctrl-C with it."""
        micropython.kbd_intr(_KEYBOARD_INTERRUPT)

    def is_open(self) -> bool:
        """Whether a host is there and awake. Takes a millisecond when there is none."""
        before = self._frame
        self._frame = machine.mem32[_SOF_RD]
        if self._frame == before:
            time.sleep_us(_OVER_A_FRAME_US)
            self._frame = machine.mem32[_SOF_RD]
        return self._frame != before

    def read(self) -> bytes:
        """Bytes from the host, at most 257 at once; b"" when none came."""
        data = bytearray(self._early)
        self._early = b""
        while len(data) < _MAX_READ_BYTES and self._poll.poll(0):
            data += sys.stdin.buffer.read(1)
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Bytes to the host; dropped when nobody takes them. One that stops half-way costs 500 ms, once."""
        if self.is_open() and self._poll_out.poll(0):
            sys.stdout.buffer.write(data)

    async def wait(self, timeout_ms: int) -> None:
        """Until bytes came, or the time is over."""
        if not self._early:
            try:
                self._early = await asyncio.wait_for_ms(self._reader.read(1), timeout_ms)
            except asyncio.TimeoutError:
                pass
