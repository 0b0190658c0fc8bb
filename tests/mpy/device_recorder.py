"""The recorder: what survives a cut at any byte, what flash refuses, and what a stolen or wiped key leaves."""

import os

from support_flash import (
    JOURNAL,
    K0,
    KEYS,
    damage,
    fresh,
    get,
    kept,
    provision,
    put,
    restore,
    segments,
    snapshot,
    start,
    unproven,
)
from tocsin.anchor import ANCHOR_BYTES, decode_anchor
from tocsin.errors import RecordError
from tocsin.record import unpack
from tocsin.seal import evolve
from tocsin_fw.journal import Journal

HEARTBEAT, BOOT, OVERFLOW, MODE, COMMAND, TROUBLE = 6, 7, 9, 10, 16, 17
GATEWAY = 255


def _told(kind):
    """[(value, count)] of the records of a kind that the journal keeps."""
    records = [unpack(data) for _, data in sorted(kept(Journal(JOURNAL)).items())]
    return [(record.value, record.count) for record in records if record.type == kind]


def _anchored_seq():
    anchors = [decode_anchor(get(KEYS + "/" + name)) for name in os.listdir(KEYS)]
    return max(anchor.seq for anchor in anchors if anchor is not None)


def _heartbeats(recorder, count):
    for _ in range(count):
        recorder.record(HEARTBEAT, GATEWAY)


def test_records_are_sealed_in_order_over_starts():
    provision()
    for boot in range(1, 5):
        recorder = start()
        assert recorder.boot == boot
        _heartbeats(recorder, 70)
    assert unproven(Journal(JOURNAL)) == [] and len(kept(Journal(JOURNAL))) == 280


def test_a_cut_at_any_byte_of_a_journal_write_reuses_no_number_that_was_told():
    provision()
    recorder = start()
    _heartbeats(recorder, 3)
    before = snapshot()
    recorder.record(MODE, GATEWAY, value=0, count=1)
    told = get(segments()[0])
    for cut in range(65):
        restore(before)
        put(segments()[0], told[: len(told) - 64 + cut])
        resumed = start()
        assert resumed.boot == 2
        resumed.record(BOOT, GATEWAY)
        journal = Journal(JOURNAL)
        assert unproven(journal) == [] and sorted(kept(journal)) == list(range(5 if cut == 64 else 4))
        assert get(segments()[0])[: 64 * 4] == told[: 64 * 4]


def test_a_cut_at_any_byte_of_an_anchor_write_changes_nothing():
    provision()
    recorder = start()
    _heartbeats(recorder, 5)
    before = snapshot()
    recorder.tend(60_000 + 1000)
    after = snapshot()
    newer, older = (KEYS + "/anchor.a", KEYS + "/anchor.b")
    assert decode_anchor(after[newer]).seq == 5 and after[older] == bytes(ANCHOR_BYTES)
    for cut in range(ANCHOR_BYTES + 1):
        for path in (newer, older):
            restore(before)
            if path == older:
                put(newer, after[newer])
            put(path, after[path][:cut] + before[path][cut:])
            resumed = start()
            assert resumed.boot == 2 and not resumed.key_missing
            resumed.record(BOOT, GATEWAY)
            assert unproven(Journal(JOURNAL)) == [] and Journal(JOURNAL).next_seq == 6


def test_a_damaged_last_record_leaves_a_gap_and_no_fork():
    provision()
    _heartbeats(start(), 10)
    damage(segments()[0], 64 * 10 + 40)
    resumed = start()
    resumed.report_start()
    journal = Journal(JOURNAL)
    # Numbers 9 and 10 are free for ever, whether or not the host has seen a record 9.
    assert sorted(kept(journal)) == list(range(9)) + [11] and unproven(journal) == []
    assert _told(TROUBLE) == [(7, 1)]


def test_a_deleted_journal_does_not_bring_numbers_back():
    provision()
    recorder = start()
    _heartbeats(recorder, 150)
    anchored = _anchored_seq()
    for path in segments():
        os.remove(path)
    recorder = start()
    assert recorder.boot == 2
    recorder.report_start()
    journal = Journal(JOURNAL)
    assert journal.oldest_seq == anchored + 1024 > 150 and unproven(journal) == []
    assert _told(TROUBLE) == [(7, 1)]


def test_a_deleted_journal_is_not_an_old_one_to_the_host():
    provision()
    _heartbeats(start(), 150)
    for path in segments():
        os.remove(path)
    journal = start()._journal
    assert journal.next_seq == journal.oldest_seq > 150


def test_mode_and_counter_survive_through_the_journal_and_through_the_anchor():
    provision()
    recorder = start()
    assert (recorder.mode, recorder.counter) == (1, 0)
    recorder.mode = 0
    recorder.record(MODE, GATEWAY, value=0, count=1)
    recorder.counter = 7
    recorder.record(COMMAND, GATEWAY, value=0 << 8 | 1, count=7)
    for _ in range(2):  # the first start reads the journal, the second the anchor that the first one saved
        recorder = start()
        assert (recorder.mode, recorder.counter) == (0, 7)


