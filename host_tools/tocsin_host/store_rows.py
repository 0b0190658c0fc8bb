"""What the store keeps, row by row.

Role in the flow: stage 10. Context: host.
"""

from typing import NamedTuple


class StoredRecord(NamedTuple):
    """A row: the record's 64 bytes; `prev_mac` (16 bytes) for the first record after a gap, else None."""

    gateway: str
    seq: int
    record: bytes
    prev_mac: bytes | None
    received_utc_ms: int


class StoredFinding(NamedTuple):
    """Something wrong that the host noticed: `seq` -1 for no record, `kind` as in docs/record.md."""

    id: int
    gateway: str
    seq: int
    kind: str
    detail: str
    received_utc_ms: int


class StoredCommand(NamedTuple):
    """A command in the outbox; `counter` rises strictly for each gateway, from 1; `payload` at most 96 bytes."""

    gateway: str
    counter: int
    code: int
    argument: int
    payload: bytes
    created_utc_ms: int


class StoredCheckpoint(NamedTuple):
    """A signed checkpoint over the first `size` rows; `frontier`: 32 bytes a subtree (docs/checkpoint.md)."""

    size: int
    note: str
    frontier: bytes
    signed_utc_ms: int
