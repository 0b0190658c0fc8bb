"""The proof that one checkpointed log only added to another: its file, and the comparison of two checkpoints.

Role in the flow: stage 10 and whoever doubts it. Context: host. Sources: docs/checkpoint.md, "The consistency proof".
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import NamedTuple

from .checkpoint import Checkpoint
from .merkle import HASH_BYTES, is_consistent
from .signed_note import NoteError

FORMAT = "tocsin-consistency-1"


class Consistency(NamedTuple):
    """Sizes of the two logs, and the hashes of RFC 9162 section 2.1.4."""

    old: int
    new: int
    hashes: list[bytes]

    def text(self) -> str:
        """As it stands in a file."""
        lines = [FORMAT, f"{self.old} {self.new}", *(b64encode(hash_).decode() for hash_ in self.hashes)]
        return "\n".join(lines) + "\n"


def parse_consistency(text: str) -> Consistency:
    """The proof in a file's text. Raises: NoteError."""
    lines = text.split("\n")
    if lines[0] != FORMAT or lines[-1] != "" or len(lines) < 3:
        raise NoteError(
            f"not a consistency proof, or not copied whole: it begins with {FORMAT} and ends with a line end"
        )
    try:
        old, new = map(int, lines[1].split(" "))
        hashes = [b64decode(line, validate=True) for line in lines[2:-1]]
    except ValueError as error:
        raise NoteError(f"the consistency proof is damaged: {error}") from error
    if any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise NoteError(f"the consistency proof is damaged: a hash has not {HASH_BYTES} bytes")
    return Consistency(old, new, hashes)


def compare(one: Checkpoint, other: Checkpoint, proof: Consistency | None) -> str:
    """ "" when both can be of one history, else what is wrong: a fork, or a proof that shows nothing.

    Raises: NoteError when they cannot be compared: another log, or no proof for these two.
    """
    old, new = sorted((one, other), key=lambda checkpoint: checkpoint.size)
    if old.origin != new.origin:
        raise NoteError(f"checkpoints of two logs, {old.origin} and {new.origin}")
    if old.size == new.size:
        return "" if old.root == new.root else f"fork: two histories of {old.size} records were signed"
    if old.size == 0:
        return ""
    if proof is None:
        raise NoteError("the checkpoints are of different sizes; give --proof (made by: tocsin checkpoint prove OLD)")
    if (proof.old, proof.new) != (old.size, new.size):
        raise NoteError(f"the proof is for {proof.old} and {proof.new} records, not for {old.size} and {new.size}")
    if is_consistent(old.size, old.root, new.size, new.root, proof.hashes):
        return ""
    return (
        f"fork, or a wrong proof: it does not show that the log of {new.size} records begins with the {old.size} that "
        "were signed before. An honest log can always show it: ask for the proof again"
    )
