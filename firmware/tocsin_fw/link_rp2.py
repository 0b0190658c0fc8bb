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
# MicroPython waits up to 500 ms for a host to take each 64 bytes, and all tasks with it. Who lets it wait is told
# nothing for a while: else a stranger who reads slowly could hold up an alarm for as long as he likes.
_PIECE_BYTES = 128
_SLOW_MS = 100
_QUIET_MS = 10_000
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
        self._is_slow = False
        self._slow_ms = time.ticks_ms()
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
        """Bytes to the host; dropped when nobody takes them. A host that takes them slowly costs a second in ten."""
        now_ms = time.ticks_ms()
        if self._is_slow:
            if time.ticks_diff(now_ms, self._slow_ms) < _QUIET_MS:
                return
            self._is_slow = False
            data = b"\0" + data  # what was dropped may have ended in a frame
        if not self.is_open() or not self._poll_out.poll(0):
            return
        for at in range(0, len(data), _PIECE_BYTES):
            sys.stdout.buffer.write(data[at : at + _PIECE_BYTES])
            if time.ticks_diff(time.ticks_ms(), now_ms) >= _SLOW_MS:
                self._is_slow, self._slow_ms = True, time.ticks_ms()
                return

    async def wait(self, timeout_ms: int) -> None:
        """Until bytes came, or the time is over."""
        if not self._early:
            try:
                self._early = await asyncio.wait_for_ms(self._reader.read(1), timeout_ms)
            except asyncio.TimeoutError:
                pass
