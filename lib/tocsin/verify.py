"""The verifier of log files: every record judged, every finding named, nothing bridged silently.

Role in the flow: stage 10 and whoever doubts it. Shared: yes. Context: host.
Sources: docs/record.md, "Verifying a log". Seals are judged in the order of the numbers, because keys evolve
that way; order, gaps and trailer are judged afterwards.
"""

from .chain import REACH, ChainVerifier
from .compat import const, ct_equal
from .errors import RecordError
from .log_report import Report
from .record import MAC_NONE, RECORD_BYTES, is_intact, mac_of, seq_of
from .seal import evolve, is_sealed, key_id, record_mac
from .tlog import (
    HEADER_MAGIC,
    TRAILER_MAGIC,
    is_intact_gap,
    trailer_seal,
    unpack_gap,
    unpack_header,
    unpack_trailer,
)

__all__ = ["ChainVerifier", "LogVerifier", "Report", "verify_log"]

_DAMAGED = const(0)
_GAP = const(1)
_FORGED = const(2)
_UNPROVEN = const(3)
_SEALED = const(4)


def verify_log(data: bytes, k0: bytes, gateway: str) -> Report:
    """Judge a whole log file with the first key and the name of the gateway that is said to have written it.

    Raises: RecordError when the bytes are no Tocsin log of a version known here: there is nothing to judge
    then.
    """
    return LogVerifier(data, k0, gateway).run()


