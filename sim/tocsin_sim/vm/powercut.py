"""Cuts the power at every flash operation of journal and keys, in every torn-write model, and again during recovery.

Role in the flow: under stages 6 and 7, in the power-cut bench. Context: the MicroPython VM, started by
`tocsin_sim.bench.powercut_virtual` as `micropython -m tocsin_sim.vm.powercut CHIP SEED RECORDS EVERY SECONDS`: CHIP is
a file with a provisioned flash chip, every EVERY-th operation is cut, and each of its models SECONDS times more during
the recovery. Prints one JSON object a line; the last has "done".

The gateway that is cut lives on: before each of its flash operations the chip is copied, torn, and started by a
firmware of its own, which is judged; then the chip is put back. So each trial costs one start and not the way there.
"""

import json
import random
import sys

import vfs
from tocsin.anchor import ANCHOR_BYTES, decode_anchor
from tocsin.record import RECORD_BYTES, unpack
from tocsin.seal import evolve, is_sealed
from tocsin.slot import BLANK, NO_SEQ, RECORD_AT, SECTOR_BYTES, SLOT_BYTES, SLOTS, WIPED, seq_in, slot_offset
from tocsin_fw.flash import AREAS, ReservedFlash
from tocsin_fw.journal import Journal
from tocsin_fw.keystore import KEY_AREA, Keystore
from tocsin_fw.recorder import Recorder

from tocsin_sim.vm import torn
from tocsin_sim.vm.nor import BLOCK_BYTES, Nor, PowerCutError

STORAGE = "/chip"
K0 = bytes(range(32))
_MODELS = range(len(torn.NAMES))
# Weighted as a busy night has them: transitions, alarms, heartbeats, orders, troubles.
_KINDS = (1, 1, 1, 2, 3, 6, 6, 6, 6, 16, 17, 10, 19)
# Records after a recovery, to see that the gateway goes on in every ring.
_AFTER = (7, 6, 1)
_TELL_EVERY = 2000


class TrialError(Exception):
    """A trial went wrong; the text says how."""


