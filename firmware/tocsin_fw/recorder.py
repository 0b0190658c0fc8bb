"""From event to sealed record to flash: the one place where records are made.

Role in the flow: stages 6 and 7. Context: task; `record` runs to its end without yielding, so records keep their order.
"""

import micropython
from tocsin.anchor import Anchor
from tocsin.errors import JournalError
from tocsin.event import (
    MODE_CLOSED,
    SOURCE_GATEWAY,
    STATE_NORMAL,
    TROUBLE_FLASH_WORN,
    TROUBLE_JOURNAL_DAMAGED,
    TROUBLE_JOURNAL_WRITE,
    TROUBLE_KEY_DAMAGED,
    TROUBLE_SECTOR_FAILED,
    TYPE_COMMAND,
    TYPE_MODE,
    TYPE_OVERFLOW,
    TYPE_TROUBLE,
    TYPE_WEAR,
    VERDICT_FORGED,
    VERDICT_STALE,
    pack_flags,
)
from tocsin.record import MAC_NONE, unpack
from tocsin.seal import Sealer, evolve
from tocsin.slot import NO_SEQ
from tocsin.wall_clock import WallClock

from .scrub import scrub
from .seal_pads import set_key
from .wear import Wear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .hal import UptimeMs
    from .journal import Journal
    from .keystore import Keystore

ANCHOR_EVERY_RECORDS = 64
ANCHOR_EVERY_MS = 60_000
# What waits in RAM while flash refuses to be written: some minutes of an ordinary night. Beyond it the oldest go, and
# an overflow record tells how many.
UNWRITTEN_MAX = 64
_VALUE_MAX = 0x7FFFFFFF


