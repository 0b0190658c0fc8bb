"""The journal in raw flash: what it keeps, what it gives up, and what it makes of damage and of power cuts."""

from support_flash import (
    AREAS,
    EVIDENCE,
    ROUTINE,
    SECURITY,
    STORAGE,
    Chain,
    damage,
    fresh,
    journal,
    kept,
    place,
    places,
    put,
    reopen,
    slots,
    unproven,
)
from tocsin import flash_map
from tocsin.errors import JournalError
from tocsin.record import MAC_NONE, Record, mac_of, pack
from tocsin.slot import BLANK, SECTOR_RECORDS, SLOT_BYTES, WIPED, decode_header
from tocsin_fw.flash import ReservedFlash
from tocsin_sim.vm.nor import PowerCutError


def _raises(error, action, *arguments):
    try:
        action(*arguments)
    except error:
        return True
    return False


def _with_records(count, ring=ROUTINE):
    chip = fresh()
    chain = Chain(journal(chip))
    chain.append(count, ring)
    return chip, chain


def _damaged(found):
    count, found.losses.damaged_count = found.losses.damaged_count, 0
    while any(ring.check_next() for ring in found._rings):
        pass
    return count + found.losses.damaged_count


def test_an_empty_journal_begins_at_zero():
    found = journal(fresh())
    assert (found.oldest_seq(), found.next_seq, found.found_mac) == (0, 0, MAC_NONE)
    assert found.first_from(0) == 0 and _raises(JournalError, found.read, 0)


def test_records_are_read_back_with_the_mac_before_them():
    chip, chain = _with_records(130)
    for found in (chain.journal, journal(chip)):
        assert (found.oldest_seq(), found.next_seq) == (0, 130)
        for seq in (0, 1, 46, 47, 48, 93, 94, 129, 5, 4, 100):
            assert found.read(seq) == chain.records[seq]
            assert found.mac_before(seq) == (mac_of(chain.records[seq - 1]) if seq else MAC_NONE)
            assert found.first_from(seq) == seq
        assert found.first_from(130) == 130 and _raises(JournalError, found.read, 130)
        assert unproven(found) == [] and _damaged(found) == 0


def test_records_of_all_classes_are_read_in_the_order_of_their_numbers():
    chip = fresh()
    chain = Chain(journal(chip))
    for i in range(90):
        chain.append(1, (ROUTINE, SECURITY, ROUTINE, EVIDENCE, EVIDENCE)[i % 5])
    for found in (chain.journal, journal(chip)):
        assert [found.read(seq) for seq in range(90)] == chain.records
        assert sorted(kept(found)) == list(range(90)) and unproven(found) == []
    assert found.found_mac == mac_of(chain.records[89])


def test_what_is_read_while_records_come_is_the_same():
    chain = _with_records(60)[1]
    for i in range(60, 160):
        chain.append(1, i % 3)
        for seq in (i, i - 1, i - 40, i - 2):
            assert chain.journal.read(seq) == chain.records[seq]
            assert chain.journal.first_from(seq) == seq


def test_starts_cost_a_slot_of_each_ring_and_no_record():
    chip, chain = _with_records(10)
    for _ in range(5):
        chain.journal = journal(chip)
        assert chain.journal.next_seq == len(chain.records)
        chain.append()
    assert unproven(journal(chip)) == [] and sorted(kept(journal(chip))) == list(range(15))
    assert slots(chip, ROUTINE).count(WIPED) == 8 and slots(chip, SECURITY).count(WIPED) == 8


def test_a_torn_slot_is_wiped_and_its_number_comes_again():
    for torn_bytes in range(1, SLOT_BYTES):
        chip, chain = _with_records(5)
        at = place(chip, ROUTINE, *places(chip, ROUTINE)[4])
        chip.data[at + torn_bytes : at + SLOT_BYTES] = b"\xff" * (SLOT_BYTES - torn_bytes)
        found = journal(chip)
        assert (found.next_seq, _damaged(found)) == (4, 0)
        assert bytes(chip.data[at : at + SLOT_BYTES]) == WIPED
        found.append(chain.records[4], 4, mac_of(chain.records[3]))
        assert sorted(kept(journal(chip))) == list(range(5)) and unproven(journal(chip)) == []


def test_the_last_record_is_programmed_once_more_at_the_start():
    chip = _with_records(5)[0]
    at = place(chip, ROUTINE, *places(chip, ROUTINE)[4])
    programmed = []
    chip.before_change = lambda block, offset, data: programmed.append((block * 4096 + offset, data))
    journal(chip)
    refreshed = [(start, data) for start, data in programmed if start <= at < start + 256]
    page_at = at - refreshed[0][0]
    assert refreshed[0][1][page_at : page_at + SLOT_BYTES] == chip.data[at : at + SLOT_BYTES]
    # Besides, the next slot of each ring is wiped.
    assert len(programmed) == 4