class Bench:
    """One chip, the gateway that lives on it, and the judge of its torn twins."""

    def __init__(self, chip: Nor, seed: int, every: int, seconds: int) -> None:
        self.chip = chip
        self.noise = torn.Noise(seed)
        self.told: "dict[int, bytes]" = {}
        self._extra: "dict[int, bytes]" = {}
        self.keys = [K0]
        self.trials = [0] * len(torn.NAMES)
        self.second_cuts = 0
        self.operations = 0
        self.failures: "list[str]" = []
        self._in_block: "dict[int, list[int]]" = {}
        self._every = every
        self._seconds = seconds
        flash = ReservedFlash(chip, STORAGE)
        self._places = {block: area for area in range(AREAS) for block in _blocks(flash, area)}
        self.recorder = _start(chip)

    def play(self, records: int) -> None:
        """The gateway's life: records of all kinds, acknowledged late, tended once in a while."""
        self.chip.before_change = self._operation
        recorder, journal = self.recorder, self.recorder._journal
        for number in range(records):
            recorder.record(random.choice(_KINDS), 255, value=number & 1)
            self._learn(recorder)
            if number % 3 == 0:
                # The host is near: what is erased, it has. (What is given up is the journal's tests' business.)
                journal.acked_seq = max(0, recorder._sealer.seq - random.randrange(1, 30))
            if number % 7 == 0:
                recorder.tend(number * 5000)
                self._learn(recorder)
        self.chip.before_change = None

    def _learn(self, recorder: Recorder) -> None:
        journal = recorder._journal
        seq = max(self.told) + 1 if self.told else 0
        while seq < journal.next_seq:
            self.told[seq] = journal.read(seq)
            self.told.pop(seq - 1200, None)
            seq += 1
        while len(self.keys) < seq + 100:
            self.keys.append(evolve(self.keys[-1]))

    def _operation(self, block: int, offset: int, data: "bytes | None") -> None:
        """Called before a flash operation of the living gateway: try all that may become of it."""
        self.operations += 1
        if self.operations % self._every:
            return
        chip, hook = self.chip, self.chip.before_change
        self._learn(self.recorder)
        whole, programs = bytes(chip.data), bytes(chip.programs)
        at, wanted = _span(chip.data, block, offset, data)
        found = [_seq_at(chip.data, block, slot) for slot in range(1, SLOTS)]
        self._in_block = {block: [seq for seq in found if seq in self.told]}
        for model in _MODELS:
            for second in range(1 + self._seconds):
                chip.before_change = None
                chip.data[at : at + len(wanted)] = torn.torn(model, whole[at : at + len(wanted)], wanted, self.noise)
                try:
                    self._trial(model, second, block, data, whole, at, wanted)
                except Exception as error:  # noqa: BLE001 - whatever a firmware raises at its start is a finding
                    self._note(error, block, offset, data, model, second)
                chip.data[:] = whole
                chip.programs[:] = programs
        chip.before_change = hook
        if sum(self.trials) % _TELL_EVERY < len(_MODELS) * (1 + self._seconds):
            self.report()

    def _trial(
        self, model: int, second: int, block: int, data: "bytes | None", whole: bytes, at: int, wanted: bytes
    ) -> None:
        self.trials[model] += 1
        self._extra = {}
        loose = torn.Loose(whole, at, wanted)
        if second:
            self._recover_and_cut(second, loose)
        elif model == torn.UNSTABLE:
            self.chip.before_change = loose.programmed
            self._go_on(_start(self.chip), self.operations % 4)
            self.chip.before_change = None
        if model == torn.UNSTABLE:
            loose.shake(self.chip, self.noise)
        self._judge(_start(self.chip), block, data, second)

    def _go_on(self, recorder: Recorder, records: int) -> None:
        """Record a few; each is told when it is in the journal."""
        for kind in _AFTER[:records]:
            recorder.record(kind, 255)
            seq = recorder._journal.next_seq - 1
            self._extra[seq] = recorder._journal.read(seq)

    def _recover_and_cut(self, second: int, loose: "torn.Loose") -> None:
        """Start, and lose the power at one of the start's own operations or of its first records."""
        self.second_cuts += 1
        counted = [random.randrange(1, 14) if second > 1 else 1 + self.second_cuts % 13]

        def change(block: int, offset: int, data: "bytes | None") -> None:
            counted[0] -= 1
            if counted[0]:
                loose.programmed(block, offset, data)
                return
            at, wanted = _span(self.chip.data, block, offset, data)
            before = bytes(self.chip.data[at : at + len(wanted)])
            self.chip.data[at : at + len(wanted)] = torn.torn(random.choice(_MODELS), before, wanted, self.noise)
            raise PowerCutError

        self.chip.before_change = change
        try:
            self._go_on(_start(self.chip), len(_AFTER))
        except PowerCutError:
            pass
        self.chip.before_change = None

    def _judge(self, recorder: Recorder, block: int, data: "bytes | None", second: int) -> None:
        journal = recorder._journal
        if recorder.key_missing:
            raise TrialError("no key after the start")
        last = max(self._extra or self.told or (-1,))
        first_new = recorder._sealer.seq
        # More than was told is what was being written when the power went.
        in_flight = [] if self._extra else _records_in(data)
        if not 0 <= first_new - last - 1 <= len(in_flight) + bool(second):
            raise TrialError("next number %d after %d were told" % (first_new, last + 1))
        if first_new == last + 2 and in_flight and not second and journal.read(last + 1) != in_flight[0]:
            raise TrialError("record %d is one that nobody made" % (last + 1))
        self._judge_told(journal, block, data is None)
        for kind in _AFTER:
            recorder.record(kind, 255)
        self._judge_new(journal, max(self.told or (-1,)) + 1, first_new + len(_AFTER))
        self._judge_doubles(max(self.told or (-1,)) + 1)
        self._judge_keys()

    def _judge_told(self, journal: Journal, block: int, is_erased: bool) -> None:
        """What was told is there as it was: the last ones, all of the sector that was hit, and what came after it."""
        last = max(self.told or (-1,))
        for seq in range(max(0, last - 15), last + 1):
            self._expect(journal, seq, self.told[seq])
        for seq, record in self._extra.items():
            self._expect(journal, seq, record)
        if not is_erased:
            for seq in self._in_block[block]:
                self._expect(journal, seq, self.told[seq])

    def _expect(self, journal: Journal, seq: int, told: bytes) -> None:
        if journal.read(seq) != told:
            raise TrialError("record %d is another one" % seq)
        if not is_sealed(self.keys[seq], told, journal.mac_before(seq)):
            raise TrialError("record %d cannot be proven" % seq)

    def _judge_new(self, journal: Journal, seq: int, end: int) -> None:
        """From the first number on that the living gateway had not told, every record is sealed in its place."""
        if journal.next_seq != end:
            types = [unpack(journal.read(one)).type for one in range(end - len(_AFTER), journal.next_seq)]
            raise TrialError("next number %d, not %d; types %r" % (journal.next_seq, end, types))
        mac = self.told[seq - 1][36:52] if seq - 1 in self.told else None
        while seq < end:
            record = journal.read(seq)
            if not is_sealed(self.keys[seq], record, journal.mac_before(seq)):
                raise TrialError("new record %d cannot be proven" % seq)
            if mac is not None and journal.mac_before(seq) != mac:
                raise TrialError("record %d does not follow the one before" % seq)
            mac = record[36:52]
            seq += 1

    def _judge_doubles(self, first: int) -> None:
        """No number from `first` on is in two slots, whichever of them the journal reads."""
        seen = []
        for block, area in self._places.items():
            if area == KEY_AREA:
                continue
            for slot in range(1, SLOTS):
                at = block * BLOCK_BYTES + slot_offset(slot)
                seq = int.from_bytes(self.chip.data[at + 20 : at + 24], "little")
                if first <= seq < first + 100 and seq_in(self.chip.data[at : at + SLOT_BYTES]) == seq:
                    if seq in seen:
                        raise TrialError("number %d is there twice" % seq)
                    seen.append(seq)

    def _judge_keys(self) -> None:
        """One anchor, and no key from before it in any byte of the chip."""
        anchored = NO_SEQ
        for block, area in self._places.items():
            if area == KEY_AREA:
                for slot in range(SLOTS):
                    at = block * BLOCK_BYTES + slot_offset(slot)
                    bytes_there = self.chip.data[at : at + SLOT_BYTES]
                    if bytes_there not in (BLANK, WIPED):
                        anchor = decode_anchor(bytes(bytes_there[:ANCHOR_BYTES]))
                        if anchor is None or anchored != NO_SEQ:
                            raise TrialError("remains in the key area")
                        anchored = anchor.seq
        if anchored == NO_SEQ:
            raise TrialError("no anchor")
        for seq in range(max(0, anchored - 6), anchored):
            if self.keys[seq] in self.chip.data:
                raise TrialError("key %d is still there, the anchor is before %d" % (seq, anchored))

    def _note(self, error: Exception, block: int, offset: int, data: "bytes | None", model: int, second: int) -> None:
        what = "erase" if data is None else "program"
        text = "%s of block %d at %d, %s, cut %d: %s: %s" % (
            what,
            block,
            offset,
            torn.NAMES[model],
            1 + bool(second),
            type(error).__name__,
            error,
        )
        self.failures.append(text)
        if len(self.failures) <= 5:
            sys.print_exception(error, sys.stderr)  # type: ignore[arg-type] # the stub knows no standard streams

    def report(self, done: bool = False) -> None:
        """One line of JSON about all so far."""
        found = {
            "operations": self.operations,
            "models": torn.NAMES,
            "trials": self.trials,
            "second_cuts": self.second_cuts,
            "records": len(self.keys) - 100,
            "failures": self.failures[:20],
            "failure_count": len(self.failures),
            "done": done,
        }
        print(json.dumps(found))


