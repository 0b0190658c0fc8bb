"""One ring of the journal: the records of one class, written slot after slot, round and round its sectors.

Role in the flow: stage 7. Context: task.
Sources: docs/journal.md, "Writing" and "After a power cut".

A program that a power cut stopped may leave bits that read one way now and another way later. So after a start the
last slot is either programmed once more or wiped, and the slot that comes next is wiped and left.
It must never: let a torn slot be read as a record later on, or erase what the host has not while there is another way.
"""

import micropython
from tocsin.record import mac_of
from tocsin.slot import BLANK, NO_SEQ, RECORD_AT, RECORD_END, SLOT_BYTES, SLOTS, WIPED, encode_header, fill_slot

from .sectors import Sectors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flash import ReservedFlash

_EIO = 5
_ENOSPC = 28
# For one record: more of it and dying flash would hold up sensing, or cost the records that are still there.
_TRIES = 3
_ERASES = 2


class Losses:
    """What a journal has lost and not yet told: `damaged_count` slots, `failed` sectors that did not erase or program,
    and `given_up_count` records from `given_up_seq` on that were erased before the host had them.
    """

    def __init__(self) -> None:
        self.damaged_count = 0
        self.failed: list[int] = []
        self.given_up_count = 0
        self.given_up_seq = NO_SEQ
        self._known: list[int] = []

    def fail(self, sector: int) -> None:
        """Note a sector that failed; once, because telling it needs flash, too."""
        if sector not in self._known:
            self._known.append(sector)
            self.failed.append(sector)

    def give_up(self, seq: int) -> None:
        """Note a record that is gone."""
        self.given_up_count += 1
        self.given_up_seq = min(self.given_up_seq, seq)


