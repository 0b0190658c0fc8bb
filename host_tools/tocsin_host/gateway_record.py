"""What the collector knows of one gateway: its secrets, how far its chain is proven, and what it was told.

Role in the flow: stage 9. Context: host.
"""

from tocsin.chain import ChainVerifier
from tocsin.record import MAC_NONE, mac_of, seq_of

from .keys import GatewaySecrets
from .store import Store, StoredRecord

# What became of a record: it is new, it was stored before, or it says that something is wrong.
NEW = "new"
KNOWN = "known"


class GatewayRecord:
    """Judges the records of one gateway against the store."""

    def __init__(self, secrets: GatewaySecrets, head: tuple[int, bytes] | None) -> None:
        """`head`: (next seq, mac of the last record) as the store has it, None when it has nothing."""
        self.secrets = secrets
        self.command_counter = 0
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

    def judge(self, record: bytes, previous_mac: bytes | None, store: Store) -> tuple[str, str]:
        """(verdict, detail): NEW, "gap" (new too, after missing ones), KNOWN, or a finding of docs/record.md."""
        verdict = self._verifier.accept(record, previous_mac)
        if verdict == "verified":
            return NEW, ""
        if verdict == "gap":
            first, last = self._verifier.gap
            return "gap", f"records {first} to {last} are missing"
        if verdict == "duplicate?":
            return self._compare(record, store)
        if verdict == "out-of-order":
            return verdict, f"record {seq_of(record)} came, {self.next_seq} is next"
        return verdict, "the seal is wrong" if verdict == "forged" else "no intact record"

    def _compare(self, record: bytes, store: Store) -> tuple[str, str]:
        seq = seq_of(record)
        stored = store.record(self.secrets.gateway, seq)
        if stored is None or stored.record == record:
            return KNOWN, ""
        if self._verifier.sealed(record, self._mac_before(stored, store)):
            return "fork", f"two different records {seq} bear a right seal: another box holds this gateway's key"
        return "forged", f"another record {seq} is stored, and the seal of this one is wrong"

    def _mac_before(self, stored: StoredRecord, store: Store) -> bytes:
        if stored.prev_mac is not None:
            return stored.prev_mac
        before = store.record(stored.gateway, stored.seq - 1) if stored.seq else None
        return mac_of(before.record) if before else MAC_NONE