def test_a_torn_record_cannot_come_back_beside_another_of_its_number():
    chip, chain = _with_records(5)
    torn = place(chip, ROUTINE, 0, places(chip, ROUTINE)[4][1])
    whole = bytes(chip.data[torn : torn + SLOT_BYTES])
    chip.data[torn : torn + SLOT_BYTES] = BLANK  # as it reads at the first start
    found = journal(chip)
    other = pack(Record(7, 255, 0, 4, 2, 0, 0, 0, 0))
    found.append(other, 4, mac_of(chain.records[3]))
    assert bytes(chip.data[torn : torn + SLOT_BYTES]) == WIPED != whole
    assert journal(chip).read(4) == other


def test_the_header_of_a_sector_is_programmed_once_more_before_it_is_used():
    chip, chain = _with_records(SECTOR_RECORDS - 1)
    headers = []
    chip.before_change = lambda block, offset, data: headers.append((block, data[:8])) if offset == 0 else None
    chain.append(1)
    assert headers[0] == (place(chip, ROUTINE, 1, 0) // 4096, b"TOCSINJ2")


def test_a_damaged_record_costs_itself_and_no_other():
    for seq in (0, 7, 46, 47, 60):
        chip, chain = _with_records(130)
        damage(chip, ROUTINE, *places(chip, ROUTINE)[seq])
        found = journal(chip)
        assert sorted(kept(found)) == [one for one in range(130) if one != seq] and unproven(found) == []
        assert found.first_from(seq) == seq + 1 and found.mac_before(seq + 1) == mac_of(chain.records[seq])
        assert _damaged(found) == 1 and _raises(JournalError, found.read, seq)


def test_damage_is_found_within_a_look_at_every_sector():
    chip = _with_records(130)[0]
    damage(chip, ROUTINE, *places(chip, ROUTINE)[3])
    found = journal(chip)
    assert found.losses.damaged_count == 0
    for _ in range(sum(AREAS)):
        found.tend()
    assert found.losses.damaged_count == 1


def test_ruins_at_the_end_leave_more_numbers_free_than_can_have_been_told():
    chip, chain = _with_records(20)
    for seq in (18, 19):
        damage(chip, ROUTINE, *places(chip, ROUTINE)[seq])
    found = journal(chip)
    assert found.next_seq == 18 + 1024 and found.found_mac == mac_of(chain.records[17])
    assert _damaged(found) == 1


def test_a_record_damaged_since_the_start_is_not_handed_out():
    chip, chain = _with_records(3)
    damage(chip, ROUTINE, *places(chip, ROUTINE)[1])
    assert _raises(JournalError, chain.journal.read, 1) and _raises(JournalError, chain.journal.mac_before, 1)
    assert chain.journal.read(2) == chain.records[2]
    assert chain.journal.mac_before(2) == mac_of(chain.records[1])


def test_a_full_ring_gives_up_its_oldest_and_says_from_where_on():
    chip, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    losses = chain.journal.losses
    assert (losses.given_up_count, chain.journal.oldest_seq()) == (0, 0)
    chain.append(1)
    assert (losses.given_up_count, losses.given_up_seq) == (SECTOR_RECORDS - 1, 0)
    assert chain.journal.oldest_seq() == SECTOR_RECORDS - 1
    assert unproven(chain.journal) == [] and unproven(journal(chip)) == []


def test_a_full_ring_does_not_count_what_the_host_has():
    _, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    chain.journal.acked_seq = 40
    chain.append(1)
    assert (chain.journal.losses.given_up_count, chain.journal.losses.given_up_seq) == (SECTOR_RECORDS - 41, 40)
    chain.journal.acked_seq = 2 * SECTOR_RECORDS
    chain.append(SECTOR_RECORDS)
    assert chain.journal.losses.given_up_count == SECTOR_RECORDS - 41


def test_routine_and_evidence_never_push_out_security():
    chip = fresh()
    chain = Chain(journal(chip))
    chain.append(100, SECURITY)
    chain.append(700, ROUTINE)
    chain.append(700, EVIDENCE)
    for found in (chain.journal, journal(chip)):
        assert [seq for seq in range(100) if seq not in kept(found)] == []
        assert unproven(found) == []


def test_what_the_host_has_is_erased_ahead_and_the_rest_is_not():
    chip, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 2)
    erases = []
    chip.before_change = lambda block, offset, data: erases.append(block) if data is None else None
    chain.journal.tend()
    assert erases == [] and chain.journal.oldest_seq() == 0
    chain.journal.acked_seq = SECTOR_RECORDS - 1
    chain.journal.tend()
    chain.journal.tend()
    assert len(erases) == 1 and chain.journal.oldest_seq() == SECTOR_RECORDS - 1
    chain.append(10)
    assert len(erases) == 1 and chain.journal.losses.given_up_count == 0
    assert unproven(journal(chip)) == []


