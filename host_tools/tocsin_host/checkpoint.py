"""A checkpoint: how many rows the log has and the root of their tree; and the leaf that each row is.

Role in the flow: stage 10 and whoever doubts it. Context: host. Sources: docs/checkpoint.md; C2SP tlog-checkpoint.md.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from struct import pack
from typing import NamedTuple

from tocsin.tlog import NAME_BYTES

from .merkle import HASH_BYTES, leaf_hash
from .signed_note import NoteError, VerifyKey, open_note

_LEAF_MAGIC = b"TOCSINRW"
_LEAF_VERSION = 1
_LEAF_NAME = f"<8sBB{NAME_BYTES}s"
_LEAF_ROW = "<q?16s"
_SIZE_MAX = (1 << 63) - 1


class Checkpoint(NamedTuple):
    """`origin` names the log, `size` counts its rows, `root` (32 bytes) is their tree's."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def open_checkpoint(note: str, key: VerifyKey) -> Checkpoint:
    """The checkpoint in a note that `key` signed. Raises: NoteError."""
    checkpoint = parse_checkpoint(open_note(note, key))
    if checkpoint.origin != key.name:
        raise NoteError(f"a checkpoint of the log {checkpoint.origin}, not of {key.name}")
    return checkpoint


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a note's text; lines after the third are passed over. Raises: NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0]:
        raise NoteError("not a checkpoint: it has not the lines origin, size and root")
    try:
        size, root = int(lines[1]), b64decode(lines[2], validate=True)
    except ValueError:
        size, root = -1, b""
    if str(size) != lines[1] or not 0 <= size <= _SIZE_MAX or len(root) != HASH_BYTES:
        raise NoteError("not a checkpoint: its size is no plain number, or its root no base64 of 32 bytes")
    return Checkpoint(lines[0], size, root)


def row_leaf(gateway: str, received_utc_ms: int, prev_mac: bytes | None, record: bytes) -> bytes:
    """Hash of the leaf of a row: all that the row says; `seq` is in the record."""
    name = gateway.encode()
    named = pack(_LEAF_NAME, _LEAF_MAGIC, _LEAF_VERSION, len(name), name)
    return leaf_hash(named + pack(_LEAF_ROW, received_utc_ms, prev_mac is not None, prev_mac or bytes(16)) + record)
