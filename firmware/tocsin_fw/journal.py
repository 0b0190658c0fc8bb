"""The journal: every sealed record is here before anyone is told of it.

Role in the flow: stage 7. Context: task.

Segments of one flash sector each (`tocsin.segment`) in a folder, named by their first record in hexadecimal, appended
to and never changed. A start goes on in the last segment only when that ends cleanly, so nothing is ever written behind
a torn tail. When the journal is full the oldest segment goes: quietly when the host has it, else its records are
counted and the caller is told.
It must never: hand out a number again whose record may have been told.
"""

import os

from tocsin.errors import JournalError
from tocsin.record import MAC_NONE, RECORD_BYTES, is_intact, mac_of, seq_of
from tocsin.segment import SEGMENT_RECORDS, decode_header, encode_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

SEGMENTS_MAX = 64
_SUFFIX = ".seg"


class _Run:
    """Records in adjacent slots of one file, without a gap; `mac_before` is that of the record before the first."""

    def __init__(self, name: str, slot: int, first_seq: int, mac_before: bytes) -> None:
        self.name = name
        self.slot = slot
        self.first_seq = first_seq
        self.mac_before = mac_before
        self.count = 0

    @property
    def end_seq(self) -> int:
        return self.first_seq + self.count

    @property
    def is_full(self) -> bool:
        return self.slot + self.count > SEGMENT_RECORDS


