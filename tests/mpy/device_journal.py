"""The journal on LittleFS: what it keeps, what it gives up, and what it makes of damage."""

import os

from support_flash import JOURNAL, Chain, damage, fresh, get, kept, put, segments, unproven
from tocsin.errors import JournalError
from tocsin.record import MAC_NONE, mac_of
from tocsin_fw.journal import Journal


def _raises(error, action, *arguments):
    try:
        action(*arguments)
    except error:
        return True
    return False


def _with_records(count, segments_max=64):
    fresh()
    chain = Chain(Journal(JOURNAL, segments_max))
    chain.append(count)
    return chain


def test_an_empty_journal_begins_at_zero():
    fresh()
    journal = Journal(JOURNAL)
    assert (journal.oldest_seq, journal.next_seq, journal.next_mac) == (0, 0, MAC_NONE)
    assert journal.first_from(0) == 0 and _raises(JournalError, journal.read, 0)


def test_records_are_read_back_with_the_mac_before_them():
    chain = _with_records(130)
    journal = chain.journal
    assert (journal.oldest_seq, journal.next_seq, len(segments())) == (0, 130, 3)
    for seq in (0, 1, 62, 63, 64, 125, 126, 129):
        assert journal.read(seq) == chain.records[seq]
        assert journal.mac_before(seq) == (mac_of(chain.records[seq - 1]) if seq else MAC_NONE)
        assert journal.first_from(seq) == seq
    assert journal.first_from(130) == 130 and _raises(JournalError, journal.read, 130)


def test_a_start_goes_on_in_a_segment_that_ends_cleanly():
    chain = _with_records(10)
    for _ in range(5):
        chain.journal = Journal(JOURNAL)
        assert chain.journal.next_seq == len(chain.records)
        chain.append()
    assert len(segments()) == 1 and unproven(Journal(JOURNAL)) == []


def test_a_torn_tail_is_never_written_behind():
    for torn_bytes in range(1, 64):
        chain = _with_records(5)
        put(segments()[0], get(segments()[0])[: 64 * 5 + torn_bytes])
        del chain.records[4:]
        chain.journal = journal = Journal(JOURNAL)
        assert (journal.next_seq, journal.damaged_count) == (4, 0)
        journal.append(b"\xa5" * 64, 4, mac_of(chain.records[3]))
        assert len(segments()) == 2 and journal.mac_before(4) == mac_of(chain.records[3])


def test_a_cut_while_a_segment_is_opened_loses_nothing():
    for header_bytes in range(65):
        chain = _with_records(63)
        put(JOURNAL + "/0000003f.seg", bytes(header_bytes) if header_bytes % 2 else get(segments()[0])[:header_bytes])
        chain.journal = Journal(JOURNAL)
        assert chain.journal.next_seq == 63
        chain.append(2)
        assert unproven(Journal(JOURNAL)) == [] and len(kept(Journal(JOURNAL))) == 65


def test_a_damaged_last_record_was_perhaps_told_so_its_number_never_comes_again():
    _with_records(5)
    damage(segments()[0], 64 * 5 + 20)
    journal = Journal(JOURNAL)
    assert journal.damaged_count == 1 and sorted(kept(journal)) == [0, 1, 2, 3]
    # Nor the next: it would have to be sealed under the mac that is lost.
    assert journal.next_seq == 6


def test_records_after_a_damaged_one_are_kept_from_the_first_that_can_be_proven():
    chain = _with_records(20)
    damage(segments()[0], 64 * 8 + 3)
    journal = Journal(JOURNAL)
    assert journal.damaged_count == 1 and journal.next_seq == 20
    assert [seq for seq in range(20) if seq not in kept(journal)] == [7, 8]
    assert journal.first_from(7) == 9 and journal.mac_before(9) == mac_of(chain.records[8])
    assert unproven(journal) == [] and _raises(JournalError, journal.mac_before, 8)


def test_a_damaged_header_costs_nothing_after_an_intact_segment():
    chain = _with_records(100)
    for at in (0, 63):
        damage("%s/%08x.seg" % (JOURNAL, at), 9)
    journal = Journal(JOURNAL)
    assert journal.damaged_count == 2 and journal.next_seq == 100 and journal.next_mac == mac_of(chain.records[99])
    assert unproven(journal) == [] and len(kept(journal)) == 100


