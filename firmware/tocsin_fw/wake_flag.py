"""A flag that a hard interrupt may set, and for which a sleeping loop costs next to nothing.

Role in the flow: between stages 2 and 4. Context: set in a hard interrupt, waited for in a task.

After every interrupt the loop asks each thing that a task waits for. `asyncio.ThreadSafeFlag` answers in Python, and
that took more of an idle gateway than its interrupts themselves; a `RingIO` answers in C.
"""

import asyncio

import micropython

# Set again before anybody waited, it is still one wake.
_RING_BYTES = 4


class WakeFlag:
    """Fits where `asyncio.ThreadSafeFlag` does. One task may wait."""

    def __init__(self) -> None:
        self._ring = micropython.RingIO(_RING_BYTES)
        self._reader = asyncio.StreamReader(self._ring)

    def set(self) -> None:  # NOALLOC
        """Wake who waits, or who will wait next."""
        self._ring.write(b"!")

    async def wait(self) -> None:
        """Until it is set; clears it."""
        await self._reader.read(_RING_BYTES)
