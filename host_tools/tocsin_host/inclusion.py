"""The proof that the records of an export are in a checkpointed log: its file, and its verification by anyone.

Role in the flow: stage 10 and whoever doubts it. Context: host. Sources: docs/checkpoint.md, "The inclusion proof".
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import NamedTuple

from tocsin.record import MAC_BYTES, RECORD_BYTES, is_intact, seq_of
from tocsin.tlog import TRAILER_MAGIC, check_name, is_intact_gap, unpack_header

from .checkpoint import Checkpoint, open_checkpoint, row_leaf
from .merkle import HASH_BYTES, batch_root
from .signed_note import NoteError, VerifyKey

FORMAT = "tocsin-inclusion-1"


class ProvenRow(NamedTuple):
    """What the proof tells of a record beside its bytes; `leaf` is its place in the log, from 0."""

    seq: int
    leaf: int
    received_utc_ms: int
    prev_mac: bytes | None


class Inclusion(NamedTuple):
    """A proof: `rows` by rising seq; `hashes` of 32 bytes; `note` is the signed checkpoint."""

    gateway: str
    rows: list[ProvenRow]
    hashes: list[bytes]
    note: str

    def text(self) -> str:
        """As it stands in a file."""
        lines = [FORMAT, self.gateway, str(len(self.rows))]
        for row in self.rows:
            mac = "-" if row.prev_mac is None else row.prev_mac.hex()
            lines.append(f"{row.seq} {row.leaf} {row.received_utc_ms} {mac}")
        lines += [str(len(self.hashes)), *(b64encode(hash_).decode() for hash_ in self.hashes)]
        return "\n".join(lines) + "\n\n" + self.note


class InclusionReport(NamedTuple):
    """What a verifier found: no findings, and every record of the log is in the checkpointed log."""

    gateway: str
    checkpoint: Checkpoint
    records: int
    findings: list[str]


def verify_inclusion(log: bytes, proof: Inclusion, key: VerifyKey) -> InclusionReport:
    """Judge a log file by a proof and the log's public key. Raises: NoteError when the proof cannot be used at all."""
    checkpoint = open_checkpoint(proof.note, key)
    findings: list[str] = []
    records = _records(log, proof.gateway, findings)
    leaves: list[tuple[int, bytes]] = []
    for row in proof.rows:
        record = records.pop(row.seq, None)
        if record is None:
            findings.append(f"seq {row.seq}: missing: the checkpointed log has it, this file has not")
        else:
            leaves.append((row.leaf, row_leaf(proof.gateway, row.received_utc_ms, row.prev_mac, record)))
    findings += [f"seq {seq}: not covered: the proof says nothing of this record" for seq in records]
    if len(leaves) == len(proof.rows) and not _gives_root(checkpoint, leaves, proof.hashes):
        findings.append(
            "root: wrong: these records, received at these times, are not those of the checkpoint: one of them or the "
            "proof was altered (with the gateway's key file, tocsin verify --keys names the record)"
        )
    return InclusionReport(proof.gateway, checkpoint, len(proof.rows), findings)


def _gives_root(checkpoint: Checkpoint, leaves: list[tuple[int, bytes]], hashes: list[bytes]) -> bool:
    unused = iter(hashes)
    try:
        root = batch_root(checkpoint.size, sorted(leaves), unused)
    except ValueError as error:
        raise NoteError(f"the inclusion proof cannot be used: {error}") from error
    if next(unused, None) is not None:
        raise NoteError("the inclusion proof cannot be used: it has more hashes than the tree needs")
    return root == checkpoint.root


def _records(log: bytes, gateway: str, findings: list[str]) -> dict[int, bytes]:
    """The intact records of a log file by seq; whatever else is in it becomes a finding. Raises: RecordError."""
    named, _ = unpack_header(log[:RECORD_BYTES])
    if named != gateway:
        raise NoteError(f"the log is of gateway {named}, the proof of {gateway}")
    end = len(log) - RECORD_BYTES
    if log[end : end + len(TRAILER_MAGIC)] != TRAILER_MAGIC:
        findings.append("trailer: truncated: the file does not end as an export does")
        end = len(log)
    records: dict[int, bytes] = {}
    for at in range(RECORD_BYTES, end, RECORD_BYTES):
        block = log[at : min(end, at + RECORD_BYTES)]
        if is_intact(block) and records.setdefault(seq_of(block), block) == block:
            continue
        if not is_intact_gap(block):
            findings.append(f"record {at // RECORD_BYTES}: damaged, or a second one of its number")
    return records


def parse_inclusion(text: str) -> Inclusion:
    """The proof in a file's text. Raises: NoteError saying where it breaks off or what it is not."""
    body, blank, note = text.partition("\n\n")
    lines = iter(body.split("\n"))
    if next(lines) != FORMAT:
        raise NoteError(f"not an inclusion proof: it does not begin with {FORMAT}")
    try:
        gateway = next(lines)
        check_name(gateway)
        rows = [_parse_row(next(lines)) for _ in range(_count(next(lines)))]
        hashes = [_parse_hash(next(lines)) for _ in range(_count(next(lines)))]
    except StopIteration:
        raise NoteError("the inclusion proof breaks off: it was not copied whole") from None
    except ValueError as error:
        raise NoteError(f"the inclusion proof is damaged, or was not copied whole: {error}") from error
    if not blank or next(lines, None) is not None:
        raise NoteError("the inclusion proof breaks off, or has lines too many: no checkpoint stands after its hashes")
    return Inclusion(gateway, rows, hashes, note)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no number")
    value = int(text)
    if value >= 1 << 63:
        raise ValueError(f"{text} is beyond all bounds")
    return value


def _parse_row(line: str) -> ProvenRow:
    parts = line.split(" ")
    if len(parts) != 4:
        raise ValueError(f"a row is SEQ LEAF RECEIVED MAC, not {line!r}")
    seq, leaf, received, mac = parts
    prev_mac = None if mac == "-" else bytes.fromhex(mac)
    if prev_mac is not None and len(prev_mac) != MAC_BYTES:
        raise ValueError(f"a mac has {MAC_BYTES} bytes, not {len(prev_mac)}")
    return ProvenRow(_count(seq), _count(leaf), _count(received), prev_mac)


def _parse_hash(line: str) -> bytes:
    hash_ = b64decode(line, validate=True)
    if len(hash_) != HASH_BYTES:
        raise ValueError(f"a hash has {HASH_BYTES} bytes, not {len(hash_)}")
    return hash_
