"""The journal: every sealed record is in flash before anyone is told of it.

Role in the flow: stage 7. Context: task.
Sources: docs/journal.md. A ring of sectors for each class of records, so that what comes often never pushes out what
matters; each slot can be proven by itself, so damage costs the record it hits and no other.
It must never: hand out a number again whose record may have been told.
"""

import micropython
from tocsin.errors import JournalError
from tocsin.event import CLASSES, record_class
from tocsin.record import MAC_NONE
from tocsin.slot import NO_SEQ

from .ring import Losses, Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flash import ReservedFlash

_ENXIO = 6
_RING_OF = bytes([record_class(kind) for kind in range(256)])
# Numbers left free when records are lost that may have been told: more than can have been sealed since the last anchor.
SKIP_AFTER_LOSS = 1024


class Journal:
    """Records by seq, from `oldest_seq` to `next_seq` - 1, with holes where a class was pushed out or damaged.

    `next_seq` is the number that the next record gets, `found_mac` the mac of the last one that was found at the start.
    `acked_seq`: the host has all below. `losses` are for the caller to tell and to clear.
    """

    def __init__(self, flash: "ReservedFlash") -> None:
        """Never raises: flash that cannot be used shows at the first append."""
        self.next_seq = 0
        self.found_mac = MAC_NONE
        self.acked_seq = 0
        self.losses = Losses()
        self._rings = [Ring(flash, *flash.areas[number], number, self.losses) for number in range(CLASSES)]
        self._found: "Ring | None" = None
        for ring in self._rings:
            self._recover(ring)
        if any(ring.has_lost_tail for ring in self._rings):
            self.skip(self.next_seq)

    # No properties: in a class that has one, MicroPython takes ten times as long to set anything.
    def oldest_seq(self) -> int:
        """Lowest seq kept; equal to `next_seq` when there is none."""
        return min(self.next_seq, min([ring.sectors.oldest_seq for ring in self._rings]))

    def erase_count(self) -> int:
        """Erases of the most used sector."""
        return max([ring.erase_count for ring in self._rings])

    @micropython.native
    def append(self, record: "bytes | memoryview", seq: int, mac_before: bytes) -> None:
        """Store a sealed record. Returns once it is in flash. Raises: OSError, and then nothing was stored."""
        ring = self._rings[_RING_OF[record[1]]]
        if not ring.sectors.count:
            raise OSError(_ENXIO)
        ring.append(record, seq, mac_before, self.acked_seq)
        self.next_seq = seq + 1

    def first_from(self, seq: int) -> int:
        """The lowest seq kept that is not below `seq`; `next_seq` when there is none."""
        lowest = NO_SEQ
        for ring in self._rings:
            found = self._seek(ring, seq)
            if found < lowest:
                lowest = found
                self._found = ring
        return self.next_seq if lowest == NO_SEQ else lowest

    def read(self, seq: int) -> bytes:
        """The 64 bytes of record `seq`. Raises: JournalError when it is not kept, or damaged."""
        return self._ring_of(seq).sectors.found_record()

    def mac_before(self, seq: int) -> bytes:
        """The mac of record `seq` - 1, which need not be kept itself. Raises: JournalError as `read`."""
        return self._ring_of(seq).sectors.found_mac_before()

    def skip(self, seq: int) -> None:
        """Go on with a number above all that can have been told, after `seq` - 1 was the last one known."""
        self.next_seq = seq + SKIP_AFTER_LOSS

    def tend(self) -> None:
        """What there is time for once a second: erase ahead in one ring, or look at one sector for damage."""
        for ring in self._rings:
            try:
                ring.prepare(self.acked_seq)
                if ring.check_next():
                    return
            except OSError:
                self.losses.damaged_count += 1

    def _recover(self, ring: Ring) -> None:
        try:
            ring.recover()
        except OSError:
            self.losses.damaged_count += 1
        end_seq = ring.sectors.end_seq
        if end_seq > self.next_seq:
            self.next_seq, self.found_mac = end_seq, ring.last_mac

    def _ring_of(self, seq: int) -> Ring:
        """The ring whose reader stands at `seq`."""
        if self._found is not None and self._seek(self._found, seq) == seq:
            return self._found
        for ring in self._rings:
            if self._seek(ring, seq) == seq:
                self._found = ring
                return ring
        raise JournalError("record %d is not in the journal, or damaged" % seq)

    def _seek(self, ring: Ring, seq: int) -> int:
        try:
            return ring.sectors.seek(seq)
        except OSError:
            raise JournalError("the journal could not be read at record %d" % seq)