def test_a_damaged_header_costs_one_record_when_the_segment_before_is_gone():
    _with_records(100)
    os.remove(segments()[0])
    damage(segments()[0], 9)
    journal = Journal(JOURNAL)
    assert journal.oldest_seq == 64 and unproven(journal) == [] and len(kept(journal)) == 36


def test_a_segment_without_an_intact_record_is_removed_and_its_numbers_stay_used():
    _with_records(66)
    put(segments()[1], b"\xff" * 256)
    journal = Journal(JOURNAL)
    assert journal.damaged_count == 4 and journal.next_seq == 67 and len(segments()) == 1


def test_a_file_that_cannot_be_read_keeps_all_its_numbers_used():
    _with_records(63)
    os.mkdir(JOURNAL + "/0000003f.seg")
    journal = Journal(JOURNAL)
    assert (journal.damaged_count, journal.next_seq, len(kept(journal))) == (1, 127, 63)


def test_other_files_in_the_folder_are_left_alone():
    _with_records(3)
    put(JOURNAL + "/notes.txt", b"")
    put(JOURNAL + "/notes.seg", b"x" * 200)
    journal = Journal(JOURNAL)
    assert (journal.damaged_count, journal.next_seq, len(segments())) == (0, 3, 3)


def test_a_record_damaged_since_the_start_is_not_handed_out():
    chain = _with_records(3)
    damage(segments()[0], 64 * 2 + 1)
    assert _raises(JournalError, chain.journal.read, 1) and _raises(JournalError, chain.journal.mac_before, 2)
    assert chain.journal.read(2) == chain.records[2]


def test_a_full_ring_gives_up_the_oldest_and_counts_them():
    chain = _with_records(63 * 4 + 1, 4)
    assert chain.journal.oldest_seq == 63 and chain.journal.take_given_up() == 63
    assert chain.journal.take_given_up() == 0 and len(segments()) == 4
    assert unproven(Journal(JOURNAL, 4)) == []


def test_a_full_ring_does_not_count_what_the_host_has():
    chain = _with_records(63 * 4, 4)
    chain.journal.acked_seq = 60
    chain.append(1)
    assert chain.journal.take_given_up() == 3
    chain.journal.acked_seq = 63 * 2
    chain.append(63)
    assert chain.journal.take_given_up() == 0 and chain.journal.oldest_seq == 126


def test_a_hole_in_the_numbers_is_bridged_by_the_mac_before_it():
    chain = _with_records(5)
    seal = chain.sealer.seal
    skipped = [seal(6, 255, 0, 1, 1000, 0, 0, 0) for _ in range(3)]
    chain.records += skipped
    chain.append(2)
    for journal in (chain.journal, Journal(JOURNAL)):
        assert sorted(kept(journal)) == [0, 1, 2, 3, 4, 8, 9] and journal.next_seq == 10
        assert journal.first_from(5) == 8 and journal.mac_before(8) == mac_of(skipped[2])
        assert unproven(journal) == []


def test_flash_that_refuses_raises_and_stores_nothing():
    flash = fresh()
    chain = Chain(Journal(JOURNAL))
    chain.append(2)
    record = chain.sealer.seal(6, 255, 0, 1, 1000, 0, 0, 0)
    flash.refuses = True
    assert _raises(OSError, chain.journal.append, record, 2, mac_of(chain.records[1]))
    assert chain.journal.next_seq == 2 and _raises(JournalError, chain.journal.read, 2)
    flash.refuses = False
    chain.journal.append(record, 2, mac_of(chain.records[1]))
    assert len(segments()) == 1 and unproven(Journal(JOURNAL)) == [] and Journal(JOURNAL).next_seq == 3


def test_a_folder_that_cannot_be_made_shows_at_the_first_append():
    flash = fresh()
    flash.refuses = True
    journal = Journal(JOURNAL)
    assert journal.next_seq == 0 and _raises(OSError, journal.append, bytes(64), 0, MAC_NONE)
