"""The Merkle tree over the rows of the store: roots, proofs and their verification. Pure: bytes and integers only.

Role in the flow: stage 10 and whoever doubts it. Context: host. Sources: RFC 9162 section 2.1 (the hashes are those of
RFC 6962); docs/checkpoint.md. The tree of `size` leaves splits at the largest power of two below `size`; so a subtree
is named by its first leaf and its end, and one of 2^k leaves never changes once it is full.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from operator import itemgetter

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows by leaves and keeps only the hashes it still needs: those of its full subtrees, largest first.

    There is one for each bit that is set in `size`, so a tree of a million leaves is 20 hashes at most.
    """

    def __init__(self, size: int = 0, hashes: bytes = b"") -> None:
        """`hashes`: what packed() gave for a tree of `size` leaves. Raises: ValueError when they cannot be its."""
        if len(hashes) != HASH_BYTES * size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} full subtrees, not {len(hashes)} bytes")
        self.size = size
        self._hashes = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]

    def append(self, leaf: bytes) -> None:
        """The next leaf's hash. Every second leaf completes one subtree, every fourth two …"""
        size = self.size
        while size & 1:
            leaf = node_hash(self._hashes.pop(), leaf)
            size >>= 1
        self._hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Hash of the whole tree."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def packed(self) -> bytes:
        """The hashes, one after the other."""
        return b"".join(self._hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root of the tree of these leaf hashes."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def split(size: int) -> int:
    """Leaves in the left half of a tree of `size` > 1 leaves: the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


class BatchProver:
    """Finds, in one pass over all leaves, the hashes that prove some of them: see batch_root()."""

    def __init__(self) -> None:
        # Full subtrees, largest first: (hash, number of leaves, the proof of the wanted ones in it or None for none).
        self._subtrees: list[tuple[bytes, int, list[bytes] | None]] = []

    def append(self, leaf: bytes, wanted: bool) -> None:
        """The next leaf's hash, and whether it is to be proven."""
        tree: tuple[bytes, int, list[bytes] | None] = (leaf, 1, [] if wanted else None)
        while self._subtrees and self._subtrees[-1][1] == tree[1]:
            tree = _join(self._subtrees.pop(), tree)
        self._subtrees.append(tree)

    def finish(self) -> tuple[bytes, list[bytes]]:
        """(root, proof): the proof has one hash for each largest subtree in which nothing is wanted, from the left."""
        if not self._subtrees:
            return EMPTY_ROOT, []
        tree = self._subtrees.pop()
        while self._subtrees:
            tree = _join(self._subtrees.pop(), tree)
        return tree[0], [tree[0]] if tree[2] is None else tree[2]


def _join(
    left: tuple[bytes, int, list[bytes] | None], right: tuple[bytes, int, list[bytes] | None]
) -> tuple[bytes, int, list[bytes] | None]:
    proof = None
    if left[2] is not None or right[2] is not None:
        proof = [left[0]] if left[2] is None else left[2]
        proof += [right[0]] if right[2] is None else right[2]
    return node_hash(left[0], right[0]), left[1] + right[1], proof


def batch_root(size: int, wanted: Sequence[tuple[int, bytes]], proof: Iterator[bytes]) -> bytes:
    """Root of the tree of `size` leaves, from some leaves and a proof.

    `wanted`: (place, leaf hash), rising by place. `proof`: as BatchProver.finish() gave it; the caller checks that
    all of it was used. Raises: ValueError when the proof is too short, or places do not rise or are not below `size`.
    """
    places = [-1, *(place for place, _ in wanted), size]
    if any(place >= later for place, later in pairwise(places)):
        raise ValueError("the places of the leaves do not rise, or are not in the tree")
    return _batch_root(0, size, wanted, proof)


def _batch_root(first: int, end: int, wanted: Sequence[tuple[int, bytes]], proof: Iterator[bytes]) -> bytes:
    if not wanted:
        given = next(proof, None)
        if given is None:
            raise ValueError("the proof is too short")
        return given
    if end - first == 1:
        return wanted[0][1]
    middle = first + split(end - first)
    cut = bisect_left(wanted, middle, key=itemgetter(0))
    left = _batch_root(first, middle, wanted[:cut], proof)
    return node_hash(left, _batch_root(middle, end, wanted[cut:], proof))


def consistency_proof(old: int, new: int, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """RFC 9162 section 2.1.4.1: that the tree of `new` leaves begins with the `old` first ones, 0 < old <= new.

    `subtree(first, end)` gives the root of these leaves; no leaf is asked for twice.
    """
    return _subproof(old, 0, new, True, subtree)


def _subproof(old: int, first: int, end: int, whole: bool, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """`whole`: the old tree's root is known to the verifier, so it need not be told."""
    if first + old == end:
        return [] if whole else [subtree(first, end)]
    middle = first + split(end - first)
    if old <= middle - first:
        return [*_subproof(old, first, middle, whole, subtree), subtree(middle, end)]
    right = _subproof(first + old - middle, middle, end, False, subtree)
    return [*right, subtree(first, middle)]


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2: whether the proof shows that the new tree only added to the old one."""
    if old == new:
        return old_root == new_root and not proof
    if not 0 < old < new or not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    old_at, new_at = old - 1, new - 1
    while old_at & 1:
        old_at, new_at = old_at >> 1, new_at >> 1
    from_old = from_new = path[0]
    for hash_ in path[1:]:
        if new_at == 0:
            return False
        if old_at & 1 or old_at == new_at:
            from_old, from_new = node_hash(hash_, from_old), node_hash(hash_, from_new)
            while old_at and not old_at & 1:
                old_at, new_at = old_at >> 1, new_at >> 1
        else:
            from_new = node_hash(from_new, hash_)
        old_at, new_at = old_at >> 1, new_at >> 1
    return from_old == old_root and from_new == new_root and new_at == 0
