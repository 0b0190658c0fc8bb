"""The recorder: what survives a cut at any operation, what flash refuses, and what a wiped key or journal leaves."""

from support_flash import (
    AREAS,
    K0,
    ROUTINE,
    SECURITY,
    damage,
    fresh,
    journal,
    kept,
    peek,
    place,
    places,
    provision,
    reopen,
    slots,
    start,
    unproven,
)
from tocsin.anchor import ANCHOR_BYTES, decode_anchor
from tocsin.errors import RecordError
from tocsin.record import unpack
from tocsin.seal import evolve
from tocsin.slot import SECTOR_RECORDS, SLOTS
from tocsin_sim.vm.nor import PowerCutError

HEARTBEAT, BOOT, OVERFLOW, MODE, COMMAND, TROUBLE, WEAR = 6, 7, 9, 10, 16, 17, 21
GATEWAY = 255
DAY_MS = 86_400_000


def _told(chip, kind):
    """[(value, count)] of the records of a kind that the journal keeps."""
    records = [unpack(data) for _, data in sorted(kept(peek(chip)).items())]
    return [(record.value, record.count) for record in records if record.type == kind]


def _anchored_seq(chip):
    anchors = [decode_anchor(slot[:ANCHOR_BYTES]) for slot in slots(chip, 3)]
    return max([anchor.seq for anchor in anchors if anchor is not None])


def _heartbeats(recorder, count):
    for _ in range(count):
        recorder.record(HEARTBEAT, GATEWAY)


def _wipe_rings(chip):
    """The journal as somebody left it who erased it but could not forge headers."""
    for ring in range(3):
        for sector in range(AREAS[ring]):
            at = place(chip, ring, sector, 0)
            chip.data[at : at + 4096] = b"\xff" * 4096


def test_records_are_sealed_in_order_over_starts():
    chip = provision()
    for boot in range(1, 5):
        recorder = start(chip)
        assert recorder.boot == boot
        _heartbeats(recorder, 20)
        recorder.record(BOOT, GATEWAY)
    assert unproven(journal(chip)) == [] and len(kept(journal(chip))) == 84


def test_a_cut_at_any_operation_reuses_no_number_that_was_told_and_loses_none():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, 62)
    whole = bytes(chip.data)
    told = kept(journal(chip))
    reopen(chip, whole)
    cuts = 0
    for operation in range(1, 12):
        for torn in range(4):
            reopen(chip, whole)
            cuts += _play_and_cut(chip, told, operation, torn)
    assert cuts >= 4 * 7


def _play_and_cut(chip, before, operation, torn):
    """Start, record five times, cut; start again and look. Whether it came to the cut."""
    told = dict(before)
    try:
        _cut_at(chip, operation, torn)
        recorder = start(chip)
        for kind in (BOOT, HEARTBEAT, MODE, HEARTBEAT, HEARTBEAT):
            recorder.record(kind, GATEWAY, value=1)
            seq = recorder._sealer.seq - 1
            told[seq] = recorder._journal.read(seq)
        return False
    except PowerCutError:
        pass
    reopen(chip, bytes(chip.data))
    recorder = start(chip)
    recorder.record(BOOT, GATEWAY)
    found = journal(chip)
    now = kept(found)
    assert unproven(found) == [] and sorted(now) == list(range(found.next_seq))
    assert [seq for seq in told if now[seq] != told[seq]] == []
    assert found.next_seq - len(told) in (1, 2)
    return True


