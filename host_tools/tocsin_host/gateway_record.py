"""What the collector knows of one gateway: its secrets and how far its chain is proven.

Role in the flow: stage 9. Context: host. Sources: docs/record.md, "Verifying records as they arrive".
"""

from typing import NamedTuple

from tocsin.chain import ChainVerifier
from tocsin.record import MAC_NONE, mac_of, seq_of

from .keys import GatewaySecrets
from .store import Store, StoredRecord

# What became of a record: it is to be stored, it was stored before, or it says that something is wrong.
NEW = "new"
GAP = "gap"
KNOWN = "known"
OUT_OF_ORDER = "out-of-order"


class Judgement(NamedTuple):
    """`verdict`: NEW, GAP (new too, after missing ones), KNOWN, OUT_OF_ORDER or a finding of docs/record.md.

    `proof` is the mac that a stored row needs because the record before it is not stored.
    """

    verdict: str
    detail: str = ""
    proof: bytes | None = None


class GatewayRecord:
    """Judges the records of one gateway against the store."""

    def __init__(self, secrets: GatewaySecrets, head: tuple[int, bytes] | None) -> None:
        """`head`: (next seq, mac of the last record) as the store has it, None when it has nothing."""
        self.secrets = secrets
        next_seq, mac = head or (0, MAC_NONE)
        self._verifier = ChainVerifier(secrets.k0, next_seq, None, mac)

    @property
    def next_seq(self) -> int:
        """Lowest seq not proven yet."""
        return self._verifier.next_seq

    def proven(self) -> tuple[int, bytes]:
        """How far the chain is proven, to go back to when storing fails."""
        return self._verifier.next_seq, self._verifier.mac

    def go_back(self, proven: tuple[int, bytes]) -> None:
        """Forget what was proven since `proven`: it was not stored."""
        self._verifier.next_seq, self._verifier.mac = proven

    def judge(self, record: bytes, previous_mac: bytes | None, store: Store) -> Judgement:
        """Judge a record; `previous_mac` came beside it. All proven before must be stored. Raises: StoreError."""
        verdict = self._verifier.accept(record, previous_mac)
        if verdict == "verified":
            return Judgement(NEW)
        if verdict == "gap":
            first, last = self._verifier.gap
            return Judgement(GAP, f"records {first} to {last} are missing", previous_mac)
        if verdict == "out-of-order":
            return Judgement(OUT_OF_ORDER)
        if verdict != "duplicate?":
            return Judgement(verdict, "the seal is wrong" if verdict == "forged" else "no intact record")
        stored = store.record(self.secrets.gateway, seq_of(record))
        return self._fill(record, previous_mac, store) if stored is None else self._compare(record, stored, store)

    def _compare(self, record: bytes, stored: StoredRecord, store: Store) -> Judgement:
        if stored.record == record:
            return Judgement(KNOWN)
        before = self._mac_before(stored.seq, store)
        if before is None:
            before = stored.prev_mac
        if before is not None and self._verifier.sealed(record, before):
            return _fork(stored.seq)
        return Judgement("forged", f"another record {stored.seq} is stored, and the seal of this one is wrong")

    def _fill(self, record: bytes, previous_mac: bytes | None, store: Store) -> Judgement:
        """A record out of a gap that was named before."""
        seq = seq_of(record)
        stored_mac = self._mac_before(seq, store)
        before = previous_mac if stored_mac is None else stored_mac
        if before is None:
            return Judgement(OUT_OF_ORDER)
        if not self._verifier.sealed(record, before):
            return Judgement("forged", "the seal is wrong")
        after = store.record(self.secrets.gateway, seq + 1)
        if after is not None and after.prev_mac not in (None, mac_of(record)):
            return _fork(seq)
        return Judgement(NEW, proof=previous_mac if stored_mac is None else None)

    def _mac_before(self, seq: int, store: Store) -> bytes | None:
        """The mac of the stored record `seq` - 1, None when it is not stored."""
        if seq == 0:
            return MAC_NONE
        before = store.record(self.secrets.gateway, seq - 1)
        return None if before is None else mac_of(before.record)


def _fork(seq: int) -> Judgement:
    return Judgement("fork", f"two different records {seq} bear a right seal: another box holds this gateway's key")
