"""What the collector knows of one gateway: its secrets, how far its chain is proven, what it has beyond.

Role in the flow: stage 9. Context: host. Sources: docs/record.md, "Verifying records as they arrive".
One object for each gateway, whatever number of ports it is heard on. It remembers; storing is the caller's.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from tocsin import host_messages, messages
from tocsin.chain import ChainVerifier
from tocsin.record import MAC_NONE, is_intact, mac_of, seq_of

from .keys import GatewaySecrets
from .store import Store, StoredRecord

GAP = "gap"
FORK = "fork"


class Finding(NamedTuple):
    """Something wrong with record `seq`; `kind` as in docs/record.md."""

    seq: int
    kind: str
    detail: str


@dataclass
class Judgement:
    """What became of a record: `rows` are to be stored, (record, mac of the one before where that is not stored)."""

    rows: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class _Ahead(NamedTuple):
    """A record stored beyond the chain: its mac, and that of its predecessor, under which it was proven."""

    mac: bytes
    mac_before: bytes


class Place(NamedTuple):
    """How far the chain is proven and what is known beyond; to go back to when storing fails."""

    next_seq: int
    mac: bytes
    ahead: dict[int, _Ahead]
    held: dict[int, bytes]


class GatewayRecord:
    """Judges the records of one gateway."""

    def __init__(self, secrets: GatewaySecrets, store: Store) -> None:
        """Goes on where `store` ends. Raises: StoreError."""
        self.secrets = secrets
        place = _stored_place(store, secrets.gateway)
        self._verifier = ChainVerifier(secrets.k0, place.next_seq, None, place.mac)
        self._ahead = place.ahead
        # Records that cannot be proven before the ones before them come: at most messages.WINDOW_RECORDS - 1.
        self._held: dict[int, bytes] = {}

    @property
    def next_seq(self) -> int:
        """Lowest seq neither proven nor named as missing."""
        return self._verifier.next_seq

    @property
    def end_seq(self) -> int:
        """One above the highest seq proven."""
        return max(self.next_seq, *(seq + 1 for seq in self._ahead)) if self._ahead else self.next_seq

    def has(self, from_seq: int) -> int:
        """Bit i: record `from_seq` + i, which is not below `next_seq`, is stored or held."""
        here = range(from_seq, from_seq + messages.WINDOW_RECORDS)
        return sum(1 << (seq - from_seq) for seq in here if seq in self._ahead or seq in self._held)

    def place(self) -> Place:
        """Where things stand."""
        return Place(self._verifier.next_seq, self._verifier.mac, dict(self._ahead), dict(self._held))

    def go_back(self, place: Place) -> None:
        """Forget what was proven since `place`: it was not stored."""
        self._verifier.next_seq, self._verifier.mac = place.next_seq, place.mac
        self._ahead, self._held = dict(place.ahead), dict(place.held)

    def needs_store(self, seq: int) -> bool:
        """Whether a record of this number is compared with what is stored: all proven before must be."""
        return seq < self.next_seq or seq in self._ahead

    def judge(self, record: bytes, previous_mac: bytes | None, store: Store) -> Judgement:
        """Judge a record; `previous_mac` came beside it. Raises: StoreError."""
        if not is_intact(record):
            return Judgement(findings=[Finding(seq_of(record), "damaged", "no intact record")])
        seq = seq_of(record)
        if self.needs_store(seq):
            stored = store.record(self.secrets.gateway, seq)
            return self._fill(record, previous_mac, store) if stored is None else self._compare(record, stored, store)
        if seq == self.next_seq:
            return self._follow(record)
        if seq - 1 in self._ahead:
            previous_mac = self._ahead[seq - 1].mac
        if previous_mac is not None:
            return self._take_ahead(record, previous_mac)
        if seq < self.next_seq + messages.WINDOW_RECORDS:
            self._held.setdefault(seq, record)
        return Judgement()

    def pass_over(self, first: int, last: int) -> Judgement:
        """The gateway says that records `first` to `last` will never come: go on behind them, and name the gaps."""
        judgement = Judgement()
        while first <= self.next_seq <= last:
            after = min((seq for seq in self._ahead if seq > self.next_seq), default=last + 2)
            if after > last + 1:
                break  # nothing proven stands behind them yet
            self._name_gap(after, judgement)
            self._go_on(judgement)
        return judgement

    def _name_gap(self, after: int, judgement: Judgement) -> None:
        """All from `next_seq` to the record before `after`, which is stored ahead, is missing."""
        text = f"records {self.next_seq} to {after - 1} are missing"
        judgement.findings.append(Finding(after, GAP, text))
        self._verifier.next_seq, self._verifier.mac = after, self._ahead[after].mac_before

    def _follow(self, record: bytes) -> Judgement:
        """The next record."""
        judgement = Judgement()
        seq = self.next_seq
        after = self._ahead.get(seq + 1)
        if after is not None and after.mac_before != mac_of(record):
            if not self._verifier.sealed(record, self._verifier.mac):
                return _forged(seq)
            # The one that came first stays; the chain goes on behind it, or nothing would ever be acknowledged.
            judgement.findings.append(_fork(seq))
            self._name_gap(seq + 1, judgement)
        elif self._verifier.accept(record) != "verified":
            return _forged(seq)
        else:
            judgement.rows.append((record, None))
        self._go_on(judgement)
        return judgement

    def _go_on(self, judgement: Judgement) -> None:
        """Go over what was there already: stored ahead, or held until its turn."""
        verifier = self._verifier
        while True:
            seq = verifier.next_seq
            if seq in self._ahead:
                verifier.next_seq, verifier.mac = seq + 1, self._ahead.pop(seq).mac
            elif seq in self._held:
                follows = self._follow(self._held.pop(seq))
                judgement.rows += follows.rows
                judgement.findings += follows.findings
                break
            else:
                break
        for seq in [seq for seq in self._held if seq < verifier.next_seq]:
            del self._held[seq]

    def _take_ahead(self, record: bytes, mac_before: bytes) -> Judgement:
        """A record ahead of its turn that can be proven."""
        seq = seq_of(record)
        if not self._verifier.sealed(record, mac_before):
            return _forged(seq)
        after = self._ahead.get(seq + 1)
        if after is not None and after.mac_before != mac_of(record):
            return Judgement(findings=[_fork(seq)])
        self._held.pop(seq, None)
        self._ahead[seq] = _Ahead(mac_of(record), mac_before)
        return Judgement([(record, mac_before)])

    def _compare(self, record: bytes, stored: StoredRecord, store: Store) -> Judgement:
        if stored.record == record:
            return Judgement()
        before = self._mac_before(stored.seq, store)
        if before is None:
            before = stored.prev_mac
        if before is not None and self._verifier.sealed(record, before):
            return Judgement(findings=[_fork(stored.seq)])
        text = f"another record {stored.seq} is stored, and the seal of this one is wrong"
        return Judgement(findings=[Finding(stored.seq, "forged", text)])

    def _fill(self, record: bytes, previous_mac: bytes | None, store: Store) -> Judgement:
        """A record out of a gap that was named before."""
        seq = seq_of(record)
        stored_mac = self._mac_before(seq, store)
        before = previous_mac if stored_mac is None else stored_mac
        if before is None:
            return Judgement()
        if not self._verifier.sealed(record, before):
            return _forged(seq)
        after = store.record(self.secrets.gateway, seq + 1)
        if after is not None and after.prev_mac not in (None, mac_of(record)):
            return Judgement(findings=[_fork(seq)])
        return Judgement([(record, previous_mac if stored_mac is None else None)])

    def _mac_before(self, seq: int, store: Store) -> bytes | None:
        """The mac of the stored record `seq` - 1, None when it is not stored."""
        if seq == 0:
            return MAC_NONE
        before = store.record(self.secrets.gateway, seq - 1)
        return None if before is None else mac_of(before.record)


def refusal_of(gateway: GatewayRecord | None, hello: messages.Hello, body: bytes) -> int:
    """Why this hello opens no session; 0 when it does."""
    if gateway is None:
        return host_messages.REFUSED_UNKNOWN_GATEWAY
    if not messages.is_sealed(gateway.secrets.link_key, body):
        return host_messages.REFUSED_WRONG_LINK_KEY
    if hello.wire_version != messages.WIRE_VERSION:
        return host_messages.REFUSED_WIRE_VERSION
    return 0


def _stored_place(store: Store, gateway: str) -> Place:
    """Where a store ends: before the first hole that no gap was named for, or behind all it has."""
    holes = store.holes(gateway)
    named = {finding.seq for finding in store.findings(gateway) if finding.kind == GAP} if holes else set()
    for first, last in holes:
        if last + 1 not in named:
            before = store.record(gateway, first - 1) if first else None
            mac = MAC_NONE if before is None else mac_of(before.record)
            return Place(first, mac, _stored_ahead(store, gateway, last + 1), {})
    return Place(*store.head(gateway), {}, {})


def _stored_ahead(store: Store, gateway: str, from_seq: int) -> dict[int, _Ahead]:
    """All that is stored from `from_seq` on. No more than a gateway could record while it had a backlog."""
    ahead: dict[int, _Ahead] = {}
    for row in store.records(gateway, from_seq):
        before = ahead.get(row.seq - 1)
        mac_before = row.prev_mac if before is None else before.mac
        if mac_before is None:
            continue  # not one of ours: we store no record without its proof
        ahead[row.seq] = _Ahead(mac_of(row.record), mac_before)
    return ahead


def _forged(seq: int) -> Judgement:
    return Judgement(findings=[Finding(seq, "forged", "the seal is wrong")])


def _fork(seq: int) -> Finding:
    return Finding(seq, FORK, f"two different records {seq} bear a right seal: another box holds this gateway's key")
