"""The library's chip without the detours on its hot path: the same instructions, three times as fast.

Role in the flow: tier T2, the emulated board. Shared: no. Context: host. Facts: docs/emulator.md.

Defect answered (rp2040py 0.3.6): its compiled parts are built for Python's stable ABI, where each memory access and
each tick of the clock first asks, by name and through a newly made bound method, whether a subclass replaced it.
Here the question finds its answer, the library's own function, in a slot of the object. And each instruction asks both
PIO blocks whether they run: the loop is given only those that must be stepped with the processor.
"""

from types import SimpleNamespace
from typing import Any

from rp2040py.execute_batch import execute_batch
from rp2040py.rp2040 import RP2040

_BUS = ("read_uint8", "read_uint16", "read_uint32", "write_uint8", "write_uint16", "write_uint32")


class DirectChip(RP2040):
    """An RP2040 whose bus functions are found at once. Python code reads and writes memory through `bus`."""

    __slots__ = (*_BUS, "_blocks", "_stepped", "bus")

    def __init__(self, clock: Any) -> None:
        for name in _BUS:
            setattr(self, name, getattr(RP2040, name))
        self.bus: Any = SimpleNamespace(clock=clock, **{name: getattr(RP2040, name).__get__(self) for name in _BUS})
        self._stepped: list[Any] | None = None
        super().__init__(clock)
        for channel in self.dma.channels:
            channel.rp2040 = self.bus  # type: ignore[assignment]

    @property
    def pio(self) -> list[Any]:
        """Both PIO blocks; once after `begin_batch` those that it was given, for the loop that asks first."""
        stepped = self._stepped
        if stepped is None:
            return self._blocks
        self._stepped = None
        return stepped

    @pio.setter
    def pio(self, blocks: list[Any]) -> None:
        self._blocks: list[Any] = blocks

    def begin_batch(self, stepped: list[Any]) -> None:
        """The batch that begins now steps the PIO blocks of this list, whatever it holds at the time."""
        self._stepped = stepped

    def schedule_threadsafe(self, work: Any) -> None:
        """Refused: only the library's own network bridge asks for this, to open a connection to anywhere (radio.py)."""
        if hasattr(work, "close"):
            work.close()
        raise PermissionError("the library's network bridge must not run: ask for the radio with has_radio=True")


class Loop:
    """What the library's loop needs to know of a run. `stopped` ends it."""

    __slots__ = ("clock", "rp2040", "stopped")

    def __init__(self, chip: DirectChip, clock: Any) -> None:
        self.rp2040 = chip
        self.clock = clock
        self.stopped = False
        chip.simulator = self  # type: ignore[assignment]  # the PIO asks whether there is one

    def run(self, stepped: list[Any]) -> None:
        """Run until stopped; `stepped` are the PIO blocks that the library steps with the processor."""
        self.stopped = False
        while not self.stopped:
            self.rp2040.begin_batch(stepped)
            execute_batch(self, 1)  # type: ignore[arg-type]
