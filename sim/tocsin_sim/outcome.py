"""What came of a run, in figures and in words.

Role in the flow: after stage 10. Context: CPython.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """The figures of a run.

    `expected` events that had to come; `sealed` records the gateways made; `verified` of them proven from the exports;
    `lost` expected events or sealed records that are not there; `forged` findings of any kind; `unexpected` verified
    records that nobody expected.
    """

    expected: int
    sealed: int
    verified: int
    lost: int
    forged: int
    unexpected: int
    virtual_seconds: float
    wall_seconds: float
    complaints: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether everything that had to come did, and nothing else."""
        return not (self.lost or self.forged or self.unexpected) and self.verified == self.sealed

    def figures(self) -> dict[str, Any]:
        """The figures for machines."""
        return {
            "expected": self.expected,
            "sealed": self.sealed,
            "verified": self.verified,
            "lost": self.lost,
            "forged": self.forged,
            "unexpected": self.unexpected,
            "virtual_seconds": self.virtual_seconds,
            "wall_seconds": round(self.wall_seconds, 3),
        }

    def text(self) -> str:
        """The figures for people, complaints first."""
        hours_per_s = self.virtual_seconds / 3600 / self.wall_seconds
        lines = [f"  ! {complaint}" for complaint in self.complaints]
        lines += [
            f"expected   {self.expected:>7}  events that had to come, each within its window",
            f"sealed     {self.sealed:>7}  records made by the gateways",
            f"verified   {self.verified:>7}  of them proven from the exported logs",
            f"lost       {self.lost:>7}",
            f"forged     {self.forged:>7}",
            f"unexpected {self.unexpected:>7}",
            f"{self.virtual_seconds / 3600:.2f} virtual hours in {self.wall_seconds:.1f} s: "
            f"{hours_per_s:.2f} virtual hours a second",
        ]
        return "\n".join(lines)
