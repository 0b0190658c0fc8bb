"""The journal: every sealed record is here before anyone is told of it.

Role in the flow: stage 7. Context: task.

Segments of one flash sector each (`tocsin.segment`) in a folder, named by their first record in hexadecimal, appended to and never changed.
A start opens a new segment, so a torn tail is never written behind. When the journal is full the oldest segment goes: quietly
when the host has it, else its records are counted and the caller is told.
"""

import os

from tocsin.errors import JournalError
from tocsin.record import MAC_NONE, RECORD_BYTES, mac_of
from tocsin.segment import SEGMENT_RECORDS, decode_header, encode_header, intact_records

SEGMENTS_MAX = 64


class _Segment:
    def __init__(self, name: str, first_seq: int, mac_before: bytes, count: int) -> None:
        self.name = name
        self.first_seq = first_seq
        self.mac_before = mac_before
        self.count = count

    @property
    def end_seq(self) -> int:
        return self.first_seq + self.count


class Journal:
    """Records by seq, from `oldest_seq` to `next_seq` - 1, with one gap-free run after every damaged place."""

    def __init__(self, folder: str, segments_max: int = SEGMENTS_MAX) -> None:
        self._folder = folder
        self._segments_max = segments_max
        self._segments: list[_Segment] = []
        self._is_open = False
        self._reading = ""
        self._file = None
        self.acked_seq = 0
        self.damaged_count = 0
        self.given_up_count = 0
        self._recover()

    @property
    def oldest_seq(self) -> int:
        """Lowest seq kept; equal to `next_seq` when there is none."""
        return self._segments[0].first_seq if self._segments else 0

    @property
    def next_seq(self) -> int:
        """The seq after the highest one kept."""
        return self._segments[-1].end_seq if self._segments else 0

    def append(self, record: bytes, seq: int, mac_before: bytes) -> None:
        """Store a sealed record. Returns once it is in flash. Raises: OSError, and then nothing was stored."""
        if not self._is_open or self._segments[-1].count >= SEGMENT_RECORDS or self.next_seq != seq:
            self._open_segment(seq, mac_before)
        segment = self._segments[-1]
        self._append_bytes(segment.name, record, (1 + segment.count) * RECORD_BYTES)
        segment.count += 1

    def first_from(self, seq: int) -> int:
        """The lowest seq kept that is not below `seq`; `next_seq` when there is none."""
        for segment in self._segments:
            if seq < segment.end_seq:
                return max(seq, segment.first_seq)
        return self.next_seq

    def read(self, seq: int) -> bytes:
        """The 64 bytes of record `seq`. Raises: JournalError when it is not kept."""
        segment = self._find(seq)
        return self._read_slot(segment, 1 + seq - segment.first_seq)

    def mac_before(self, seq: int) -> bytes:
        """The mac of record `seq` - 1, which need not be kept itself. Raises: JournalError when it is not known."""
        segment = self._find(seq)
        if seq == segment.first_seq:
            return segment.mac_before
        return mac_of(self._read_slot(segment, seq - segment.first_seq))

    def take_given_up(self) -> int:
        """Records dropped unacknowledged since the last call."""
        count, self.given_up_count = self.given_up_count, 0
        return count

    def _find(self, seq: int) -> _Segment:
        for segment in reversed(self._segments):
            if segment.first_seq <= seq < segment.end_seq:
                return segment
        raise JournalError("record %d is not in the journal" % seq)

    def _read_slot(self, segment: _Segment, slot: int) -> bytes:
        if self._reading != segment.name:
            self._close_reader()
            self._file = open(self._folder + "/" + segment.name, "rb")
            self._reading = segment.name
        self._file.seek(slot * RECORD_BYTES)
        return self._file.read(RECORD_BYTES)

    def _close_reader(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._reading = ""

    def _append_bytes(self, name: str, data: bytes, at: int) -> None:
        if self._reading == name:
            self._close_reader()
        with open(self._folder + "/" + name, "r+b" if at else "wb") as file:
            file.seek(at)
            file.write(data)
            file.flush()

    def _open_segment(self, seq: int, mac_before: bytes) -> None:
        self._make_room()
        name = "%08x.seg" % seq
        self._append_bytes(name, encode_header(seq, mac_before), 0)
        self._segments.append(_Segment(name, seq, mac_before, 0))
        self._is_open = True

    def _make_room(self) -> None:
        while len(self._segments) >= self._segments_max:
            oldest = self._segments.pop(0)
            self.given_up_count += max(0, oldest.end_seq - max(oldest.first_seq, self.acked_seq))
            self._remove(oldest.name)

    def _remove(self, name: str) -> None:
        if self._reading == name:
            self._close_reader()
        os.remove(self._folder + "/" + name)

    def _recover(self) -> None:
        _make_folder(self._folder)
        for name in sorted(os.listdir(self._folder)):
            if name.endswith(".seg"):
                self._recover_segment(name)

    def _recover_segment(self, name: str) -> None:
        with open(self._folder + "/" + name, "rb") as file:
            data = file.read()
        header = decode_header(data[:RECORD_BYTES])
        slots = data[RECORD_BYTES:]
        count = 0 if header is None else intact_records(slots, header[0])
        # A tail shorter than a slot is a write that the power cut short before anyone was told: no record is lost.
        self.damaged_count += len(slots) // RECORD_BYTES - count
        if header is None or count == 0:
            self._remove(name)
        else:
            self._segments.append(_Segment(name, header[0], header[1], count))


def _make_folder(folder: str) -> None:
    parent, _, name = folder.rpartition("/")
    if name not in os.listdir(parent or "/"):
        os.mkdir(folder)


def last_mac(journal: Journal) -> bytes:
    """The mac of the newest record kept; zeros when there is none."""
    return mac_of(journal.read(journal.next_seq - 1)) if journal.next_seq > journal.oldest_seq else MAC_NONE
