"""Signs a checkpoint every few minutes while a collector runs.

Role in the flow: stage 10. Context: host; the collector's thread calls it between two batches, so it never works long.
"""

import time
from collections.abc import Callable
from pathlib import Path

from tocsin.errors import TocsinError

from .checkpoint_signer import CheckpointSigner
from .finding_log import Report
from .store import Store

# Rows hashed in one call: about 20 ms, so that a store which was never signed holds up no acknowledgement.
_ROWS_PER_TICK = 4096


class CheckpointKeeper:
    """Signs every `every_s` seconds of `monotonic_s()` when something was stored since; tells `report` what it did."""

    def __init__(
        self,
        store: Store,
        keys: Path,
        utc_ms: Callable[[], int],
        report: Report,
        every_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._utc_ms = utc_ms
        self._store = store
        self._report = report
        self._every_s = every_s
        self._monotonic_s = monotonic_s
        self._due_s = monotonic_s()
        self._signer: CheckpointSigner | None = None
        self._last_note = self._last_error = ""

    def tick(self) -> None:
        """Called again and again. What goes wrong is told once; collecting goes on without checkpoints."""
        now_s = self._monotonic_s()
        if now_s < self._due_s:
            return
        try:
            if self._sign():
                self._due_s = now_s + self._every_s
        except (TocsinError, OSError) as error:
            self._due_s = now_s + self._every_s
            self._signer = None
            self._complain(str(error))

    def _sign(self) -> bool:
        """True when nothing is left to do for now."""
        if self._store.size() == 0:
            return True
        self._signer = self._signer or CheckpointSigner(self._store, self._keys, self._utc_ms)
        if not self._signer.catch_up(_ROWS_PER_TICK):
            return False
        note = self._signer.sign()
        if note != self._last_note:
            self._last_note, self._last_error = note, ""
            self._report({"event": "checkpoint", "note": note, "detail": f"signed over {note.splitlines()[1]} records"})
        return True

    def _complain(self, error: str) -> None:
        if error != self._last_error:
            self._last_error = error
            self._report({"event": "error", "detail": f"no checkpoint is signed: {error}"})
