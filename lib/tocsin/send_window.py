"""Which records to send now: the window, what was lost on the way, what is urgent (docs/link.md, "A session").

Role in the flow: stage 8. Shared: yes (the host's tests drive it). Context: task.
Bounded whatever the host and the line do: 32 records on their way in order, 8 urgent ones ahead of them, numbers only;
the records stay in the journal.
"""

from . import messages
from .errors import JournalError
from .event import TYPE_ALARM, TYPE_FAULT, TYPE_SERVICE, TYPE_TAMPER, TYPE_TROUBLE
from .messages import WINDOW_RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class RecordSource(Protocol):
        """Where records come from: on a gateway, the journal. It may have holes, and may be empty.

        All below `acked_seq` is on the host; every session of the gateway reads and sets it.
        """

        acked_seq: int

        @property
        def next_seq(self) -> int: ...
        def oldest_seq(self) -> int: ...
        # The lowest seq kept that is not below `seq`; `next_seq` when there is none.
        def first_from(self, seq: int) -> int: ...
        # Both raise JournalError for what cannot be read.
        def read(self, seq: int) -> bytes: ...
        def mac_before(self, seq: int) -> bytes: ...


URGENT_TYPES = (TYPE_ALARM, TYPE_TAMPER, TYPE_FAULT, TYPE_TROUBLE, TYPE_SERVICE)
URGENT_MAX = 8
# An urgent record that the host does not take is not worth more: it comes again in its turn.
_URGENT_TRIES = 4
# Frames made at once: more would cost the heap, and keep other tasks waiting.
_BURST_RECORDS = 8
# Records of the backlog looked at in one go for urgent ones.
_LOOK_RECORDS = 32

PROBE_MORE_MS = 5
PROBE_MOST_MS = 500
PROBE_END_MS = 2000
GIVE_UP_AFTER_MS = 6000
_PROBE_RECORDS = 8
_IDLE_MS = 600_000
_ROUND_TRIP_MS = 200  # until one is measured


