"""A ring of debounced transitions between an interrupt that writes and a task that reads.

Role in the flow: the hand-over between stage 2 (debouncer) and stage 4 (zones).
Shared: yes. Context: `push` from a hard interrupt, everything else from one task.

An entry is four words: sample index mod 2**30, the inputs that flipped, the levels after the flip, the layer.
Every value stays below 2**30, the largest small integer of a 32-bit MicroPython: more would allocate.
Interrupt code in viper writes the same two arrays; `control` is [written, read, dropped, capacity - 1].
"""

from array import array

ENTRY_WORDS = 4
INDEX_MASK = 0x3FFFFFFF

WRITTEN, READ, DROPPED, SLOT_MASK = 0, 1, 2, 3


class EdgeRing:
    """Single producer, single consumer. When full, a new entry is dropped and counted."""

    def __init__(self, capacity: int) -> None:
        """`capacity` in entries, a power of two. Raises ValueError."""
        if capacity < 1 or capacity & (capacity - 1):
            raise ValueError("EdgeRing: capacity must be a power of two, for example 64")
        self.entries: array[int] = array("I", [0] * (capacity * ENTRY_WORDS))
        self.control: array[int] = array("I", [0, 0, 0, capacity - 1])

    def __len__(self) -> int:
        control = self.control
        return (control[WRITTEN] - control[READ]) & INDEX_MASK

    @property
    def dropped(self) -> int:
        """Entries dropped since the start, mod 2**30."""
        return self.control[DROPPED]

    def push(self, index: int, flips: int, levels: int, layer: int) -> None:  # NOALLOC
        """Append one entry. Allocates: no."""
        control = self.control
        written = control[WRITTEN]
        if ((written - control[READ]) & INDEX_MASK) > control[SLOT_MASK]:
            control[DROPPED] = (control[DROPPED] + 1) & INDEX_MASK
            return
        at = (written & control[SLOT_MASK]) * ENTRY_WORDS
        entries = self.entries
        entries[at] = index
        entries[at + 1] = flips
        entries[at + 2] = levels
        entries[at + 3] = layer
        control[WRITTEN] = (written + 1) & INDEX_MASK  # published last: a reader never sees half an entry

    def pop_into(self, out: "array[int]") -> bool:  # NOALLOC
        """Move the oldest entry into `out` (array "I" of 4); False when there is none. Allocates: no."""
        control = self.control
        read = control[READ]
        if control[WRITTEN] == read:
            return False
        at = (read & control[SLOT_MASK]) * ENTRY_WORDS
        entries = self.entries
        for word in range(ENTRY_WORDS):
            out[word] = entries[at + word]
        control[READ] = (read + 1) & INDEX_MASK  # given back last: the writer never overwrites what is read
        return True
