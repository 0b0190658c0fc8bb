"""Export: the records of one gateway out of the store into a log file that anyone with its key can verify.

Role in the flow: stage 10. Context: host. Sources: docs/record.md, "The log file".
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.tlog import build_log, pack_gap

from .keys import GatewaySecrets
from .store import Store, StoredRecord
from .store_errors import StoreError


def export_log(store: Store, gateway: str, secrets: GatewaySecrets) -> bytes:
    """The whole log file. The same store gives the same bytes. Raises: StoreError."""
    return log_of(store.records(gateway), gateway, secrets)


def log_of(rows: Iterable[StoredRecord], gateway: str, secrets: GatewaySecrets) -> bytes:
    """The log file of these rows of a gateway, by rising seq. Raises: StoreError."""
    if secrets.gateway != gateway:
        raise StoreError(f"export of {gateway}: these are the secrets of {secrets.gateway}; give those of {gateway}")
    entries: list[bytes] = []
    expected = 0
    for row in rows:
        if row.seq > expected:
            entries.append(_gap_entry(gateway, expected, row.seq, row.prev_mac))
        entries.append(row.record)
        expected = row.seq + 1
    return build_log(secrets.k0, gateway, entries)


def _gap_entry(gateway: str, first: int, seq: int, prev_mac: bytes | None) -> bytes:
    if prev_mac is None:
        raise StoreError(
            f"store: {gateway} lacks records {first} to {seq - 1} and no proof for {seq}; restore a backup"
        )
    return pack_gap(first, seq - 1, prev_mac)
