"""The board's /main.py: starts the firmware, and keeps the board within reach when that fails.

Role in the flow: before stage 1. Context: task. Copied to the board as the text it is. It needs nothing of ours,
because it must also tell that our packages cannot be imported.

The error goes into /last-error.txt and to the port. Whoever answers the challenge beside it with the gateway's service
key (docs/service.md) gets the console, for as long as it takes; on a board without such a key Ctrl-C is enough.
Otherwise the board starts again, so that what passes heals; the start that works tells how often it failed
(`failed_start.py`).
"""

import micropython

# MicroPython switches Ctrl-C on for each program it starts; who floods the port with it must not get a console.
try:
    micropython.kbd_intr(-1)
    for _ in range(4):  # one that came before is raised here at the latest
        pass
except KeyboardInterrupt:
    pass

import gc
import os
import select
import sys
import time
from binascii import hexlify
from hashlib import sha256

import machine

RETRY_S = 30
# While our modules are imported. Without it they lie scattered all over the heap, among what importing left behind:
# nothing large fits in any more, and allocations search long.
COLLECT_EVERY_BYTES = 32768
_TELL_EVERY_S = 5  # a terminal attached in between wants to see why
_CTRL_C = 3
# The watchdog, once started, would end a technician's session. Bit 30 of its CTRL register starts it (RP2040 datasheet
# 4.7.6); writing to the register's third alias clears bits (2.1.2).
_WATCHDOG_CTRL_CLEAR = 0x4005B000
_WATCHDOG_ENABLE = 1 << 30


def note(error: Exception) -> None:
    """Keep the text, and count the failure."""
    try:
        with open("/last-error.txt", "w") as file:
            sys.print_exception(error, file)
        with open("/failed-starts", "a") as file:
            file.write("!")
    except OSError as refused:
        sys.print_exception(refused)


def wait(error: Exception) -> None:
    """Tell why until the next attempt, or until somebody may have the console: then this does not return."""
    machine.mem32[_WATCHDOG_CTRL_CLEAR] = _WATCHDOG_ENABLE
    key = service_key()
    if not key:
        micropython.kbd_intr(_CTRL_C)
    for left_s in range(RETRY_S, 0, -_TELL_EVERY_S):
        sys.print_exception(error)
        print("Tocsin cannot start; see /last-error.txt. It tries again in", left_s, "s.")
        if not key:
            print("Ctrl-C opens the console.")
            time.sleep(_TELL_EVERY_S)
            continue
        challenge = os.urandom(16)
        print("service challenge", hexlify(challenge).decode())
        if typed_line() == hexlify(answer(key, challenge)):
            raise KeyboardInterrupt  # as Ctrl-C would: main.py ends, and the console is there


def service_key() -> bytes:
    """The gateway's service key; b"" when there is none, and so nothing to keep from whoever is at the port."""
    try:
        with open("/keys/service.key", "rb") as file:
            return file.read()
    except OSError:
        return b""


def answer(key: bytes, challenge: bytes) -> bytes:
    """As in docs/service.md, for no minutes."""
    inner = sha256(bytes([byte ^ 0x36 for byte in key + bytes(32)]) + b"tocsin service" + challenge + b"\0").digest()
    return sha256(bytes([byte ^ 0x5C for byte in key + bytes(32)]) + inner).digest()[:16]


def typed_line() -> bytes:
    """The next line from the port, b"" when none came for a while."""
    port = select.poll()
    port.register(sys.stdin, select.POLLIN)
    typed = b""
    until_ms = time.ticks_add(time.ticks_ms(), 1000 * _TELL_EVERY_S)
    while time.ticks_diff(until_ms, time.ticks_ms()) > 0:
        if port.poll(100):
            byte = sys.stdin.buffer.read(1)
            if byte in b"\r\n" and typed:
                return typed
            typed = (typed + byte.strip())[-32:]
    return b""


try:
    gc.threshold(COLLECT_EVERY_BYTES)
    from tocsin_fw import hal_rp2, start

    start.run(hal_rp2.open_hal)
except Exception as error:  # noqa: BLE001 - whatever it is, a gateway that stands still helps nobody
    note(error)
    wait(error)
    machine.reset()
