"""The sectors of one ring of the journal as a reader sees them: what lies where, found without an index of each.

Role in the flow: stage 7. Context: task.
Sources: docs/journal.md. Only the first number of each sector is kept in memory; a place once found is where the next
search goes on, so that reading in order costs one slot a record.
"""

from array import array

from tocsin.record import MAC_BYTES
from tocsin.slot import BLANK, NO_SEQ, RECORD_AT, RECORD_END, SLOT_BYTES, SLOTS, decode_header, seq_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flash import ReservedFlash


class Sectors:
    """Sectors `first` to `first + count - 1` of `flash`, here numbered from 0; `head` is the one that is written.

    `first_seqs` has the number of each sector's first record, NO_SEQ for none; `oldest_seq` is the lowest of them,
    `end_seq` one above the highest number.
    Every method may raise OSError.
    """

    def __init__(self, flash: "ReservedFlash", first: int, count: int) -> None:
        self.flash = flash
        self.first = first
        self.count = count
        self.head = -1
        self.oldest_seq = NO_SEQ
        self.end_seq = 0
        self.first_seqs = array("I", [NO_SEQ] * count)
        self.work = bytearray(SLOT_BYTES)
        self._slot = bytearray(SLOT_BYTES)
        self._asked = self._found = NO_SEQ
        self._at = (0, 0)

    def load(self, sector: int, slot: int, into: bytearray) -> int:
        """Read a slot; the number of its record, NO_SEQ when it holds none."""
        self.flash.read(self.first + sector, slot, into)
        return seq_in(into)

    def header(self, sector: int, ring: int) -> "tuple[int, int]":
        """(generation, erases) of a sector of `ring`; (0, 0) for one that was not erased to the end."""
        self.flash.read(self.first + sector, 0, self.work)
        header = decode_header(self.work)
        return (0, 0) if header is None or header[0] != ring else header[1:]

    def is_used(self, sector: int) -> bool:
        """Whether anything was written behind the header."""
        self.flash.read(self.first + sector, 1, self.work)
        return self.work != BLANK

    def first_in(self, sector: int) -> int:
        """Number of the first record of a sector."""
        for slot in range(1, SLOTS):
            seq = self.load(sector, slot, self.work)
            if seq != NO_SEQ or self.work == BLANK:
                return seq
        return NO_SEQ

    def oldest_after(self, sector: int) -> int:
        """The first number in the sectors after this one, up to the head; `end_seq` when there is none."""
        while sector != self.head:
            sector = (sector + 1) % self.count
            if self.first_seqs[sector] != NO_SEQ:
                return self.first_seqs[sector]
        return self.end_seq

    def note_first(self, sector: int, seq: int) -> None:
        """`seq` is the first number in a sector from now on; NO_SEQ: it is about to be erased."""
        if seq == NO_SEQ:
            self._found = NO_SEQ
        self.first_seqs[sector] = seq
        self.oldest_seq = min(self.first_seqs) if self.count else NO_SEQ

    def seek(self, seq: int) -> int:
        """The lowest number kept that is not below `seq`, NO_SEQ when there is none."""
        if seq >= self.end_seq or self.head < 0:
            return NO_SEQ
        if self._found == NO_SEQ or not self._asked <= seq <= self._found:
            sector, slot = self._at
            if self._found == NO_SEQ or seq < self._asked or seq >= self.oldest_after(sector):
                sector, slot = self._sector_for(seq), 0
            self._walk(sector, slot + 1, seq)
        return self._found

    def found_record(self) -> bytes:
        """The 64 bytes of the record that seek() found."""
        return bytes(self._slot[RECORD_AT:RECORD_END])

    def found_mac_before(self) -> bytes:
        """The mac (16 bytes) of the record before the one that seek() found."""
        return bytes(self._slot[:MAC_BYTES])

    def _sector_for(self, seq: int) -> int:
        """The sector in which `seq` lies, or the oldest with records when it is below all."""
        best = oldest = -1
        sector = self.head
        for _ in range(self.count):
            sector = (sector + 1) % self.count
            first = self.first_seqs[sector]
            if first != NO_SEQ:
                if oldest < 0:
                    oldest = sector
                if first <= seq:
                    best = sector
        return best if best >= 0 else max(oldest, 0)

    def _walk(self, sector: int, slot: int, seq: int) -> None:
        """Find the lowest number from `seq` on, from this slot forward."""
        self._asked = seq
        while True:
            while slot < SLOTS:
                self._found = self.load(sector, slot, self._slot)
                if self._found != NO_SEQ and self._found >= seq:
                    self._at = (sector, slot)
                    return
                if self._slot == BLANK:
                    break
                slot += 1
            self._found = NO_SEQ
            if sector == self.head:
                return
            sector, slot = (sector + 1) % self.count, 1