def test_refused_commands_do_not_move_the_counter_but_accepted_ones_do():
    for verdict, counter in ((0, 9), (1, 0), (2, 0), (3, 9), (4, 9)):
        provision()
        start().record(COMMAND, GATEWAY, value=verdict << 8 | 1, count=9)
        assert start().counter == counter


def test_an_anchor_is_saved_at_every_start_every_64_records_and_every_minute():
    provision()
    recorder = start(lambda: 0)
    assert _anchored_seq() == 0
    _heartbeats(recorder, 63)
    assert _anchored_seq() == 0
    _heartbeats(recorder, 1)
    assert _anchored_seq() == 64
    _heartbeats(recorder, 5)
    recorder.tend(59_999)
    assert _anchored_seq() == 64
    recorder.tend(60_000)
    assert _anchored_seq() == 69
    _heartbeats(recorder, 2)
    assert start(lambda: 0).boot == 2 and _anchored_seq() == 71


def test_a_key_that_was_used_before_the_anchor_is_nowhere_in_its_files():
    provision()
    recorder = start(lambda: 0)
    _heartbeats(recorder, 64)
    files = b"".join(snapshot().values())
    key = K0
    for _ in range(64):
        assert key not in files
        key = evolve(key)
    assert key in files


def test_without_a_key_every_start_is_loud_and_numbers_go_on():
    fresh()
    for boot in range(1, 4):
        recorder = start()
        assert recorder.key_missing and recorder.boot == boot
        recorder.report_start()
        _heartbeats(recorder, 1)
        assert Journal(JOURNAL).next_seq == 2 * boot and _told(TROUBLE) == [(8, 0)] * boot


def test_damaged_anchors_keep_mode_and_counter_of_the_journal():
    provision()
    recorder = start()
    recorder.record(MODE, GATEWAY, value=0, count=1)
    recorder.record(COMMAND, GATEWAY, value=1, count=5)
    for name in ("/anchor.a", "/anchor.b"):
        put(KEYS + name, b"\xff" * ANCHOR_BYTES)
    recorder = start()
    assert recorder.key_missing and (recorder.mode, recorder.counter, recorder.boot) == (0, 5, 2)


def test_what_flash_refuses_waits_and_is_told_once():
    flash = provision()
    recorder = start()
    _heartbeats(recorder, 2)
    flash.refuses = True
    _heartbeats(recorder, 10)
    recorder.tend(2000)
    flash.refuses = False
    assert Journal(JOURNAL).next_seq == 2
    recorder.tend(3000)
    journal = Journal(JOURNAL)
    assert sorted(kept(journal)) == list(range(13)) and unproven(journal) == []
    assert _told(TROUBLE) == [(6, 11)] and _told(OVERFLOW) == []
    _heartbeats(recorder, 2)
    assert _told(TROUBLE) == [(6, 11)]


def test_what_does_not_fit_into_memory_is_given_up_and_counted():
    flash = provision()
    recorder = start()
    _heartbeats(recorder, 3)
    flash.refuses = True
    _heartbeats(recorder, 80)
    flash.refuses = False
    recorder.tend(2000)
    journal = Journal(JOURNAL)
    assert sorted(kept(journal)) == [0, 1, 2] + list(range(19, 85)) and unproven(journal) == []
    assert _told(TROUBLE) == [(6, 80)] and _told(OVERFLOW) == [(0, 16)]


def test_no_anchor_is_saved_while_records_wait():
    flash = provision()
    recorder = start(lambda: 0)
    flash.refuses = True
    _heartbeats(recorder, 70)
    recorder.tend(60_000)
    flash.refuses = False
    recorder.tend(61_000)
    assert unproven(Journal(JOURNAL)) == [] and _anchored_seq() <= Journal(JOURNAL).next_seq


def test_a_key_area_that_refuses_is_told_and_stops_nothing():
    provision()
    clock = [0]
    recorder = start(lambda: clock[0])

    def refuse(anchor):
        raise OSError(5)

    recorder._keystore.save = refuse
    _heartbeats(recorder, 200)
    assert unproven(Journal(JOURNAL)) == [] and _told(TROUBLE) == [(6, 1)] * 3
    for clock[0] in (60_000, 61_000, 119_000):
        recorder.tend(clock[0])
    assert _told(TROUBLE) == [(6, 1)] * 4


def test_a_full_journal_tells_how_many_records_went():
    provision()
    recorder = start()
    recorder._journal._segments_max = 4
    _heartbeats(recorder, 63 * 4)
    assert _told(OVERFLOW) == []
    _heartbeats(recorder, 1)
    assert _told(OVERFLOW) == [(0, 63)]


def test_a_record_that_cannot_be_sealed_changes_nothing():
    provision()
    recorder = start()
    _heartbeats(recorder, 1)
    try:
        recorder.record(HEARTBEAT, GATEWAY, value=1 << 31)
        raise AssertionError("sealed")
    except RecordError:
        pass
    _heartbeats(recorder, 1)
    assert Journal(JOURNAL).next_seq == 2 and unproven(Journal(JOURNAL)) == []


def test_heartbeats_count_the_records_since_the_last():
    provision()
    recorder = start()
    _heartbeats(recorder, 4)
    assert (recorder.take_made_count(), recorder.take_made_count()) == (4, 0)
