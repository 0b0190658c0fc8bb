"""The verifier for records as they arrive, and the keys of any number."""

from tocsin.chain import REACH, ChainVerifier, KeyLine
from tocsin.record import Record, mac_of, pack
from tocsin.seal import Sealer, evolve

K0 = bytes(range(32))


def records(count, k0=K0):
    sealer = Sealer(k0)
    return [sealer.seal(6, 255, 0, 1, 10000 * seq, 0, 0, 0) for seq in range(count)]


def test_key_line_any_order_gives_the_same_keys():
    keys = [K0]
    for _ in range(9000):
        keys.append(evolve(keys[-1]))
    line = KeyLine(K0)
    for seq in (0, 5, 4, 8999, 4095, 4096, 4097, 8192, 8191, 1, 9000):
        assert line.key(seq) == keys[seq], seq
    known = KeyLine(K0, 8000, keys[8000])
    for seq in (8000, 8100, 7999, 3, 9000):
        assert known.key(seq) == keys[seq], seq


def test_accept_records_in_turn_are_verified():
    chain = ChainVerifier(K0)
    for data in records(20):
        assert chain.accept(data) == "verified"
    assert chain.next_seq == 20


def test_accept_restarted_goes_on_where_it_was():
    some = records(6)
    chain = ChainVerifier(K0, 3, None, mac_of(some[2]))
    assert [chain.accept(data) for data in some[3:]] == ["verified"] * 3


def test_accept_restarted_with_a_wrong_mac_verifies_nothing():
    chain = ChainVerifier(K0, 3, None, bytes(16))
    assert chain.accept(records(4)[3]) == "forged"
    assert chain.next_seq == 3


def test_accept_damaged_bytes_change_nothing():
    chain = ChainVerifier(K0)
    data = records(1)[0]
    for wrong in (b"", data[:63], data + b"x", bytes(64), b"\xa4" + data[1:]):
        assert chain.accept(wrong) == "damaged"
    assert chain.accept(data) == "verified"


def test_accept_another_gateways_record_is_forged():
    assert ChainVerifier(K0).accept(records(1, bytes(32))[0]) == "forged"


def test_accept_seen_number_is_left_to_the_store():
    chain = ChainVerifier(K0)
    some = records(3)
    for data in some:
        chain.accept(data)
    assert chain.accept(some[1]) == "known?"
    assert chain.sealed(some[1], mac_of(some[0]))


def test_sealed_fork_is_told_from_a_forgery():
    chain = ChainVerifier(K0)
    some = records(3)
    for data in some:
        chain.accept(data)
    clone = Sealer(evolve(K0), 1, mac_of(some[0]))
    assert chain.sealed(clone.seal(2, 3, 1, 1, 5, 0, 0, 0), mac_of(some[0]))
    thief = Sealer(evolve(evolve(K0)), 1, mac_of(some[0]))
    assert not chain.sealed(thief.seal(2, 3, 1, 1, 5, 0, 0, 0), mac_of(some[0]))


def test_accept_ahead_of_its_turn_changes_nothing_and_can_be_proven():
    chain = ChainVerifier(K0)
    some = records(9)
    assert chain.accept(some[0]) == "verified"
    assert chain.accept(some[5]) == "ahead"
    assert chain.sealed(some[5], mac_of(some[4])) and not chain.sealed(some[5], mac_of(some[3]))
    assert chain.next_seq == 1
    assert chain.accept(some[1]) == "verified"


def test_accept_goes_on_behind_a_gap_that_was_passed_over():
    chain = ChainVerifier(K0)
    some = records(9)
    chain.accept(some[0])
    chain.next_seq, chain.mac = 5, mac_of(some[4])
    assert chain.accept(some[5]) == "verified"
    assert chain.accept(some[3]) == "known?" and chain.sealed(some[3], mac_of(some[2]))


def test_accept_number_out_of_reach_costs_no_hashing():
    data = pack(Record(6, 255, 0, REACH + 1, 1, 0, 0, 0, 0))
    assert not ChainVerifier(K0).sealed(data, bytes(16))


def test_run_is_accepted_up_to_the_first_record_that_is_not_the_next_one():
    some = records(8)
    damaged = some[5][:30] + b"\xff" + some[5][31:]
    forged = Sealer(bytes(32), 5, mac_of(some[4])).seal(6, 255, 0, 1, 1, 0, 0, 0)
    for wrong in (damaged, forged, some[6], some[4], some[5][:40]):
        data = bytes(64) + b"".join(some[:5]) + wrong
        chain = ChainVerifier(K0)
        assert chain.accept_run(data, 64, len(data)) == 64 * 6
        assert (chain.next_seq, chain.mac) == (5, mac_of(some[4]))
        assert chain.accept(some[5]) == "verified"
        rest = b"".join(some[6:])
        assert chain.accept_run(rest, 0, len(rest)) == 128
        assert (chain.next_seq, chain.mac) == (8, mac_of(some[7]))


def test_run_of_nothing_changes_nothing():
    chain = ChainVerifier(K0)
    assert chain.accept_run(b"", 0, 0) == 0
    assert (chain.next_seq, chain.mac) == (0, bytes(16))
