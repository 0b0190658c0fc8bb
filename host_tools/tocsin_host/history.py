"""What a gateway told over some days, counted, for whoever looks for the cause of trouble.

Role in the flow: stage 11. Context: host.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tocsin import event
from tocsin.record import Record, unpack

from .store import Store, StoredFinding


@dataclass
class History:
    """`by_zone`: how often each type came from each source; `troubles`: how often each code; `findings`: each kind."""

    records: list[Record] = field(default_factory=list)
    by_zone: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    troubles: Counter[int] = field(default_factory=Counter)
    resets: Counter[int] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    def of_type(self, kind: int, source: int | None = None) -> list[Record]:
        """The records of one type, of one source or all."""
        return [one for one in self.records if one.type == kind and source in (None, one.source)]

    @property
    def zones(self) -> list[int]:
        """Numbers of the zones that told anything, rising."""
        return sorted(source for source in self.by_zone if source != event.SOURCE_GATEWAY)

    @property
    def days(self) -> float:
        """How long the history is, by the clock of the gateway; 0 when it never knew the time."""
        times = [one.utc_ms for one in self.records if one.utc_ms]
        return (times[-1] - times[0]) / 86_400_000 if times else 0.0


def read_history(store: Store, gateway: str, since_utc_ms: int) -> History:
    """What a gateway told since then, by the time it came in. Raises: StoreError."""
    rows = (unpack(row.record) for row in store.records(gateway) if row.received_utc_ms >= since_utc_ms)
    found = [one for one in store.findings(gateway) if one.received_utc_ms >= since_utc_ms]
    return make_history(rows, found)


def make_history(records: Iterable[Record], findings: Iterable[StoredFinding] = ()) -> History:
    """The same of records and findings at hand."""
    history = History(findings=Counter(one.kind for one in findings))
    for record in records:
        history.records.append(record)
        history.by_zone[record.source][record.type] += 1
        if record.type == event.TYPE_TROUBLE:
            history.troubles[record.value] += 1
        elif record.type == event.TYPE_BOOT and record.source == event.SOURCE_GATEWAY:
            history.resets[record.value] += 1
    return history