class SendWindow:
    """What one session has sent, and what of it the host has. Offsets and bits count from `acked_seq` as last seen."""

    def __init__(self, records: "RecordSource") -> None:
        self._records = records
        self._numbers = [0] * WINDOW_RECORDS  # of the latest transmission of a record, at its seq modulo 32
        self.round_trip_ms = _ROUND_TRIP_MS
        self.open(records.acked_seq, b"", 0)

    def open(self, next_seq: int, key: bytes, now_ms: int) -> None:
        """A session begins: the host has all below `next_seq`."""
        records = self._records
        self._key = key
        self._number = 0
        self._urgent: list[list[int]] = []  # [seq, number of its latest transmission or 0 to send, tries]
        # Urgent records are looked for from both on: among the new ones, and among those that were there before.
        self._fresh_seq = self._past_end = records.next_seq
        self._past_seq = records.acked_seq = min(next_seq, records.next_seq)
        self._start_over(records.acked_seq)
        self._progress(now_ms)

    def _start_over(self, base: int) -> None:
        self._base = self._sent_seq = base
        self._has = self._lost = 0
        self._timed_seq = -1
        self._timed_at_ms = 0

    def acknowledge(self, next_seq: int, from_seq: int, has: int, now_ms: int) -> None:
        """The host has all below `next_seq`, and the records `from_seq` + i of the bits in `has`."""
        records = self._records
        self._rebase()
        newest = self._newest_shown(next_seq, from_seq, has)
        if next_seq > records.acked_seq:
            records.acked_seq = min(next_seq, records.next_seq)
            self._rebase()
        if from_seq == next_seq and from_seq <= self._base:
            self._has = has >> (self._base - from_seq)
            self._lost &= ~self._has
        if newest:
            self._progress(now_ms)
            self._find_lost(newest)
        if self._timed_seq >= 0 and _is_in(self._timed_seq, next_seq, from_seq, has):
            self.round_trip_ms = (3 * self.round_trip_ms + now_ms - self._timed_at_ms) // 4
            self._timed_seq = -1

    def is_over(self, now_ms: int) -> bool:
        """Whether the host has shown nothing new for so long, with records outstanding, that it must be asked anew."""
        return self._is_outstanding() and now_ms - self._progress_at_ms >= GIVE_UP_AFTER_MS

    def wait_ms(self, now_ms: int) -> int:
        """How long from now until something may have to be sent again."""
        return self._probe_at_ms - now_ms if self._is_outstanding() else _IDLE_MS

    def take(self, now_ms: int) -> "list[bytes]":
        """Bodies of the frames to send now, a few at a time; none when all is sent."""
        self._rebase()
        if not self._is_outstanding():
            self._progress(now_ms)
        elif now_ms >= self._probe_at_ms:
            self._probe(now_ms)
        bodies: list[bytes] = []
        self._take_urgent(bodies)
        self._take_window(bodies, now_ms)
        return bodies

    def _is_outstanding(self) -> bool:
        return self._sent_seq > self._records.acked_seq or bool(self._urgent)

    def _progress(self, now_ms: int) -> None:
        self._progress_at_ms = now_ms
        self._probes = 0
        self._set_probe(now_ms)

    def _set_probe(self, now_ms: int) -> None:
        first_ms = self.round_trip_ms * 3 // 2 + PROBE_MORE_MS
        self._probe_at_ms = now_ms + min(max(PROBE_MOST_MS, first_ms), first_ms << self._probes, PROBE_END_MS)

    def _probe(self, now_ms: int) -> None:
        """Nothing shows what was lost: send the lowest few again, and what is urgent."""
        self._probes += 1
        self._set_probe(now_ms)
        for entry in self._urgent:
            entry[1] = 0
        bit, count = 1, _PROBE_RECORDS
        while count and bit < 1 << (self._sent_seq - self._base):
            if not self._has & bit:
                self._lost |= bit
                count -= 1
            bit <<= 1

    def _rebase(self) -> None:
        """Follow `acked_seq`, which another session may have moved."""
        base = self._records.acked_seq
        step = base - self._base
        if step < 0:
            self._start_over(base)
        elif step:
            self._has >>= step
            self._lost >>= step
            self._base = base
            self._sent_seq = max(self._sent_seq, base)
        if self._urgent:
            self._urgent = [one for one in self._urgent if one[0] >= base + WINDOW_RECORDS]

    def _newest_shown(self, next_seq: int, from_seq: int, has: int) -> int:
        """Number of the latest transmission among what this ack is the first to show; 0 when it shows nothing new."""
        newest = 0
        seq = self._base
        new = _shown(seq, next_seq, from_seq, has) & ~self._has & ((1 << (self._sent_seq - seq)) - 1)
        while new:
            if new & 1:
                newest = max(newest, self._numbers[seq % WINDOW_RECORDS])
            new >>= 1
            seq += 1
        for entry in self._urgent:
            if _is_in(entry[0], next_seq, from_seq, has):
                newest = max(newest, entry[1])
                entry[2] = _URGENT_TRIES
        self._urgent = [entry for entry in self._urgent if entry[2] < _URGENT_TRIES]
        return newest

    def _find_lost(self, newest: int) -> None:
        """Nothing overtakes: what was sent before that transmission and has not been shown was lost."""
        seq, bit = self._base, 1
        left = ~self._has & ((1 << (self._sent_seq - seq)) - 1)
        while left:
            if left & 1 and self._numbers[seq % WINDOW_RECORDS] < newest:
                self._lost |= bit
            left >>= 1
            bit <<= 1
            seq += 1
        for entry in self._urgent:
            if entry[1] < newest:
                entry[1] = 0

    def _take_window(self, bodies: "list[bytes]", now_ms: int) -> None:
        end = min(self._records.next_seq, self._base + WINDOW_RECORDS)
        seq = self._base if self._lost else self._sent_seq
        while seq < end and len(bodies) < _BURST_RECORDS:
            bit = 1 << (seq - self._base)
            if self._has & bit or (seq < self._sent_seq and not self._lost & bit):
                seq += 1
                continue
            after = self._put(seq, bodies)
            if after == seq:
                return
            self._number += 1
            if seq >= self._sent_seq and self._timed_seq < 0:
                self._timed_seq, self._timed_at_ms = after - 1, now_ms
            elif seq <= self._timed_seq < after:
                self._timed_seq = -1  # which of its transmissions an ack will answer is not known
            # A hole is on its way as a whole, with the record behind it.
            while seq < after:
                self._numbers[seq % WINDOW_RECORDS] = self._number
                self._lost &= ~(1 << (seq - self._base))
                seq += 1
            self._sent_seq = max(self._sent_seq, after)

    def _put(self, seq: int, bodies: "list[bytes]") -> int:
        """Add record `seq`, or where it is gone the next one with its proof. What follows them; `seq` for nothing."""
        records = self._records
        try:
            bodies.append(messages.encode_record(records.read(seq), None))
            return seq + 1
        except JournalError:
            pass  # gone, or damaged in flash, which is as good
        after = records.first_from(seq + 1)
        # Beyond the window nothing can be acknowledged, so a wide hole waits for its turn.
        while after < (records.next_seq if seq == self._base else self._base + WINDOW_RECORDS):
            try:
                bodies.append(messages.encode_record(records.read(after), records.mac_before(after)))
            except JournalError:
                after = records.first_from(after + 1)
                continue
            bodies.append(messages.encode_gone(self._key, seq, after - 1))
            return min(after + 1, self._base + WINDOW_RECORDS)
        return seq

    def _take_urgent(self, bodies: "list[bytes]") -> None:
        for entry in self._urgent:
            if not entry[1]:
                entry[2] += 1
                self._send_urgent(entry, bodies)
        self._fresh_seq = self._look(self._fresh_seq, self._records.next_seq, bodies)
        self._past_seq = self._look(self._past_seq, self._past_end, bodies)

    def _look(self, seq: int, end_seq: int, bodies: "list[bytes]") -> int:
        """Look for urgent records beyond the window, from `seq` on, a few at a time; how far that went."""
        records = self._records
        seq = max(seq, self._base + WINDOW_RECORDS)
        stop_seq = min(seq + _LOOK_RECORDS, end_seq)
        while seq < stop_seq and len(self._urgent) < URGENT_MAX:
            try:
                is_urgent = records.read(seq)[1] in URGENT_TYPES
            except JournalError:
                is_urgent = False
            if is_urgent:
                self._urgent.append([seq, 0, 1])
                self._send_urgent(self._urgent[-1], bodies)
            seq += 1
        return seq

    def _send_urgent(self, entry: "list[int]", bodies: "list[bytes]") -> None:
        records = self._records
        try:
            bodies.append(messages.encode_record(records.read(entry[0]), records.mac_before(entry[0])))
        except JournalError:
            entry[2] = _URGENT_TRIES  # its turn will come
        self._number += 1
        entry[1] = self._number


def _is_in(seq: int, next_seq: int, from_seq: int, has: int) -> bool:
    """Whether an ack shows record `seq`."""
    return seq < next_seq or (0 <= seq - from_seq < WINDOW_RECORDS and bool(has >> (seq - from_seq) & 1))


def _shown(base: int, next_seq: int, from_seq: int, has: int) -> int:
    """Which of the records from `base` on an ack shows: bit 0 is that one."""
    ahead = from_seq - base
    bits = 0
    if -WINDOW_RECORDS < ahead < WINDOW_RECORDS:
        bits = has << ahead if ahead > 0 else has >> -ahead
    below = next_seq - base
    return bits | ((1 << min(below, WINDOW_RECORDS)) - 1) if below > 0 else bits