def _start(chip: Nor) -> Recorder:
    """The firmware's journal and keys as a start builds them."""
    flash = ReservedFlash(chip, STORAGE)
    recorder = Recorder(Journal(flash), Keystore(flash, STORAGE + "/keys"), lambda count: bytes(count))
    recorder.start(lambda: 1000)
    return recorder


def _blocks(flash: ReservedFlash, area: int) -> "list[int]":
    first, count = flash.areas[area]
    return [flash._blocks[sector] for sector in range(first, first + count)]


def _span(chip: bytearray, block: int, offset: int, data: "bytes | None") -> "tuple[int, bytes]":
    """(where, what would stand there) of an operation that is carried out."""
    at = block * BLOCK_BYTES + offset
    if data is None:
        return at, b"\xff" * SECTOR_BYTES
    before = int.from_bytes(chip[at : at + len(data)], "little")
    return at, (before & int.from_bytes(data, "little")).to_bytes(len(data), "little")


def _records_in(data: "bytes | None") -> "list[bytes]":
    """The record that a program brings."""
    if data is None:
        return []
    slots = [data[at : at + SLOT_BYTES] for at in (0, 84, 168)]
    return [slot[RECORD_AT : RECORD_AT + RECORD_BYTES] for slot in slots if seq_in(slot) != NO_SEQ]


def _seq_at(chip: bytearray, block: int, slot: int) -> int:
    at = block * BLOCK_BYTES + slot_offset(slot)
    return seq_in(chip[at : at + SLOT_BYTES])


def main(path: str, seed: int, records: int, every: int, seconds: int) -> None:
    """Play and print."""
    with open(path, "rb") as file:
        chip = Nor(bytearray(file.read()))
    vfs.mount(vfs.VfsLfs2(chip, progsize=256), STORAGE)  # type: ignore[abstract, arg-type]
    bench = Bench(chip, seed, every, seconds)
    bench.play(records)
    bench.report(done=True)


if __name__ == "__main__":
    main(sys.argv[1], *[int(word) for word in sys.argv[2:6]])
