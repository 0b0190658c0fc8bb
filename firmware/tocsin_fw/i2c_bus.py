"""The sensor bus: an I2C that a hanging chip cannot stall.

Role in the flow: stage 3. Context: task.
Source: I2C specification UM10204, 3.1.16, "Bus clear".
"""

import time

from machine import I2C, Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Slow, because cables are long; each transfer takes 2 ms at most, and gives up after 5.
_FREQUENCY_HZ = 100_000
_TIMEOUT_US = 5000
_CLEAR_CLOCKS = 9


class Bus:
    """`machine.I2C`, set up anew after each error: call it with the name of a method and what that takes."""

    def __init__(self, id: int, sda: int, scl: int) -> None:
        self._number, self._sda, self._scl = id, sda, scl
        self._bus: "I2C | None" = None

    def __call__(self, method: str, *arguments: "Any") -> "Any":
        """What `machine.I2C` does by that name. Raises: OSError."""
        if self._bus is None:
            sda, scl = Pin(self._sda), Pin(self._scl)
            self._bus = I2C(self._number, sda=sda, scl=scl, freq=_FREQUENCY_HZ, timeout=_TIMEOUT_US)
        try:
            return getattr(self._bus, method)(*arguments)
        except OSError:
            self._clear()
            raise

    def _clear(self) -> None:
        """Nine clocks let go of a chip that was interrupted and holds the data line."""
        self._bus = None
        scl = Pin(self._scl, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
        for level in (0, 1) * _CLEAR_CLOCKS:
            scl.value(level)
            time.sleep_us(5)
