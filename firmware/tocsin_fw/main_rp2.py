"""The board's /main.py: starts the firmware, and keeps the board within reach when that fails.

Role in the flow: before stage 1. Context: task. Copied to the board as the text it is. It needs nothing of ours,
because it must also tell that our packages cannot be imported.

The error goes into /last-error.txt and to the console. Ctrl-C stops the waiting: then the console is a technician's for
as long as it takes. Otherwise the board starts again, so that what passes heals; the start that works tells how
often it failed (`failed_start.py`).
"""

import gc
import sys
import time

import machine
import micropython

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
    """Hold the console open until the next attempt."""
    machine.mem32[_WATCHDOG_CTRL_CLEAR] = _WATCHDOG_ENABLE
    micropython.kbd_intr(_CTRL_C)
    for left_s in range(RETRY_S, 0, -_TELL_EVERY_S):
        sys.print_exception(error)
        print("Tocsin cannot start; see /last-error.txt. It tries again in", left_s, "s; Ctrl-C opens the console.")
        time.sleep(_TELL_EVERY_S)


try:
    gc.threshold(COLLECT_EVERY_BYTES)
    from tocsin_fw import hal_rp2, start

    start.run(hal_rp2.open_hal)
except Exception as error:  # noqa: BLE001 - whatever it is, a gateway that stands still helps nobody
    note(error)
    wait(error)
    machine.reset()
