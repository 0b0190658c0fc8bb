"""What a run must bring, and whether it did: every record is matched with exactly one expectation.

Role in the flow: the judge at its end. Context: CPython. Times are ms since the scenario's start.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from tocsin.event import QUALITY_NONE, unpack_flags
from tocsin.event_names import type_name
from tocsin.record import Record

# How far the UTC in a record may be from the truth: two link delays of a millisecond each, and the rounding of half
# of them.
UTC_TOLERANCE_MS = 5


@dataclass(frozen=True)
class Expectation:
    """One record that must come: its type and source, and when it must say that it happened."""

    gateway: str
    type: int
    source: int
    from_ms: int
    to_ms: int
    value: int | None = None
    count: int | None = None

    def fits(self, at_ms: int, record: Record) -> bool:
        """Whether `record`, made at `at_ms`, is this one; type and source were compared before."""
        return (
            self.from_ms <= at_ms <= self.to_ms
            and (self.value is None or self.value == record.value)
            and (self.count is None or self.count == record.count)
        )

    def __str__(self) -> str:
        return (
            f"{self.gateway} zone {self.source}: {type_name(self.type)} between {self.from_ms / 1000:.3f} "
            f"and {self.to_ms / 1000:.3f} s"
        )


@dataclass
class Timeline:
    """When things were so: boots of each gateway, and the steps of the host's clock."""

    start_utc_ms: int
    power_on_ms: dict[tuple[str, int], int] = field(default_factory=dict)
    clock_steps: list[tuple[int, int]] = field(default_factory=list)

    def time_of(self, gateway: str, record: Record) -> int | None:
        """When `record` was made, in ms since the start; None for a boot that never was."""
        power_on_ms = self.power_on_ms.get((gateway, record.boot))
        return None if power_on_ms is None else power_on_ms + record.uptime_ms

    def utc_is_right(self, at_ms: int, record: Record) -> bool:
        """Whether the UTC in `record` is what the host's clock said at `at_ms`, or before its latest step."""
        if record.utc_ms == 0:
            return unpack_flags(record.flags)[2] == QUALITY_NONE
        true_ms = self.start_utc_ms + at_ms
        offsets_ms = [0] + [offset_ms for step_ms, offset_ms in self.clock_steps if step_ms <= at_ms + UTC_TOLERANCE_MS]
        return any(abs(record.utc_ms - true_ms - offset_ms) <= UTC_TOLERANCE_MS for offset_ms in offsets_ms)


@dataclass
class Verdict:
    """How records and expectations went together."""

    fulfilled: int = 0
    missing: list[Expectation] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


def judge(expectations: list[Expectation], records: dict[str, list[Record]], timeline: Timeline) -> Verdict:
    """Match the verified records of each gateway with what was expected."""
    open_by_kind: dict[tuple[str, int, int], list[Expectation]] = defaultdict(list)
    for expectation in sorted(expectations, key=lambda one: (one.to_ms, one.from_ms)):
        open_by_kind[expectation.gateway, expectation.type, expectation.source].append(expectation)
    verdict = Verdict()
    for gateway, gateway_records in records.items():
        for record in gateway_records:
            _match(gateway, record, open_by_kind, timeline, verdict)
    verdict.missing = [expectation for still_open in open_by_kind.values() for expectation in still_open]
    return verdict


def _match(
    gateway: str,
    record: Record,
    open_by_kind: dict[tuple[str, int, int], list[Expectation]],
    timeline: Timeline,
    verdict: Verdict,
) -> None:
    at_ms = timeline.time_of(gateway, record)
    label = f"{gateway} record {record.seq}: {type_name(record.type)} of zone {record.source}"
    if at_ms is None:
        verdict.unexpected.append(f"{label} from boot {record.boot}, which never was")
        return
    candidates = open_by_kind[gateway, record.type, record.source]
    for place, expectation in enumerate(candidates):
        if expectation.fits(at_ms, record):
            if timeline.utc_is_right(at_ms, record):
                verdict.fulfilled += 1
                del candidates[place]
            else:
                verdict.unexpected.append(f"{label} at {at_ms / 1000:.3f} s bears the wrong UTC {record.utc_ms}")
            return
    verdict.unexpected.append(
        f"{label} at {at_ms / 1000:.3f} s, value {record.value}, count {record.count}, was not expected"
    )
