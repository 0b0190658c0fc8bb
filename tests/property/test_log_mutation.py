"""Any single mutation of an exported log is found by its verifier."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from tocsin import event
from tocsin.errors import RecordError
from tocsin.record import mac_of, put_crc
from tocsin.seal import Sealer
from tocsin.tlog import build_log, pack_gap
from tocsin.verify import verify_log

K0, OTHER_K0 = bytes(range(32)), bytes(range(50, 82))
NAME = "gallery"
MUTATIONS = 10_000


def entries_of(k0: bytes, count: int, seed: int, with_gap: bool) -> list[bytes]:
    """Records of some variety; with a gap of three in the middle if wanted."""
    source = random.Random(seed)
    sealer = Sealer(k0)
    records = [
        sealer.seal(
            source.choice((event.TYPE_ALARM, event.TYPE_RESTORE, event.TYPE_HEARTBEAT)),
            source.randint(1, 250),
            source.randint(0, 79),
            1,
            seq * 10_000 + source.randint(0, 9999),
            0,
            source.randint(-100_000, 100_000),
            source.randint(0, 1000),
        )
        for seq in range(count)
    ]
    if not with_gap:
        return records
    middle = count // 2
    return [
        *records[:middle],
        pack_gap(middle, middle + 2, mac_of(records[middle + 2])),
        *records[middle + 3 :],
    ]


def findings(log: bytes) -> list[tuple[int, int, str]] | str:
    """What tells a mutated log from the sound one: the findings' places and kinds, or the refusal."""
    try:
        return [finding[:3] for finding in verify_log(log, K0, NAME).findings]
    except RecordError as error:
        return str(error)


def flip_bit(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log))
    return log[:at] + bytes((log[at] ^ 1 << source.randrange(8),)) + log[at + 1 :]


def change_byte(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log))
    return log[:at] + bytes((log[at] ^ source.randrange(1, 256),)) + log[at + 1 :]


def change_and_mend_crc(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log) // 64 - 1) * 64
    block = bytearray(log[at : at + 64])
    block[source.randrange(60)] ^= source.randrange(1, 256)
    put_crc(block)
    return log[:at] + bytes(block) + log[at + 64 :]


def insert_bytes(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log) + 1)
    return log[:at] + source.randbytes(source.randrange(1, 130)) + log[at:]


def delete_bytes(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log))
    return log[:at] + log[at + source.randrange(1, 130) :]


def truncate(log: bytes, other: bytes, source: random.Random) -> bytes:
    return log[: source.randrange(len(log))]


def delete_entry(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log) // 64) * 64
    return log[:at] + log[at + 64 :]


def repeat_entry(log: bytes, other: bytes, source: random.Random) -> bytes:
    start, at = source.randrange(len(log) // 64) * 64, source.randrange(len(log) // 64 + 1) * 64
    return log[:at] + log[start : start + 64] + log[at:]


def swap_entries(log: bytes, other: bytes, source: random.Random) -> bytes:
    a, b = sorted(64 * n for n in source.sample(range(len(log) // 64), 2))
    return log[:a] + log[b : b + 64] + log[a + 64 : b] + log[a : a + 64] + log[b + 64 :]


def take_from_other_gateway(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log) // 64) * 64
    return log[:at] + other[at : at + 64] + log[at + 64 :]


def insert_from_other_gateway(log: bytes, other: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(log) // 64 + 1) * 64
    start = source.randrange(len(other) // 64) * 64
    return log[:at] + other[start : start + 64] + log[at:]


Mutation = Callable[[bytes, bytes, random.Random], bytes]
ALL: tuple[Mutation, ...] = (
    flip_bit,
    change_byte,
    change_and_mend_crc,
    insert_bytes,
    delete_bytes,
    truncate,
    delete_entry,
    repeat_entry,
    swap_entries,
    take_from_other_gateway,
    insert_from_other_gateway,
)


def other_log(count: int) -> bytes:
    """A log of the same length by another gateway."""
    return build_log(OTHER_K0, "storeroom", entries_of(OTHER_K0, count, 99, with_gap=False))


@given(
    count=st.integers(4, 24),
    with_gap=st.booleans(),
    seed=st.integers(0, 2**32),
    mutate=st.sampled_from(ALL),
)
def test_verify_log_any_single_mutation_is_found(count: int, with_gap: bool, seed: int, mutate: Mutation) -> None:
    log = build_log(K0, NAME, entries_of(K0, count, seed, with_gap and count >= 8))
    mutated = mutate(log, other_log(count), random.Random(seed))
    if mutated != log:
        assert findings(mutated) != findings(log)
        assert findings(mutated)


@given(count=st.integers(0, 24), seed=st.integers(0, 2**32))
def test_verify_log_sound_log_is_clean(count: int, seed: int) -> None:
    log = build_log(K0, NAME, entries_of(K0, count, seed, with_gap=False))
    assert findings(log) == []


@given(count=st.integers(2, 16), data=st.data())
def test_verify_log_bit_flip_in_an_entry_names_that_entry_only(count: int, data: st.DataObject) -> None:
    log = build_log(K0, NAME, entries_of(K0, count, count, with_gap=False))
    bit = data.draw(st.integers(64 * 8, 64 * 8 * (count + 1) - 1))
    mutated = bytearray(log)
    mutated[bit // 8] ^= 1 << bit % 8
    assert findings(bytes(mutated)) == [(bit // 512, -1, "damaged"), (count + 1, -1, "forged")]


@given(st.binary(max_size=400))
def test_verify_log_any_bytes_are_judged_or_refused(data: bytes) -> None:
    assert findings(data)


def test_verify_log_ten_thousand_random_mutations_are_all_found() -> None:
    source = random.Random(1)
    log = build_log(K0, NAME, entries_of(K0, 60, 1, with_gap=False))
    other = other_log(60)
    missed = 0
    for number in range(MUTATIONS):
        mutated = ALL[number % len(ALL)](log, other, source)
        found = findings(mutated)
        missed += mutated != log and (not found or isinstance(found, str))
    assert missed == 0