class Ring:
    """`sectors` reads; here is what writes. `losses` takes what goes wrong.

    `last_mac` is the mac of the highest record; `has_lost_tail`: damaged slots follow it, whose numbers nobody knows.
    `erase_count` are the erases of the most used sector.
    """

    def __init__(self, flash: "ReservedFlash", first: int, count: int, number: int, losses: Losses) -> None:
        self.sectors = Sectors(flash, first, count)
        self.last_mac = b""
        self.has_lost_tail = False
        self.erase_count = 0
        self._losses = losses
        self._number = number
        self._slot = bytearray(SLOT_BYTES)
        self._checked = memoryview(self._slot)[:RECORD_END]
        self._generation = 0
        self._next_slot = SLOTS
        self._is_doubtful = True
        self._is_prepared = False  # asked once for each head: it takes reading the next sector's header
        self._bad: list[int] = []
        self._unchecked = 0

    def recover(self) -> None:
        """Find out what the sectors hold, and settle what the last program before the start left. Raises: OSError."""
        sectors = self.sectors
        for sector in range(sectors.count):
            generation, erases = sectors.header(sector, self._number)
            self.erase_count = max(self.erase_count, erases)
            if generation and sectors.is_used(sector):
                sectors.note_first(sector, sectors.first_in(sector))
                if generation > self._generation:
                    sectors.head, self._generation = sector, generation
        if sectors.head >= 0:
            self._recover_head()
            self._unchecked = sectors.count
        if sectors.count:
            self._wipe_doubtful()

    @micropython.native
    def append(self, record: "bytes | memoryview", seq: int, mac_before: bytes, acked_seq: int) -> None:
        """Store a record: it is in flash and was read back when this returns. Raises: OSError, and it is not stored.

        When a sector must be erased for it that holds records from `acked_seq` on, they are given up.
        """
        data, sectors = self._slot, self.sectors
        fill_slot(data, self._checked, mac_before, record)
        if self._is_doubtful:
            self._wipe_doubtful()
        tries = _TRIES
        while True:
            slot = self._next_slot
            if slot >= SLOTS:
                self._advance(acked_seq)
                slot = self._next_slot
            head = sectors.head
            if sectors.flash.program(sectors.first + head, slot, data):
                break
            self._give_up_slot(sectors.first + head, slot)
            tries -= 1
            if not tries:
                raise OSError(_EIO)
        self._next_slot = slot + 1
        if sectors.first_seqs[head] == NO_SEQ:
            sectors.note_first(head, seq)
        sectors.end_seq = seq + 1

    def _give_up_slot(self, sector: int, slot: int) -> None:
        """Leave a slot that took no record. Raises: OSError if it is still blank: none may lie between records."""
        flash, work = self.sectors.flash, self.sectors.work
        self._losses.fail(sector)
        flash.program(sector, slot, WIPED)
        flash.read(sector, slot, work)
        if work == BLANK:
            raise OSError(_EIO)
        self._next_slot += 1

    def prepare(self, acked_seq: int) -> None:
        """Erase the next sector ahead of its time, if the host has all that is in it."""
        sectors = self.sectors
        if self._is_prepared or sectors.head < 0 or self._next_slot < SLOTS // 2:
            return
        sector = (sectors.head + 1) % sectors.count
        if sector in self._bad:
            return
        self._is_prepared = self._is_ready(sector)
        if not self._is_prepared and sectors.oldest_after(sector) <= acked_seq:
            self._is_prepared = self._erase(sector, acked_seq)

    def check_next(self) -> bool:
        """Look through one sector for damage; False once all were looked through since the start.

        Not the one that is erased next: an erase that a power cut stopped leaves ruins there, and no loss.
        """
        if not self._unchecked:
            return False
        self._unchecked -= 1
        sectors = self.sectors
        if self._unchecked not in (sectors.head, (sectors.head + 1) % sectors.count):
            self._losses.damaged_count += self._scan(self._unchecked)[2]
        return True

    def _recover_head(self) -> None:
        sectors = self.sectors
        last, mac, damaged, at_end = self._scan(sectors.head)
        self._next_slot = last + 1
        self.has_lost_tail = at_end > 1
        self._losses.damaged_count += damaged
        if last:
            seq = sectors.load(sectors.head, last, self._slot)
            if seq != NO_SEQ:
                sectors.flash.program(sectors.first + sectors.head, last, self._slot)
            elif self._slot != WIPED:
                self._losses.damaged_count -= 1  # torn: nobody was told of it
                sectors.flash.wipe(sectors.first + sectors.head, last)
        sector = sectors.head
        for _ in range(1, sectors.count):
            if mac:
                break
            sector = (sector - 1) % sectors.count
            mac = self._scan(sector)[1]
        self.last_mac = mac

    def _wipe_doubtful(self) -> None:
        """The slot that comes next may have been torn, though it reads blank: leave it, before any record is made."""
        sectors = self.sectors
        if self._next_slot >= SLOTS:
            sector = (sectors.head + 1) % sectors.count
            if self._is_ready(sector):
                self._enter(sector)
        if self._next_slot < SLOTS:
            sectors.flash.wipe(sectors.first + sectors.head, self._next_slot)
            self._next_slot += 1
        self._is_doubtful = False

    def _scan(self, sector: int) -> "tuple[int, bytes, int, int]":
        """(last slot used, mac of the last record, damaged slots, those of them after the last record) of a sector.

        Brings `end_seq` up to what is found.
        """
        sectors = self.sectors
        last = damaged = at_end = 0
        mac = b""
        if sectors.first_seqs[sector] == NO_SEQ and sector != sectors.head:
            return 0, mac, 0, 0
        for slot in range(1, SLOTS):
            seq = sectors.load(sector, slot, self._slot)
            if self._slot == BLANK:
                break
            last = slot
            if seq != NO_SEQ:
                mac, at_end = mac_of(self._slot[RECORD_AT:RECORD_END]), 0
                sectors.end_seq = max(sectors.end_seq, seq + 1)
            elif self._slot != WIPED:
                damaged += 1
                at_end += 1
        return last, mac, damaged, at_end

    def _is_ready(self, sector: int) -> bool:
        """Whether a sector was erased to its end for the next round."""
        return self.sectors.header(sector, self._number)[0] > self._generation and not self.sectors.is_used(sector)

    def _advance(self, acked_seq: int) -> None:
        """Make the next sector the head. Raises: OSError when none of the next can be had."""
        sectors = self.sectors
        sector, erases = sectors.head, 0
        for _ in range(sectors.count):
            sector = (sector + 1) % sectors.count
            if sector == sectors.head or erases == _ERASES:
                break
            if sector in self._bad:
                continue
            if not self._is_ready(sector):
                erases += 1
                if not self._erase(sector, acked_seq):
                    continue
            self._enter(sector)
            return
        raise OSError(_ENOSPC)

    def _enter(self, sector: int) -> None:
        """Make a sector that is ready the head. Its header is programmed once more: it, too, may have been torn."""
        sectors = self.sectors
        generation, erases = sectors.header(sector, self._number)
        sectors.flash.program(sectors.first + sector, 0, encode_header(self._number, generation, erases))
        sectors.head, self._generation = sector, generation
        self._next_slot = 1
        self._is_prepared = False

    def _erase(self, sector: int, acked_seq: int) -> bool:
        """Erase a sector and give it the header of the next round; whether that worked."""
        sectors = self.sectors
        generation, erases = sectors.header(sector, self._number)
        erases = 1 + (erases if generation else self.erase_count)
        self._note_given_up(sector, acked_seq)
        sectors.note_first(sector, NO_SEQ)
        header = encode_header(self._number, self._generation + 1, erases)
        try:
            sectors.flash.erase(sectors.first + sector)
            is_right = sectors.flash.program(sectors.first + sector, 0, header)
        except OSError:
            is_right = False
        if is_right:
            self.erase_count = max(self.erase_count, erases)
        else:
            self._bad.append(sector)
            self._losses.fail(sectors.first + sector)
        return is_right

    def _note_given_up(self, sector: int, acked_seq: int) -> None:
        sectors = self.sectors
        if sectors.first_seqs[sector] == NO_SEQ or sectors.oldest_after(sector) <= acked_seq:
            return
        for slot in range(1, SLOTS):
            seq = sectors.load(sector, slot, sectors.work)
            if seq != NO_SEQ and seq >= acked_seq:
                self._losses.give_up(seq)