class Journal:
    """Records by seq, from `oldest_seq` to `next_seq` - 1; damage leaves gaps.

    `next_seq` is the number that the next record gets, `next_mac` the mac it is sealed under: the record's before it,
    or the last one known.
    """

    def __init__(self, folder: str, segments_max: int = SEGMENTS_MAX) -> None:
        """Never raises: a folder that cannot be used shows at the first append."""
        self._folder = folder
        self._segments_max = segments_max
        self._names: list[str] = []
        self._runs: list[_Run] = []
        self._is_open = False
        self._reading = ""
        self._file: "IO[bytes] | None" = None
        self.next_seq = 0
        self.next_mac = MAC_NONE
        self.acked_seq = 0
        self.damaged_count = 0
        self._given_up_count = 0
        self._recover()

    @property
    def oldest_seq(self) -> int:
        """Lowest seq kept; equal to `next_seq` when there is none."""
        return self.first_from(0)

    def append(self, record: bytes, seq: int, mac_before: bytes) -> None:
        """Store a sealed record. Returns once it is in flash. Raises: OSError, and then nothing was stored."""
        if not self._is_open or self._runs[-1].end_seq != seq or self._runs[-1].is_full:
            self._open_segment(seq, mac_before)
        run = self._runs[-1]
        self._write(run.name, record, run.slot + run.count)
        run.count += 1
        self.next_seq = seq + 1
        self.next_mac = mac_of(record)

    def first_from(self, seq: int) -> int:
        """The lowest seq kept that is not below `seq`; `next_seq` when there is none."""
        for run in self._runs:
            if seq < run.end_seq:
                return max(seq, run.first_seq)
        return self.next_seq

    def read(self, seq: int) -> bytes:
        """The 64 bytes of record `seq`. Raises: JournalError when it is not kept, or damaged; OSError."""
        run = self._find(seq)
        data = self._read_slot(run.name, run.slot + seq - run.first_seq)
        if not is_intact(data):
            raise JournalError("record %d was damaged in the journal" % seq)
        return data

    def mac_before(self, seq: int) -> bytes:
        """The mac of record `seq` - 1, which need not be kept itself. Raises: as `read`."""
        run = self._find(seq)
        return run.mac_before if seq == run.first_seq else mac_of(self.read(seq - 1))

    def take_given_up(self) -> int:
        """Records dropped unacknowledged since the last call."""
        count, self._given_up_count = self._given_up_count, 0
        return count

    def _find(self, seq: int) -> _Run:
        for run in reversed(self._runs):
            if run.first_seq <= seq < run.end_seq:
                return run
        raise JournalError("record %d is not in the journal" % seq)

    def _read_slot(self, name: str, slot: int) -> bytes:
        if self._reading != name:
            self._close_reader()
            self._file = open(self._folder + "/" + name, "rb")
            self._reading = name
        self._file.seek(slot * RECORD_BYTES)
        return self._file.read(RECORD_BYTES)

    def _close_reader(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._reading = ""

    def _write(self, name: str, data: bytes, slot: int) -> None:
        if self._reading == name:
            self._close_reader()
        with open(self._folder + "/" + name, "r+b" if slot else "wb") as file:
            file.seek(slot * RECORD_BYTES)
            file.write(data)
            file.flush()

    def _open_segment(self, seq: int, mac_before: bytes) -> None:
        self._make_room()
        name = "%08x%s" % (seq, _SUFFIX)
        self._write(name, encode_header(seq, mac_before), 0)
        self._names.append(name)
        self._runs.append(_Run(name, 1, seq, mac_before))
        self._is_open = True

    def _make_room(self) -> None:
        while len(self._names) >= self._segments_max:
            name = self._names.pop(0)
            while self._runs and self._runs[0].name == name:
                run = self._runs.pop(0)
                self._given_up_count += max(0, run.end_seq - max(run.first_seq, self.acked_seq))
            self._remove(name)

    def _remove(self, name: str) -> None:
        if self._reading == name:
            self._close_reader()
        os.remove(self._folder + "/" + name)

    def _recover(self) -> None:
        try:
            if not _exists(self._folder):
                os.mkdir(self._folder)
            names = os.listdir(self._folder)
        except OSError:
            return
        for name in sorted(names):
            if name.endswith(_SUFFIX):
                self._recover_segment(name)

    def _recover_segment(self, name: str) -> None:
        try:
            first_seq = int(name[: -len(_SUFFIX)], 16)
        except ValueError:
            return  # none of ours
        runs_before = len(self._runs)
        try:
            with open(self._folder + "/" + name, "rb") as file:
                self._is_open = self._recover_slots(file, name, first_seq)
            if len(self._runs) == runs_before:
                self._remove(name)
                return
        except OSError:
            self.damaged_count += 1
            self._is_open = False
            self.next_seq = max(self.next_seq, first_seq + SEGMENT_RECORDS + 1)
        self._names.append(name)

    def _recover_slots(self, file: "IO[bytes]", name: str, first_seq: int) -> bool:
        """Take in what is intact; whether the file ends so that more can be appended."""
        mac = self._mac_before_segment(file.read(RECORD_BYTES), first_seq)
        run = None
        seq = first_seq
        while seq < first_seq + SEGMENT_RECORDS:
            data = file.read(RECORD_BYTES)
            if len(data) < RECORD_BYTES:  # a piece of a slot is a write that the power cut short: nobody was told
                break
            if not is_intact(data) or seq_of(data) != seq:
                self.damaged_count += 1
                run = mac = None
            else:
                run = self._extend(run, mac, name, seq, first_seq)
                mac = mac_of(data)
            seq += 1
        if mac is None:
            # The last record may have been told, and nobody knows its mac: the one after it could not be proven.
            self.next_seq = max(self.next_seq, seq + 1)
        elif seq >= self.next_seq:
            self.next_seq, self.next_mac = seq, mac
        return run is not None and not data

    def _extend(self, run: "_Run | None", mac: "bytes | None", name: str, seq: int, first_seq: int) -> "_Run | None":
        """The run that record `seq` lies in; None where the mac before it is lost, so that it cannot be proven."""
        if run is None and mac is not None:
            run = _Run(name, 1 + seq - first_seq, seq, mac)
            self._runs.append(run)
        if run is not None:
            run.count += 1
        return run

    def _mac_before_segment(self, header: bytes, first_seq: int) -> "bytes | None":
        decoded = decode_header(header)
        if decoded is not None and decoded[0] == first_seq:
            return decoded[1]
        self.damaged_count += len(header) == RECORD_BYTES
        return self.next_mac if first_seq == self.next_seq else None


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True
