"""The tree for generated logs: what is proven verifies, and what was changed does not."""

from hypothesis import given
from hypothesis import strategies as st
from tocsin_host.inclusion import Inclusion, ProvenRow, parse_inclusion
from tocsin_host.merkle import (
    BatchProver,
    Frontier,
    batch_root,
    consistency_proof,
    is_consistent,
    leaf_hash,
    node_hash,
    root_of,
    split,
)

SIZES = st.integers(1, 70)
HASHES = st.binary(min_size=32, max_size=32)


def leaves_of(size: int, salt: bytes = b"") -> list[bytes]:
    return [leaf_hash(salt + bytes((place,))) for place in range(size)]


def plain_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162, as it stands there."""
    if len(leaves) == 1:
        return leaves[0]
    half = split(len(leaves))
    return node_hash(plain_root(leaves[:half]), plain_root(leaves[half:]))


def prove(leaves: list[bytes], wanted: set[int]) -> list[bytes]:
    prover = BatchProver()
    for place, leaf in enumerate(leaves):
        prover.append(leaf, place in wanted)
    root, proof = prover.finish()
    assert root == plain_root(leaves)
    return proof


@given(SIZES, SIZES)
def test_a_tree_that_grew_is_consistent_and_one_that_was_changed_is_not(one: int, other: int) -> None:
    old, new = sorted((one, other))
    leaves = leaves_of(new)
    proof = consistency_proof(old, new, lambda first, end: root_of(leaves[first:end]))
    old_root, new_root = plain_root(leaves[:old]), plain_root(leaves)
    assert is_consistent(old, old_root, new, new_root, proof)
    assert not is_consistent(old, leaf_hash(b"other"), new, new_root, proof)
    assert not is_consistent(old, old_root, new, leaf_hash(b"other"), proof)
    assert not is_consistent(old, old_root, new, new_root, [*proof, leaf_hash(b"more")])
    if old < new:
        assert not is_consistent(old, old_root, new, new_root, proof[:-1])


@given(SIZES, SIZES, st.data())
def test_no_proof_bridges_two_histories(one: int, other: int, data: st.DataObject) -> None:
    """Neither the proof of the one nor of the other tree, nor any mixture of their hashes."""
    old, new = sorted((one, other))
    leaves, changed = leaves_of(new), leaves_of(new)
    changed[data.draw(st.integers(0, old - 1))] = leaf_hash(b"other")
    proofs = [consistency_proof(old, new, lambda a, b, of=of: root_of(of[a:b])) for of in (leaves, changed)]
    mixed = [data.draw(st.sampled_from(pair)) for pair in zip(*proofs, strict=True)]
    assert not is_consistent(old, plain_root(leaves[:old]), new, plain_root(changed), mixed)


@given(SIZES, st.data())
def test_batch_proofs_verify_and_altered_ones_do_not(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    places = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    proof = prove(leaves, set(places))
    wanted = [(place, leaves[place]) for place in places]
    root = plain_root(leaves)
    rest = iter(proof)
    assert batch_root(size, wanted, rest) == root
    assert next(rest, None) is None
    at = data.draw(st.integers(0, len(wanted) - 1))
    altered = [*wanted[:at], (wanted[at][0], leaf_hash(b"other")), *wanted[at + 1 :]]
    assert batch_root(size, altered, iter(proof)) != root
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert batch_root(size, wanted, iter([*proof[:at], leaf_hash(b"other"), *proof[at + 1 :]])) != root


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_frontier_may_be_put_away_and_taken_up_again(first: int, more: int) -> None:
    tree = Frontier()
    leaves = [leaf_hash(place.to_bytes(2, "big")) for place in range(first + more)]
    for leaf in leaves[:first]:
        tree.append(leaf)
    tree = Frontier(tree.size, tree.packed())
    for leaf in leaves[first:]:
        tree.append(leaf)
    assert (tree.size, tree.root()) == (first + more, root_of(leaves))


ROWS = st.builds(
    ProvenRow,
    st.integers(0, 1 << 32),
    st.integers(0, 1 << 62),
    st.integers(0, 1 << 62),
    st.none() | st.binary(min_size=16, max_size=16),
)


@given(st.lists(ROWS, max_size=4), st.lists(HASHES, max_size=4))
def test_an_inclusion_proof_survives_its_file(rows: list[ProvenRow], hashes: list[bytes]) -> None:
    proof = Inclusion("gallery", rows, hashes, "a\n1\nb\n\n— a b\n")
    assert parse_inclusion(proof.text()) == proof