def _cut_at(chip, operation, torn):
    counted = []

    def change(block, offset, data):
        counted.append(block)
        if len(counted) == operation:
            at = block * 4096 + offset
            for i in range(len(data) * torn // 3):
                chip.data[at + i] &= data[i]
            raise PowerCutError

    chip.before_change = change


def test_an_erased_journal_does_not_bring_numbers_back():
    chip = provision()
    _heartbeats(start(chip), 150)
    anchored = _anchored_seq(chip)
    _wipe_rings(chip)
    recorder = start(chip)
    assert recorder.boot == 2 and recorder._journal.next_seq == recorder._journal.oldest_seq() > 150
    recorder.report_start()
    found = journal(chip)
    assert found.oldest_seq() == anchored + 1024 > 150 and unproven(found) == []
    assert _told(chip, TROUBLE) == [(7, 1)]


def test_damage_is_told_once():
    chip = provision()
    _heartbeats(start(chip), 60)
    damage(chip, ROUTINE, *places(chip, ROUTINE)[3])
    recorder = start(chip)
    recorder.report_start()
    for second in range(sum(AREAS) + 5):
        recorder.tend(1000 * second)
    assert _told(chip, TROUBLE) == [(7, 1)]


def test_mode_and_counter_survive_through_the_journal_and_through_the_anchor():
    chip = provision()
    recorder = start(chip)
    assert (recorder.mode, recorder.counter) == (1, 0)
    recorder.mode = 0
    recorder.record(MODE, GATEWAY, value=0, count=1)
    recorder.counter = 7
    recorder.record(COMMAND, GATEWAY, value=0 << 8 | 1, count=7)
    for _ in range(2):  # the first start reads the journal, the second the anchor that the first one saved
        recorder = start(chip)
        assert (recorder.mode, recorder.counter) == (0, 7)


def test_what_the_host_has_survives_through_the_anchor():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, 10)
    recorder._journal.acked_seq = 8
    recorder.tend(61_000)
    assert start(chip)._journal.acked_seq == 8


def test_refused_commands_do_not_move_the_counter_but_accepted_ones_do():
    for verdict, counter in ((0, 9), (1, 0), (2, 0), (3, 9), (4, 9)):
        chip = provision()
        start(chip).record(COMMAND, GATEWAY, value=verdict << 8 | 1, count=9)
        assert start(chip).counter == counter


def test_an_anchor_is_saved_at_every_start_every_64_records_and_every_minute():
    chip = provision()
    recorder = start(chip, lambda: 0)
    assert _anchored_seq(chip) == 0
    _heartbeats(recorder, 63)
    assert _anchored_seq(chip) == 0
    _heartbeats(recorder, 1)
    assert _anchored_seq(chip) == 64
    _heartbeats(recorder, 5)
    recorder.tend(59_999)
    assert _anchored_seq(chip) == 64
    recorder.tend(60_000)
    assert _anchored_seq(chip) == 69
    _heartbeats(recorder, 2)
    assert start(chip, lambda: 0).boot == 2 and _anchored_seq(chip) == 71


def test_after_every_record_no_key_older_than_the_anchor_is_anywhere_in_the_flash():
    chip = provision()
    recorder = start(chip, lambda: 0)
    keys = [K0]
    for seq in range(150):
        recorder.record((HEARTBEAT, BOOT, 1)[seq % 3], GATEWAY)
        keys.append(evolve(keys[-1]))
        anchored = _anchored_seq(chip)
        assert [old for old in range(anchored) if keys[old] in chip.data] == []
        assert keys[anchored] in chip.data and anchored >= seq + 1 - 64


def test_without_a_key_every_start_is_loud_and_numbers_go_on():
    chip = fresh()
    for boot in range(1, 4):
        recorder = start(chip)
        assert recorder.key_missing and recorder.boot == boot
        recorder.report_start()
        _heartbeats(recorder, 1)
        assert journal(chip).next_seq == 2 * boot and _told(chip, TROUBLE) == [(8, 0)] * boot


def test_a_ruined_key_area_keeps_mode_and_counter_of_the_journal():
    chip = provision()
    recorder = start(chip)
    recorder.record(MODE, GATEWAY, value=0, count=1)
    recorder.record(COMMAND, GATEWAY, value=1, count=5)
    for sector in range(AREAS[3]):
        at = place(chip, 3, sector, 0)
        chip.data[at : at + 4096] = b"\x5a" * 4096
    recorder = start(chip)
    assert recorder.key_missing and (recorder.mode, recorder.counter, recorder.boot) == (0, 5, 2)


def test_what_flash_refuses_waits_and_is_told_once():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, 2)
    chip.refuses = True
    _heartbeats(recorder, 10)
    recorder.tend(2000)
    chip.refuses = False
    assert sorted(kept(recorder._journal)) == [0, 1]
    recorder.tend(3000)
    found = recorder._journal
    assert sorted(kept(found)) == list(range(13)) and unproven(found) == []
    _heartbeats(recorder, 2)
    assert _told(chip, TROUBLE) == [(6, 11)] and _told(chip, OVERFLOW) == []


def test_what_does_not_fit_into_memory_is_given_up_and_counted():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, 3)
    chip.refuses = True
    _heartbeats(recorder, 80)
    chip.refuses = False
    recorder.tend(2000)
    found = recorder._journal
    assert sorted(kept(found)) == [0, 1, 2] + list(range(19, 85)) and unproven(found) == []
    assert _told(chip, TROUBLE) == [(6, 80)] and _told(chip, OVERFLOW) == [(3, 16)]


