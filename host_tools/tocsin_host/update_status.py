"""What became of updates, as the sealed records tell.

Role in the flow: stage 11, for firmware that comes later. Context: host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tocsin import event
from tocsin.bundle import decode_manifest
from tocsin.errors import UpdateError
from tocsin.record import Record, unpack

from .describe import record_text, time_text
from .store import Store
from .update_outbox import queued_bundles
from .update_transfer import REFUSALS

_POLL_S = 0.5
_STATES = {
    event.UPDATE_TRIED: "on trial",
    event.UPDATE_CONFIRMED: "confirmed",
    event.UPDATE_WENT_BACK: "went back",
    event.UPDATE_REFUSED: "refused",
}


class UpdateFacts(NamedTuple):
    """Of one gateway. `version`: that of the latest trial; `state`: the latest of "on trial", "confirmed", "went back",
    "refused"; `queued_version`: of what waits, -1 where that is no bundle. Times are UTC in ms.
    """

    gateway: str
    queued_version: int | None = None
    version: int | None = None
    state: str | None = None
    since_utc_ms: int | None = None
    refusal: str | None = None


class Follower:
    """Watches what becomes of one bundle. To be made before that is queued."""

    def __init__(self, store: Store, gateway: str, version: int) -> None:
        self._store = store
        self._gateway = gateway
        self._version = version
        self._seq = store.head(gateway)[0]
        self._finding = store.findings_made()

    def follow(self, say: Callable[[str], None]) -> None:
        """Tell what is recorded of it until it is kept. Raises: UpdateError when it is not."""
        while not self._is_kept(say):
            time.sleep(_POLL_S)

    def _is_kept(self, say: Callable[[str], None]) -> bool:
        for record in update_records(self._store, self._gateway, self._seq):
            self._seq = record.seq + 1
            say(f"{self._gateway}: {record_text(record)}")
            if record.count == self._version and record.value == event.UPDATE_CONFIRMED:
                return True
            if record.count == self._version and record.value == event.UPDATE_WENT_BACK:
                raise UpdateError(f"{self._gateway}: it runs the firmware before; make a better version")
        for finding in self._store.findings(self._gateway):
            if finding.id > self._finding and finding.kind == "update":
                raise UpdateError(f"{self._gateway}: {finding.detail}")
        return False


def update_records(store: Store, gateway: str, from_seq: int = 0) -> Iterator[Record]:
    """The update records of a gateway, rising."""
    for row in store.records(gateway, from_seq):
        record = unpack(row.record)
        if record.type == event.TYPE_UPDATE:
            yield record


def facts_of(store: Store, keys: Path, gateway: str) -> UpdateFacts:
    """What waits and what is recorded. Raises: StoreError, OSError."""
    facts = UpdateFacts(gateway, _queued_version(keys, gateway))
    for record in update_records(store, gateway):
        if record.value not in _STATES:
            continue
        facts = facts._replace(state=_STATES[record.value], since_utc_ms=record.utc_ms or None, refusal=None)
        if record.value == event.UPDATE_REFUSED:
            facts = facts._replace(refusal=REFUSALS.get(record.count, str(record.count)))
        else:
            facts = facts._replace(version=record.count)
    return facts


def status_line(facts: UpdateFacts) -> str:
    """For people."""
    parts = []
    if facts.queued_version is not None:
        is_bundle = facts.queued_version >= 0
        parts.append(f"version {facts.queued_version} waits" if is_bundle else "what waits is no bundle")
    since = time_text(facts.since_utc_ms or 0)
    if facts.state == "refused":
        parts.append(f"refused: {facts.refusal} ({since})")
    elif facts.state is not None:
        parts.append(f"version {facts.version} {facts.state}, {since}")
    return f"{facts.gateway}: {'; '.join(parts) or 'no update is recorded'}"


def _queued_version(keys: Path, gateway: str) -> int | None:
    queued = queued_bundles(keys).get(gateway)
    if queued is None:
        return None
    try:
        return decode_manifest(queued.path.read_bytes())[0].version
    except FileNotFoundError:  # just gone
        return None
    except UpdateError:
        return -1
