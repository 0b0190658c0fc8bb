"""What survives a power cut beside the records: old or new, never half; and a guard that lost it says so."""

import json

from support_flash import STORAGE, provision, put, reopen
from support_virtual import Tape
from tocsin.zone import Zone
from tocsin_fw.guard import Guarding
from tocsin_fw.memory import Memory

ALARM, MODE, TROUBLE_MEMORY = 2, 10, 20


class _Clock:
    def utc_ms(self, uptime_ms):
        return 0


class _Recorder(Tape):
    def __init__(self, seq):
        super().__init__()
        self.seq = seq
        self.clock = _Clock()

    def next_seq(self):
        return self.seq

    def is_waiting(self):
        return False


class _Bench:
    """A guard with its memory, on whatever the flash holds."""

    def __init__(self, seq=9, **delays):
        self.now_ms = 0
        self.tape = _Recorder(seq)
        self.zones = [Zone(1, "1331"), Zone(2, "3333")]
        self.memory = Memory(STORAGE)
        self.guarding = Guarding({"guard": delays}, self.zones, self.tape, self.memory, lambda: self.now_ms)

    def start(self, *open_zones):
        for number in open_zones:
            self.guarding.announce(self.zones[number - 1], 1, 0, 1, 239)
        self.guarding.guard.start([zone for zone in self.zones if zone.number not in open_zones], 600)
        self.tick(600)
        return self

    def tick(self, now_ms):
        self.now_ms = now_ms
        self.guarding.tick(now_ms)

    def told(self):
        return [record[:2] for record in self.tape.records]


def test_what_was_kept_comes_back_and_nothing_is_nothing():
    provision()
    memory = Memory(STORAGE)
    assert memory.load("guard") is None and memory.lost_count == 0
    memory.keep("guard", b"abc")
    assert memory.load("guard") is None
    memory.save()
    memory.keep("other", b"")
    memory.save()
    assert (memory.load("guard"), memory.load("other")) == (b"abc", b"")


def test_what_is_not_whole_is_lost_and_counted():
    provision()
    memory = Memory(STORAGE)
    memory.keep("guard", b"abcdefgh")
    memory.save()
    whole = open(STORAGE + "/state/guard", "rb").read()
    for broken in (b"", b"abc", whole[:-1], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:]):
        put(STORAGE + "/state/guard", broken)
        fresh = Memory(STORAGE)
        assert fresh.load("guard") is None and fresh.lost_count == 1, broken


def test_an_open_door_survives_a_restart_without_a_new_alarm():
    provision()
    first = _Bench(seq=0).start(1)
    assert first.told() == [(ALARM, 1)]
    again = _Bench().start(1)
    assert again.told() == [] and again.tape.troubles == []


def test_the_first_start_of_all_has_nothing_to_miss_and_a_later_one_has():
    provision()
    assert _Bench(seq=0).start().tape.troubles == []
    provision()
    assert [entry[1:] for entry in _Bench().start().tape.troubles] == [(TROUBLE_MEMORY, 1)]
    assert _Bench().start().tape.troubles == []


def test_a_torn_or_nonsensical_file_is_told_and_everything_open_is_an_alarm():
    for damage in (lambda memory: put(STORAGE + "/state/guard", b"torn"), _keep_nonsense):
        provision()
        _Bench().start(1).guarding.guard.inhibit(2, 600, 1, 600)
        damage(Memory(STORAGE))
        again = _Bench().start(1, 2)
        assert sorted(again.told()) == [(ALARM, 1), (ALARM, 2)]
        assert [entry[1:] for entry in again.tape.troubles] == [(TROUBLE_MEMORY, 1)]
        assert _Bench().start(1, 2).told() == []


def _keep_nonsense(memory):
    for nonsense in ("5", "[[], [], [0, 0]]", '{"a": 1}', "null", "[["):
        memory.keep("guard", nonsense.encode())
    memory.save()


def test_state_is_kept_within_a_second_of_what_changed_it():
    provision()
    bench = _Bench().start()
    bench.guarding.guard.inhibit(2, 600, 5, 1000)
    bench.tick(1500)
    assert json.loads(Memory(STORAGE).load("guard"))[1] == [[2, 600, 0]]


class _Cut:
    """Keeps what the chip holds before its change number `last` + 1."""

    def __init__(self, chip, last):
        self._chip = chip
        self._last = last
        self.data = None
        chip.before_change = self._look

    def _look(self, block, offset, data):
        if self._chip.changes > self._last and self.data is None:
            self.data = bytes(self._chip.data)


def test_a_cut_anywhere_in_a_save_leaves_the_old_state_or_the_new_one():
    cut_at = 0
    seen = set()
    while True:
        chip = provision()
        memory = Memory(STORAGE)
        memory.keep("guard", b"old" * 20)
        memory.save()
        memory.keep("guard", b"new" * 30)
        cut = _Cut(chip, chip.changes + cut_at)
        memory.save()
        is_whole = cut.data is None
        if not is_whole:
            reopen(chip, cut.data)
        kept = Memory(STORAGE).load("guard")
        seen.add(kept)
        assert kept in (b"old" * 20, b"new" * 30), cut_at
        if is_whole:
            assert kept == b"new" * 30 and len(seen) == 2
            return
        cut_at += 1