def test_every_round_counts_an_erase_of_each_sector():
    chip, chain = _with_records(0)
    chain.journal.acked_seq = 10_000
    chain.append(SECTOR_RECORDS * AREAS[ROUTINE] * 3)
    headers = [decode_header(slots(chip, ROUTINE)[48 * sector]) for sector in range(AREAS[ROUTINE])]
    assert [header[2] for header in headers] == [3, 2, 2, 2]
    assert chain.journal.erase_count() == journal(chip).erase_count() == 3


def test_a_hole_in_the_numbers_is_bridged_by_the_mac_before_it():
    chip, chain = _with_records(5)
    skipped = [chain.seal() for _ in range(3)]
    chain.append(2)
    for found in (chain.journal, journal(chip)):
        assert sorted(kept(found)) == [0, 1, 2, 3, 4, 8, 9] and found.next_seq == 10
        assert found.first_from(5) == 8 and found.mac_before(8) == mac_of(skipped[2])
        assert unproven(found) == []


def test_flash_that_refuses_raises_and_stores_nothing():
    chip, chain = _with_records(2)
    before = bytes(chip.data)
    seq, mac, record = 2, chain.sealer.mac, chain.seal()
    chip.refuses = True
    assert _raises(OSError, chain.journal.append, record, seq, mac) and bytes(chip.data) == before
    assert chain.journal.next_seq == 2 and _raises(JournalError, chain.journal.read, 2)
    chip.refuses = False
    chain.journal.append(record, seq, mac)
    assert unproven(journal(chip)) == [] and journal(chip).next_seq == 3


def test_a_slot_that_does_not_take_a_record_is_left_and_told():
    chip, chain = _with_records(5)
    chip.dead = [place(chip, ROUTINE, 0, 7) + 60]
    chain.append(3)
    assert len(chain.journal.losses.failed) == 1
    assert sorted(kept(journal(chip))) == list(range(8)) and unproven(journal(chip)) == []


def test_a_sector_that_does_not_erase_is_passed_over_and_told():
    chip, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    chip.dead = [place(chip, ROUTINE, 0, 20) + 3]
    chain.append(60)
    assert len(chain.journal.losses.failed) == 1 and unproven(journal(chip)) == []
    assert journal(chip).next_seq == len(chain.records)


def test_a_block_that_is_not_the_reserved_files_is_never_erased():
    chip, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    flash = chain.journal._rings[ROUTINE].sectors.flash
    first = flash.areas[ROUTINE][0]
    flash._blocks[first] = 0  # the superblock
    before = bytes(chip.data)
    assert _raises(OSError, flash.erase, first) and bytes(chip.data) == before


def test_without_a_usable_map_every_append_fails_and_nothing_is_touched():
    for content in (b"", b"TOCSINF1", b"\x00" * 40):
        chip = fresh()
        put(STORAGE + flash_map.FILE, content)
        before = bytes(chip.data)
        found = journal(chip)
        assert found.next_seq == 0 and _raises(OSError, found.append, bytes(64), 0, MAC_NONE)
        assert ReservedFlash(chip, STORAGE).areas == [(0, 0)] * 4 and bytes(chip.data) == before


def test_an_erase_that_a_cut_stopped_costs_nothing_that_was_not_given_up():
    chip, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    chain.journal.acked_seq = 300
    whole = bytes(chip.data)
    block = place(chip, ROUTINE, 0, 0)
    for done in (0, 1, 100, 2000, 4095):
        torn = bytearray(whole)
        torn[block + 4096 - done : block + 4096] = b"\xff" * done
        reopen(chip, torn)
        found = journal(chip)
        assert [seq for seq in range(46, 187) if seq not in kept(found)] == [] and unproven(found) == []
        assert _damaged(found) == 0
        found.acked_seq = 300
        record = pack(Record(6, 255, 0, 187, 1, 0, 0, 0, 0))
        found.append(record, 187, mac_of(chain.records[186]))
        assert found.read(187) == record


def test_a_cut_before_the_header_of_an_erased_sector_means_erasing_it_again():
    chip, chain = _with_records(SECTOR_RECORDS * AREAS[ROUTINE] - 1)
    chain.journal.acked_seq = 1000
    operations = []

    def cut_after_the_erase(block, offset, data):
        operations.append(data is None)
        if len(operations) == 2:
            raise PowerCutError

    chip.before_change = cut_after_the_erase
    assert _raises(PowerCutError, chain.append) and operations == [True, False]
    reopen(chip, bytes(chip.data))
    found = journal(chip)
    assert found.next_seq == len(chain.records) - 1
    assert slots(chip, ROUTINE)[0] == BLANK
    found.append(chain.records[-1], found.next_seq, found.found_mac)
    assert unproven(journal(chip)) == [] and decode_header(slots(chip, ROUTINE)[0])[1] == AREAS[ROUTINE] + 1
