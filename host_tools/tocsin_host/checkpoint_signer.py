"""Signs checkpoints over the store, and never one that contradicts an earlier one.

Role in the flow: stage 10. Context: host. Sources: docs/checkpoint.md, "Signing"; C2SP tlog-checkpoint.md: a log MUST
NOT sign a checkpoint that is inconsistent with one it signed before. Only rows that came since the last one are hashed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tocsin.errors import TocsinError

from .checkpoint import Checkpoint, open_checkpoint, row_leaf
from .log_key import last_signed, load_log_key, remember_signed
from .merkle import Frontier
from .signed_note import NoteError
from .store import Store
from .store_rows import StoredCheckpoint


class HistoryError(TocsinError):
    """The store contradicts a checkpoint that was signed before: signing it would show two histories."""

    code = 620


class CheckpointSigner:
    """Signs with the log key in the folder `keys`; `clock()` gives UTC in ms."""

    def __init__(self, store: Store, keys: Path, clock: Callable[[], int]) -> None:
        """Raises: ConfigError for a key that cannot be used, HistoryError, StoreError, OSError."""
        self._store = store
        self._keys = keys
        self._clock = clock
        self._key = load_log_key(keys)
        self._tree = Frontier()
        self._last_note = ""
        self._promised: dict[int, bytes] = {}  # size -> root, of what was signed and is still to be reached
        self._start()

    def catch_up(self, rows: int) -> bool:
        """Hash at most `rows` rows that came since; True when none is left. Raises: HistoryError, StoreError."""
        size = self._store.size()
        self._keep_promise()
        if self._promised and size < max(self._promised):
            raise HistoryError(
                f"the store has {size} records, a checkpoint over {max(self._promised)} was signed: an older store was "
                "restored. Nothing is signed; restore the newest backup (docs/operate.md)"
            )
        end = min(size, self._tree.size + rows)
        for row in self._store.arrivals(self._tree.size, end):
            self._tree.append(row_leaf(row.gateway, row.received_utc_ms, row.prev_mac, row.record))
            if self._promised:
                self._keep_promise()
        return end == size

    def sign(self) -> str:
        """The note over all rows caught up with; the last one again when there are no new ones.

        Raises: HistoryError, StoreError, OSError, and NoteError when there is nothing to sign.
        """
        with self._store.database.transaction():  # one signer at a time
            if last_signed(self._keys) != self._last_note:
                self._start()
                while not self.catch_up(1 << 20):
                    pass
            if self._tree.size == 0:
                raise NoteError("nothing to sign: the store has no records yet")
            if self._promised:
                raise HistoryError("the rows that the last checkpoint covers were not all looked at; nothing is signed")
            self._sign()
        return self._last_note

    def _sign(self) -> None:
        checkpoint = Checkpoint(self._key.name, self._tree.size, self._tree.root())
        if not self._last_note or self._open(self._last_note).size != checkpoint.size:
            note = self._key.sign(checkpoint.text())
            remember_signed(self._keys, note)
            self._last_note = note
        # Again for one that was signed, and could not be stored then.
        stored = StoredCheckpoint(checkpoint.size, self._last_note, self._tree.packed(), self._clock())
        self._store.add_checkpoint(stored)

    def _start(self) -> None:
        """Go on from the newest checkpoint in the store that is not beyond what was signed last."""
        self._last_note = last_signed(self._keys)
        self._promised = {}
        newest = self._stored(self._store.size())
        if self._last_note:
            self._promise(self._open(self._last_note))
        if newest is not None:
            self._promise(newest[0])
        begin = self._stored(min(self._promised)) if self._promised else None
        self._tree = Frontier() if begin is None else begin[1]

    def _open(self, note: str) -> Checkpoint:
        try:
            return open_checkpoint(note, self._key.public())
        except NoteError as error:
            raise HistoryError(f"{self._keys}: log.signed: {error}; restore the file, or begin a new log") from error

    def _stored(self, size: int) -> tuple[Checkpoint, Frontier] | None:
        """The newest checkpoint over at most `size` rows that this key signed, and its tree; None when there is none.

        One of another key, or whose frontier does not give its root, is no foundation to build on.
        """
        row = self._store.checkpoint(size)
        while row is not None:
            try:
                checkpoint, tree = open_checkpoint(row.note, self._key.public()), Frontier(row.size, row.frontier)
                if checkpoint.root == tree.root() and checkpoint.size == tree.size:
                    return checkpoint, tree
            except (NoteError, ValueError):
                pass  # passed over, and fsck names it
            row = self._store.checkpoint(row.size - 1)
        return None

    def _promise(self, checkpoint: Checkpoint) -> None:
        if self._promised.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            raise HistoryError(
                f"{self._keys}: two checkpoints over {checkpoint.size} records were signed that contradict each other; "
                "the key signed elsewhere too. Nothing is signed; begin a new log with a new key"
            )

    def _keep_promise(self) -> None:
        root = self._promised.get(self._tree.size, self._tree.root())
        if root != self._tree.root():
            raise HistoryError(
                f"the first {self._tree.size} records of the store are not those that a signed checkpoint covers: they "
                "were changed, or another store lies in its place. Nothing is signed; see: tocsin fsck"
            )
        self._promised.pop(self._tree.size, None)