def test_no_anchor_is_saved_while_records_wait():
    chip = provision()
    recorder = start(chip, lambda: 0)
    chip.refuses = True
    _heartbeats(recorder, 70)
    recorder.tend(60_000)
    chip.refuses = False
    recorder.tend(61_000)
    assert unproven(journal(chip)) == [] and _anchored_seq(chip) <= journal(chip).next_seq


def test_a_key_area_that_refuses_is_told_and_stops_nothing():
    chip = provision()
    clock = [0]
    recorder = start(chip, lambda: clock[0])

    def refuse(anchor):
        raise OSError(5)

    recorder._keystore.save = refuse
    recorder._journal.acked_seq = 10_000
    _heartbeats(recorder, 200)
    assert unproven(recorder._journal) == [] and _told(chip, TROUBLE) == [(6, 1)] * 3
    for clock[0] in (60_000, 61_000, 119_000):
        recorder.tend(clock[0])
    assert _told(chip, TROUBLE) == [(6, 1)] * 4


def test_a_full_ring_tells_how_many_records_went_and_from_where_on():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    assert _told(chip, OVERFLOW) == []
    _heartbeats(recorder, 1)
    assert _told(chip, OVERFLOW) == [(0, SECTOR_RECORDS - 1)]
    assert sorted(places(chip, SECURITY)) == [SECTOR_RECORDS * AREAS[ROUTINE]]


def test_flash_that_takes_nothing_any_more_is_told_once_and_does_not_flood():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, 3)
    flash = recorder._journal._rings[0].sectors.flash
    program, flash.program = flash.program, lambda sector, slot, data: False
    for second in range(30):
        _heartbeats(recorder, 1)
        recorder.tend(second * 1000)
    # The heartbeats, and one trouble for each ring's sector: what waits is bounded by what happens, not by the failing.
    assert len(recorder._unwritten) <= 30 + 3 * 2
    flash.program = program
    for second in range(30, 60):
        recorder.tend(second * 1000)
    failed = [count for value, count in _told(chip, TROUBLE) if value == 15]
    assert failed and len(failed) == len(set(failed)) and recorder._unwritten == []
    found = peek(chip)
    assert sorted(kept(found)) == list(range(found.next_seq)) and unproven(found) == []


def test_wear_is_recorded_once_a_day_with_the_days_that_are_left():
    chip = provision()
    recorder = start(chip)
    recorder._journal.acked_seq = 10_000
    recorder.tend(DAY_MS - 1)
    _heartbeats(recorder, SECTOR_RECORDS * AREAS[ROUTINE] * 2)
    recorder.tend(DAY_MS)
    recorder.tend(DAY_MS + 1000)
    recorder.tend(2 * DAY_MS)
    assert _told(chip, WEAR) == [(2, (100_000 - 2) // 2), (2, (100_000 - 2) * 2 // 2)]


def test_worn_flash_is_told_once():
    chip = provision()
    recorder = start(chip)
    recorder._journal._rings[0].erase_count = 90_000
    recorder.tend(1000)
    recorder.tend(2000)
    assert _told(chip, TROUBLE) == [(16, 90_000)]


def test_a_record_that_cannot_be_sealed_changes_nothing():
    chip = provision()
    recorder = start(chip)
    _heartbeats(recorder, 1)
    try:
        recorder.record(HEARTBEAT, GATEWAY, value=1 << 31)
        raise AssertionError("sealed")
    except RecordError:
        pass
    _heartbeats(recorder, 1)
    assert journal(chip).next_seq == 2 and unproven(journal(chip)) == []


def test_heartbeats_count_the_records_since_the_last():
    recorder = start(provision())
    _heartbeats(recorder, 4)
    assert (recorder.take_made_count(), recorder.take_made_count()) == (4, 0)


def test_the_key_area_moves_on_without_losing_an_anchor():
    chip = provision()
    recorder = start(chip, lambda: 0)
    for turn in range(3 * SLOTS):
        recorder.tend(60_000)
        if turn % 5 == 0:
            _heartbeats(recorder, 1)
    found = start(chip, lambda: 0)
    assert not found.key_missing and found.boot == 2 and unproven(journal(chip)) == []