class LogVerifier:
    """One verification of one file; run() does it once."""

    def __init__(self, data: bytes, k0: bytes, gateway: str) -> None:
        self._data = data
        self._k0 = k0
        self._gateway = gateway
        self._report = Report()
        self._blocks: list[bytes] = []
        self._seqs: list[int] = []  # -1 for what is no record
        self._states: list[int] = []
        self._trailer = b""

    def run(self) -> Report:
        """The report. Raises: RecordError as verify_log()."""
        data = self._data
        ruin = HEADER_MAGIC in data or TRAILER_MAGIC in data or HEADER_MAGIC.startswith(data)
        if not ruin:
            raise RecordError("not a Tocsin log: there is neither a header nor a trailer in it")
        if self._key_fits() and not self._is_flawless():
            self._split()
            self._judge_seals()
            self._judge_gap_entries()
            self._judge_order()
            self._judge_gaps()
            self._judge_trailer()
            self._report.findings.sort()
        return self._report

    def _key_fits(self) -> bool:
        report = self._report
        try:
            report.gateway, log_key_id = unpack_header(self._data[:RECORD_BYTES])
        except RecordError as error:
            report.add(0, -1, "damaged", str(error))
            return True
        if report.gateway != self._gateway:
            detail = f"the log is of gateway {report.gateway}, the key of {self._gateway}"
        elif log_key_id != key_id(self._k0):
            detail = f"the log was made under another key of gateway {self._gateway}"
        else:
            return True
        report.add(0, -1, "wrong key", detail)
        return False

    def _is_flawless(self) -> bool:
        """Whether there is nothing to find: records 0, 1, 2 …, each sealed after the one before, and a right trailer.

        The common case, and quick. Whatever is not of this form is judged entry by entry.
        """
        data, report = self._data, self._report
        end = len(data) - RECORD_BYTES
        if report.findings or end < RECORD_BYTES or data[end : end + len(TRAILER_MAGIC)] != TRAILER_MAGIC:
            return False
        verifier = ChainVerifier(self._k0)
        trailer = data[end:]
        count, _, _, seal = unpack_trailer(trailer)
        if verifier.accept_run(data, RECORD_BYTES, end) != end or verifier.next_seq != count:
            return False
        entries = data[RECORD_BYTES:end]
        if not ct_equal(seal, trailer_seal(self._k0, data[:RECORD_BYTES], entries, trailer[:32])):
            return False
        report.entries = report.sealed = count
        if count:
            report.first_seq, report.last_seq = 0, count - 1
        return True

    def _split(self) -> None:
        """Cut the file into entries and trailer, and note what is damaged."""
        data = self._data
        end = data.rfind(TRAILER_MAGIC, RECORD_BYTES)
        if end < 0:
            end = len(data)
        self._trailer = data[end:]
        at = RECORD_BYTES
        while at < end:
            size = _entry_bytes(data, at, end)
            self._add_block(data[at : at + size])
            at += size
        self._report.entries = len(self._blocks)

    def _add_block(self, block: bytes) -> None:
        position = len(self._blocks) + 1
        self._blocks.append(block)
        if is_intact(block):
            self._seqs.append(seq_of(block))
            self._states.append(_UNPROVEN)
            return
        self._seqs.append(-1)
        if is_intact_gap(block):
            self._states.append(_GAP)
            return
        self._states.append(_DAMAGED)
        if len(block) < RECORD_BYTES:
            self._report.add(position, -1, "truncated", "only %d of its 64 bytes are there" % len(block))
        else:
            self._report.add(position, -1, "damaged", "magic, zero bytes or CRC is wrong")

    def _judge_seals(self) -> None:
        """Walk the key along the numbers and judge all records of each number."""
        by_seq = self._positions_by_seq()
        key, key_before, at, proven = self._k0, b"", 0, 0
        macs: dict[int, list[bytes]] = {-1: [MAC_NONE]}  # of sealed records, by seq
        for seq in sorted(by_seq):
            if seq > proven + REACH:
                self._unprovable(by_seq[seq], "its number is too far from all that is proven")
                continue
            while at < seq:
                key_before, key = key, evolve(key)
                at += 1
            for index in by_seq[seq]:
                trusted = macs.get(seq - 1, []) + self._gap_mac(index)
                if self._is_sealed(index, key, key_before, trusted, macs.get(seq - 2, [])):
                    self._states[index] = _SEALED
                    macs.setdefault(seq, []).append(mac_of(self._blocks[index]))
                    proven = seq
                elif trusted:
                    self._states[index] = _FORGED
                    self._report.add(index + 1, seq, "forged", "its seal is wrong")
                else:
                    self._unprovable([index], "its predecessor's mac is not in the file")

    def _positions_by_seq(self) -> "dict[int, list[int]]":
        by_seq: dict[int, list[int]] = {}
        for index, seq in enumerate(self._seqs):
            if seq >= 0:
                by_seq.setdefault(seq, []).append(index)
        return by_seq

    def _unprovable(self, indexes: "list[int]", why: str) -> None:
        for index in indexes:
            self._report.add(index + 1, self._seqs[index], "unproven", why)

    def _gap_mac(self, index: int) -> "list[bytes]":
        """The mac that a gap entry right before the record gives for the record's predecessor."""
        if index and self._states[index - 1] == _GAP:
            _, last, mac = unpack_gap(self._blocks[index - 1])
            if last == self._seqs[index] - 1:
                return [mac]
        return []

    def _is_sealed(
        self, index: int, key: bytes, key_before: bytes, trusted: "list[bytes]", macs_before: "list[bytes]"
    ) -> bool:
        """Whether a record's seal is right under any mac its predecessor can have had.

        A forger without the key of this record gains nothing from the choice, so the entry before it may be
        asked too when that one is damaged or forged: for the mac it shows, and for the mac it ought to have.
        """
        block = self._blocks[index]
        for mac in trusted:
            if is_sealed(key, block, mac):
                return True
        before = self._blocks[index - 1] if index else b""
        if len(before) < RECORD_BYTES or self._states[index - 1] == _SEALED:
            return False
        if is_sealed(key, block, mac_of(before)):
            return True
        return any(is_sealed(key, block, record_mac(key_before, before, mac)) for mac in macs_before)

    def _judge_gap_entries(self) -> None:
        for index, state in enumerate(self._states):
            if state == _GAP and not self._gap_fits(index):
                self._report.add(index + 1, -1, "forged", "the gap entry does not fit the records around it")

    def _gap_fits(self, index: int) -> bool:
        first, last, _ = unpack_gap(self._blocks[index])
        if index + 1 == len(self._blocks) or first > last:
            return False
        after = self._states[index + 1]
        if after == _GAP or (after != _DAMAGED and self._seqs[index + 1] != last + 1):
            return False
        if index == 0:
            return first == 0
        return self._states[index - 1] == _DAMAGED or self._seqs[index - 1] == first - 1

    def _judge_order(self) -> None:
        """Numbers that come twice or not in rising order, among the proven records."""
        report = self._report
        seen: dict[int, int] = {}
        previous = -1
        for index, state in enumerate(self._states):
            if state != _SEALED:
                continue
            seq = self._seqs[index]
            if seq in seen:
                same = self._blocks[seen[seq]] == self._blocks[index]
                detail = (
                    "record %d is the same" if same else "record %d has this number too and is sealed: two held the key"
                )
                report.add(index + 1, seq, "replay" if same else "fork", detail % (seen[seq] + 1))
                continue
            seen[seq] = index
            if seq < previous:
                report.add(index + 1, seq, "reorder", "it stands after seq %d" % previous)
            previous = seq
        report.sealed = len(seen)
        if seen:
            report.first_seq, report.last_seq = min(seen), max(seen)

    def _judge_gaps(self) -> None:
        """Numbers that no record has. Damaged and forged entries, named already, may stand in their place."""
        in_doubt = [0]
        places: dict[int, int] = {}
        for index, state in enumerate(self._states):
            in_doubt.append(in_doubt[-1] + (state in (_DAMAGED, _FORGED)))
            if state in (_SEALED, _UNPROVEN):
                places.setdefault(self._seqs[index], index)
        expected, start = 0, 0
        for seq in sorted(places):
            place = places[seq]
            doubtful = max(0, in_doubt[place] - in_doubt[start])
            if seq - expected > doubtful:
                detail = "records %d to %d are missing" % (expected, seq - 1)
                if doubtful:
                    detail += "; %d damaged or forged entries stand there" % doubtful
                self._report.add(place + 1, seq, "gap", detail)
            expected, start = seq + 1, place

    def _judge_trailer(self) -> None:
        data, report = self._data, self._report
        position = report.entries + 1
        if len(self._trailer) < RECORD_BYTES:
            what = "the trailer is cut off" if self._trailer else "there is no trailer"
            report.add(position, -1, "truncated", what + ": nothing proves where the log ends")
            return
        if len(self._trailer) > RECORD_BYTES:
            report.add(position, -1, "damaged", "%d bytes follow the trailer" % (len(self._trailer) - RECORD_BYTES))
        trailer = self._trailer[:RECORD_BYTES]
        count, _, _, seal = unpack_trailer(trailer)
        entries = data[RECORD_BYTES : len(data) - len(self._trailer)]
        if count > report.entries:
            detail = "the trailer counts %d entries, the file has %d" % (count, report.entries)
            report.add(position, -1, "truncated", detail)
        elif not ct_equal(seal, trailer_seal(self._k0, data[:RECORD_BYTES], entries, trailer[:32])):
            report.add(position, -1, "forged", "the seal of the export does not fit its header, entries and trailer")


def _entry_bytes(data: bytes, at: int, end: int) -> int:
    """Length of the entry at `at`: 64, or less when bytes were lost or put in: up to the next intact one."""
    size = min(RECORD_BYTES, end - at)
    if _is_entry(data, at):
        return size
    for skip in range(1, size):
        if _is_entry(data, at + skip):
            return skip
    return size


def _is_entry(data: bytes, at: int) -> bool:
    if data[at] != 0xA5 and data[at] != 0xA6:
        return False
    block = data[at : at + RECORD_BYTES]
    return is_intact(block) or is_intact_gap(block)
