"""What is done to a line, and what came of it: the cells of the grid of `make bench-link`.

Role in the flow: between the model and the reports. Context: CPython. Times are virtual ms.
"""

from dataclasses import dataclass, field

OURS = "tocsin"


@dataclass(frozen=True)
class Trouble:
    """What happens to a line: the chance of a byte to be damaged, and the mean ms between mishaps, 0 for never."""

    corruption: float = 0.0
    burst_every_ms: int = 0
    outage_every_ms: int = 0
    kill_every_ms: int = 0
    cut_every_ms: int = 0
    # The part of the records that is there at the beginning; the others are made while these drain.
    backlog: float = 1.0

    def mishaps(self) -> dict[str, int]:
        """Kind of mishap -> mean ms between two."""
        every = {
            "burst": self.burst_every_ms,
            "outage": self.outage_every_ms,
            "kill": self.kill_every_ms,
            "cut": self.cut_every_ms,
        }
        return {kind: ms for kind, ms in every.items() if ms}


@dataclass
class Cell:
    """What came of one run: `recoveries_ms` by kind of mishap, from both ends being there to a new row."""

    way: str
    line: str
    trouble: Trouble
    records: int
    lost: int = 0
    wrong: int = 0
    doubled: int = 0
    findings: int = 0
    virtual_ms: float = 0.0
    joined_ms: float = 0.0
    wire_bytes: int = 0
    cpu_s: float = 0.0
    mishaps: dict[str, int] = field(default_factory=dict)
    recoveries_ms: dict[str, list[float]] = field(default_factory=dict)
    alarm_ms: list[float] = field(default_factory=list)

    @property
    def rate_per_s(self) -> float:
        """Records stored in a second in which both ends were joined."""
        return 1000 * self.records / self.joined_ms

    @property
    def overhead(self) -> float:
        """Bytes on the wire, both ways, for each byte of records."""
        return self.wire_bytes / (64 * self.records)

    @property
    def cpu_us(self) -> float:
        """Processor time of both ends and the model, in µs a record."""
        return 1e6 * self.cpu_s / self.records

    def recovery_ms(self) -> list[float]:
        """All recoveries, rising."""
        return sorted(ms for every in self.recoveries_ms.values() for ms in every)

    def figures(self) -> dict[str, object]:
        """One row of the grid, for the JSON file."""
        recoveries = self.recovery_ms()
        return {
            "way": self.way,
            "line": self.line,
            "corruption": self.trouble.corruption,
            "mishaps": dict(self.mishaps),
            "records": self.records,
            "lost": self.lost,
            "wrong": self.wrong,
            "doubled": self.doubled,
            "findings": self.findings,
            "rate_per_s": self.rate_per_s,
            "wire_bytes_per_byte": self.overhead,
            "recovery_median_ms": quantile(recoveries, 0.5),
            "recovery_worst_ms": quantile(recoveries, 1),
            "alarm_median_ms": quantile(self.alarm_ms, 0.5),
            "alarm_worst_ms": quantile(self.alarm_ms, 1),
            "virtual_s": self.virtual_ms / 1000,
            "cpu_us_per_record": self.cpu_us,
        }


def quantile(values: list[float], share: float) -> float | None:
    """The value that `share` of them do not exceed; None without any."""
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
