"""Proofs made from the store: that records are in it as its checkpoint says, and that it only grew.

Role in the flow: stage 10. Context: host. Sources: docs/checkpoint.md. Both read every row that the checkpoint covers.
"""

from __future__ import annotations

from .checkpoint import Checkpoint, parse_checkpoint, row_leaf
from .consistency import Consistency
from .inclusion import Inclusion, ProvenRow
from .merkle import BatchProver, consistency_proof, root_of
from .signed_note import split_note
from .store import Store, StoredRecord
from .store_errors import StoreError


def prove_inclusion(store: Store, gateway: str) -> tuple[list[StoredRecord], Inclusion]:
    """The records of `gateway` that the newest checkpoint covers, by rising seq, and the proof that it does.

    Raises: StoreError, also when no checkpoint covers any, or the rows do not give its root.
    """
    note = newest_checkpoint(store)
    checkpoint = read_checkpoint(note)
    prover = BatchProver()
    found: list[tuple[StoredRecord, int]] = []
    for leaf, row in enumerate(store.arrivals(0, checkpoint.size)):
        wanted = row.gateway == gateway
        prover.append(row_leaf(row.gateway, row.received_utc_ms, row.prev_mac, row.record), wanted)
        if wanted:
            found.append((row, leaf))
    root, hashes = prover.finish()
    if root != checkpoint.root:
        raise StoreError(
            f"the first {checkpoint.size} records of the store are not those that its checkpoint covers; "
            "run: tocsin fsck"
        )
    if not found:
        raise StoreError(f"the newest checkpoint covers no record of {gateway}; sign a new one with: tocsin checkpoint")
    found.sort(key=lambda one: one[0].seq)
    proven = [ProvenRow(row.seq, leaf, row.received_utc_ms, row.prev_mac) for row, leaf in found]
    return [row for row, _ in found], Inclusion(gateway, proven, hashes, note)


def newest_checkpoint(store: Store) -> str:
    """The note of the newest checkpoint. Raises: StoreError when there is none."""
    stored = store.checkpoint(store.size())
    if stored is None:
        raise StoreError("the store has no checkpoint yet; sign one with: tocsin checkpoint")
    return stored.note


def prove_consistency(store: Store, old: Checkpoint, new: Checkpoint) -> Consistency:
    """That the log under `new` only added to the one under `old`.

    Raises: StoreError when the store cannot show it, and says which of the two contradicts it.
    """

    def subtree(first: int, end: int) -> bytes:
        rows = store.arrivals(first, end)
        return root_of(row_leaf(row.gateway, row.received_utc_ms, row.prev_mac, row.record) for row in rows)

    for one in (old, new):
        if one.size > store.size():
            raise StoreError(f"the store has {store.size()} records, the checkpoint covers {one.size}; wrong store?")
        if subtree(0, one.size) != one.root:
            raise StoreError(
                f"fork: the first {one.size} records of the store are not those that the checkpoint over them covers"
            )
    return Consistency(old.size, new.size, consistency_proof(old.size, new.size, subtree))


def read_checkpoint(note: str) -> Checkpoint:
    """The checkpoint in a note, unverified. Raises: NoteError."""
    return parse_checkpoint(split_note(note)[0])
