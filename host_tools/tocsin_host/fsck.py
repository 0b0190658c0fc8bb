"""The checker of the store: reads every row anew, and believes nothing that the writer says of itself.

Role in the flow: stage 10. Context: host. It has its own queries and shares no code with the path that writes; the tree
is computed from the rows and held against every checkpoint, the seals against the gateways' keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.record import MAC_NONE, RECORD_BYTES, is_intact, mac_of, seq_of
from tocsin.seal import evolve, is_sealed

from .checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, row_leaf
from .database import Database
from .merkle import Frontier
from .signed_note import NoteError, VerifyKey, split_note
from .store_errors import StoreError

Progress = Callable[[str, int, int], None]

_PAGE_ROWS = 8192


@dataclass
class Finding:
    """`seq` -1 and `gateway` "" where it is about no record, or about no gateway."""

    kind: str
    detail: str
    gateway: str = ""
    seq: int = -1

    def line(self) -> str:
        """For people."""
        place = f"{self.gateway}{'' if self.seq < 0 else f' seq {self.seq}'}: " if self.gateway else ""
        return f"{place}{self.kind}: {self.detail}"


@dataclass
class Chain:
    """What was read of one gateway: `sealed` None when its secrets were not there, `gaps` as (first, last)."""

    records: int = 0
    sealed: int | None = None
    gaps: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class FsckReport:
    """Everything that a run found."""

    records: int = 0
    chains: dict[str, Chain] = field(default_factory=dict)
    checkpoints: int = 0
    foreign_checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)


class Fsck:
    """One run over a store. `first_keys`: K_0 by gateway; `key`: the log's public key, None when it is not known.

    `notes`: checkpoints from elsewhere, by the name of where they were found.
    """

    def __init__(
        self,
        database: Database,
        first_keys: Mapping[str, bytes],
        key: VerifyKey | None,
        notes: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self._database = database
        self._first_keys = first_keys
        self._key = key
        self._notes = notes
        self._progress = progress
        self.report = FsckReport()

    def run(self) -> FsckReport:
        """Check everything; what cannot be read is a finding, and the rest is checked all the same."""
        for part in (self._check_database, self._check_rows, self._check_chains):
            try:
                part()
            except StoreError as error:
                self._find("database", str(error))
        return self.report

    def _find(self, kind: str, detail: str, gateway: str = "", seq: int = -1) -> None:
        self.report.findings.append(Finding(kind, detail, gateway, seq))

    def _check_database(self) -> None:
        self._progress("database", 0, 0)
        for text in self._database.check():
            self._find("database", text)

    def _check_rows(self) -> None:
        """Every record in order of arrival, and the tree of their leaves at the size of every checkpoint."""
        size = self.report.records = self._database.execute("SELECT count(*) FROM records")[0][0]
        promised = self._promised(size)
        tree = Frontier()
        for leaf, gateway, seq, record, prev_mac, received_utc_ms in self._rows(size):
            if leaf != tree.size:
                self._find("order", f"row {tree.size} is missing: rows were removed; the tree ends here", gateway, seq)
                return
            self._check_record(gateway, seq, record)
            tree.append(row_leaf(gateway, received_utc_ms, prev_mac, record))
            for name, root in promised.get(tree.size, ()):
                if root != tree.root():
                    detail = f"the first {tree.size} records are not those that {name} covers: they were changed"
                    self._find("checkpoint", detail)

    def _rows(self, size: int) -> Iterator[Any]:
        """(leaf, gateway, seq, record, prev_mac, received_utc_ms) by rising leaf, at most `size` of them."""
        columns = "leaf, gateway, seq, record, prev_mac, received_utc_ms"
        query = f"SELECT {columns} FROM records WHERE leaf > ? ORDER BY leaf LIMIT ?"
        last, done = -1, 0
        while done < size and (rows := self._database.execute(query, (last, min(_PAGE_ROWS, size - done)))):
            yield from rows
            last, done = rows[-1][0], done + len(rows)
            self._progress("rows", done, size)

    def _check_record(self, gateway: str, seq: int, record: bytes) -> None:
        if len(record) != RECORD_BYTES or not is_intact(record):
            self._find("damaged", "no intact record: magic, zero bytes or CRC is wrong", gateway, seq)
        elif seq_of(record) != seq:
            self._find("damaged", f"the record says that it is number {seq_of(record)}", gateway, seq)

    def _promised(self, size: int) -> dict[int, list[tuple[str, bytes]]]:
        """{size: [(name, root)]} of all checkpoints that can be held against the rows."""
        promised: dict[int, list[tuple[str, bytes]]] = {}
        for name, note, is_stored, stored_size in self._all_notes():
            checkpoint = self._open(name, note, is_stored)
            if checkpoint is None:
                continue
            if is_stored and checkpoint.size != stored_size:
                self._find("checkpoint", f"{name}: it is over {checkpoint.size} records")
            if checkpoint.size > size:
                missing = checkpoint.size - size
                self._find("checkpoint", f"{name} covers {checkpoint.size} records: {missing} of them are not here")
            promised.setdefault(checkpoint.size, []).append((name, checkpoint.root))
        for at, roots in promised.items():
            if len({root for _, root in roots}) > 1:
                self._find("fork", f"{' and '.join(name for name, _ in roots)} contradict each other over {at} records")
        return promised

    def _all_notes(self) -> Iterator[tuple[str, str, bool, int]]:
        """(name, note, whether it lies in the store, the size that the store says)."""
        for size, note, frontier in self._database.execute(
            "SELECT size, note, frontier FROM checkpoints ORDER BY size"
        ):
            self.report.checkpoints += 1
            name = f"the stored checkpoint {size}"
            self._check_frontier(name, note, size, frontier)
            yield name, note, True, size
        for name, note in self._notes.items():
            self.report.checkpoints += 1
            yield name, note, False, 0

    def _check_frontier(self, name: str, note: str, size: int, frontier: bytes) -> None:
        try:
            gives_root = Frontier(size, frontier).root() == parse_checkpoint(split_note(note)[0]).root
        except ValueError:
            gives_root = False
        except NoteError:
            return  # told when it is opened
        if not gives_root:
            self._find("checkpoint", f"{name}: its frontier does not give its root; the signer passes it over")

    def _open(self, name: str, note: str, is_stored: bool) -> Checkpoint | None:
        """The checkpoint in a note whose signature is right, or that cannot be checked here."""
        try:
            text, signatures = split_note(note)
            checkpoint = parse_checkpoint(text)
            key = self._key
            ours = key is not None and any(signer == key.name and data[:4] == key.id for signer, data in signatures)
            if key is not None and (ours or not is_stored):
                return open_checkpoint(note, key)
            self.report.foreign_checkpoints += 1
            return checkpoint
        except NoteError as error:
            self._find("checkpoint", f"{name}: {error}")
            return None

    def _check_chains(self) -> None:
        """Every gateway's records by their numbers: seals, gaps, and what proves the first one after a gap."""
        done, name = 0, ""
        query = "SELECT min(gateway) FROM records WHERE gateway > ?"
        while (name := self._database.execute(query, (name,))[0][0]) is not None:
            chain = self.report.chains[name] = Chain()
            done += self._check_chain(name, chain, done)

    def _check_chain(self, gateway: str, chain: Chain, done: int) -> int:
        key = self._first_keys.get(gateway)
        chain.sealed = None if key is None else 0
        expected, mac_before, is_sound = 0, MAC_NONE, True
        for seq, record, prev_mac in self._chain_rows(gateway, done):
            chain.records += 1
            if seq > expected:
                chain.gaps.append((expected, seq - 1))
                if prev_mac is None:
                    self._find("gap", f"nothing proves it: {expected} to {seq - 1} are missing", gateway, seq)
            elif prev_mac is not None and prev_mac != mac_before:
                self._find("fork", "it came with the mac of another predecessor than the stored one", gateway, seq)
            if key is not None:
                for _ in range(expected, seq):
                    key = evolve(key)
                before = prev_mac if prev_mac is not None else mac_before
                was_sound, is_sound = is_sound, is_sealed(key, record, before)
                if not is_sound and (seq == expected or prev_mac is not None):
                    doubt = "" if was_sound else ", or the mac of the record before it"
                    self._find("forged", f"its seal is wrong{doubt}", gateway, seq)
                chain.sealed = (chain.sealed or 0) + is_sound
                key = evolve(key)
            expected, mac_before = seq + 1, mac_of(record)
        return chain.records

    def _chain_rows(self, gateway: str, done: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        query = (
            "SELECT seq, record, prev_mac FROM records WHERE gateway = ? AND seq > ? AND leaf < ? ORDER BY seq LIMIT ?"
        )
        last, size = -1, self.report.records
        while rows := self._database.execute(query, (gateway, last, size, _PAGE_ROWS)):
            yield from rows
            last, done = rows[-1][0], done + len(rows)
            self._progress("chains", done, size)