class Recorder:
    """Seals and journals. `boot`, `mode` and `counter` (of the last command accepted) are the state that survives."""

    def __init__(self, journal: "Journal", keystore: "Keystore", random: "Callable[[int], bytes]") -> None:
        self.clock = WallClock()
        self.on_record: "Callable[[], None] | None" = None
        self.test = 0  # 1: a walk test runs, what is recorded of zones is marked
        self._journal = journal
        self._keystore = keystore
        self._unwritten: list[tuple[bytes, int, bytes]] = []
        self._write_failures = 0
        self._made_count = 0
        self._anchored_at_ms = 0
        self._is_scrubbed = False
        self._wear = Wear(journal)
        self._uptime_ms: "UptimeMs" = _no_time
        anchor = _load(keystore)
        self.key_missing = anchor is None
        if anchor is None:
            # Without a key nothing can be proven, yet sensing goes on: the host reports every record as forged.
            anchor = Anchor(journal.oldest_seq(), 0, 0, MODE_CLOSED, random(32), MAC_NONE)
        self._resume(anchor)

    def start(self, uptime_ms: "UptimeMs") -> None:
        """Give the recorder its clock, and destroy the key it started from."""
        self._uptime_ms = uptime_ms
        self._anchor()

    @micropython.native
    def record(
        self, kind: int, source: int, before: int = 0, after: int = 0, value: int = 0, count: int = 0, at_ms: int = -1
    ) -> None:
        """Seal and journal one event; `at_ms` is its uptime, now unless given."""
        if at_ms < 0:
            at_ms = self._uptime_ms()
        sealer = self._sealer
        seq, mac_before = sealer.seq, sealer.mac
        flags = pack_flags(after, before, self.clock.quality(at_ms), self.test if source != SOURCE_GATEWAY else 0)
        utc_ms = self.clock.utc_ms(at_ms)
        data = sealer.seal_in_place(kind, source, flags, self.boot, at_ms, utc_ms, value, count)
        self._made_count += 1
        if self._unwritten:
            self._unwritten.append((bytes(data), seq, mac_before))
            self._write()
        else:
            try:
                self._journal.append(data, seq, mac_before)
            except OSError:
                self._write_failures += 1
                self._unwritten.append((bytes(data), seq, mac_before))
        if seq - self._anchored_seq >= ANCHOR_EVERY_RECORDS - 1:
            self._anchor()
        if self._write_failures or self._journal.losses.given_up_count:
            self._report_losses()
        if self.on_record is not None:
            self.on_record()

    def trouble(self, code: int, count: int = 1) -> None:
        """Record a trouble of the gateway itself (docs/record.md, "Trouble codes")."""
        self.record(TYPE_TROUBLE, SOURCE_GATEWAY, STATE_NORMAL, STATE_NORMAL, code, count)

    def report_start(self) -> None:
        """Record what this start found damaged, and anchor: from now on a journal that is wiped is missed."""
        self._report_damage()
        if self.key_missing:
            self.trouble(TROUBLE_KEY_DAMAGED, 0)
        self._anchor()

    def next_seq(self) -> int:
        """Number of the next record; 0: this gateway never made one."""
        return self._sealer.seq

    def is_waiting(self) -> bool:
        """Whether flash refuses to be written: records wait in RAM."""
        return bool(self._unwritten)

    def take_made_count(self) -> int:
        """Records made since the last call."""
        count, self._made_count = self._made_count, 0
        return count

    def tend(self, uptime_ms: int) -> None:
        """Anchor when it is time; write what flash refused before. Called about once a second."""
        self._write()
        is_many = self._sealer.seq - self._anchored_seq >= ANCHOR_EVERY_RECORDS
        if is_many or uptime_ms - self._anchored_at_ms >= ANCHOR_EVERY_MS:
            self._anchor()
        if not self._is_scrubbed:
            self._is_scrubbed = True
            scrub()
        self._journal.tend()
        self._report_losses()
        self._report_damage()
        self._report_wear(uptime_ms)

    def _resume(self, anchor: Anchor) -> None:
        """Bring the anchored state forward over the records journalled since."""
        journal = self._journal
        self.boot, self.counter, self.mode = anchor.boot, anchor.counter, anchor.mode
        journal.acked_seq = anchor.acked_seq
        key, seq, mac = anchor.key, anchor.seq, anchor.mac
        if journal.next_seq > seq:
            mac = journal.found_mac
        elif journal.next_seq < seq:
            journal.skip(seq)
            journal.losses.damaged_count += 1
        while seq < journal.next_seq:
            key = evolve(key)
            if journal.first_from(seq) == seq:
                self._replay(seq)
            seq += 1
        self.boot += 1
        self._sealer = Sealer(key, seq, mac, set_key)
        self._anchored_seq = anchor.seq

    def _replay(self, seq: int) -> None:
        try:
            record = unpack(self._journal.read(seq))
        except (OSError, JournalError):
            return  # the journal counts its damaged slots itself
        self.boot = max(self.boot, record.boot)
        if record.type == TYPE_MODE:
            self.mode = record.value
        elif record.type == TYPE_COMMAND and record.value >> 8 not in (VERDICT_STALE, VERDICT_FORGED):
            self.counter = max(self.counter, record.count)

    def _write(self) -> None:
        """Put what waits into flash, in order; leave it waiting when flash refuses."""
        while self._unwritten:
            data, seq, mac_before = self._unwritten[0]
            try:
                self._journal.append(data, seq, mac_before)
            except OSError:
                self._write_failures += 1
                if len(self._unwritten) > UNWRITTEN_MAX:
                    self._unwritten.pop(0)
                    self._journal.losses.give_up(seq)
                return
            self._unwritten.pop(0)

    def _report_losses(self) -> None:
        if self._unwritten:
            return
        failures, self._write_failures = self._write_failures, 0
        if failures:
            self.trouble(TROUBLE_JOURNAL_WRITE, failures)
        losses = self._journal.losses
        count, seq = losses.given_up_count, losses.given_up_seq
        if count:
            losses.given_up_count, losses.given_up_seq = 0, NO_SEQ
            self.record(TYPE_OVERFLOW, SOURCE_GATEWAY, value=min(seq, _VALUE_MAX), count=count)

    def _report_damage(self) -> None:
        losses = self._journal.losses
        damaged, losses.damaged_count = losses.damaged_count, 0
        if damaged:
            self.trouble(TROUBLE_JOURNAL_DAMAGED, damaged)
        failed, losses.failed = losses.failed, []
        for sector in failed:
            self.trouble(TROUBLE_SECTOR_FAILED, sector)

    def _report_wear(self, uptime_ms: int) -> None:
        found = self._wear.due(uptime_ms)
        if found is not None:
            self.record(TYPE_WEAR, SOURCE_GATEWAY, value=found[0], count=found[1])
        if self._wear.is_worn():
            self.trouble(TROUBLE_FLASH_WORN, self._journal.erase_count())

    def _anchor(self) -> None:
        """Save the present state and destroy the one before.

        Not while records wait: the anchor would skip them. Nor a key made up here: the next start, too, must tell
        that the real one is gone.
        """
        if self._unwritten or self.key_missing:
            return
        sealer = self._sealer
        state = (self.boot, self.counter, self.mode, sealer.key(), sealer.mac)
        anchor = Anchor(sealer.seq, *state, self._journal.acked_seq)
        # Noted first: an attempt that fails is not repeated, and told, at every record from then on.
        self._anchored_seq = sealer.seq
        self._anchored_at_ms = self._uptime_ms()
        self._is_scrubbed = False
        try:
            self._keystore.save(anchor)
        except OSError:
            self._write_failures += 1


def _load(keystore: "Keystore") -> "Anchor | None":
    try:
        return keystore.load()
    except OSError:
        return None  # told as a missing key


def _no_time() -> int:
    return 0
