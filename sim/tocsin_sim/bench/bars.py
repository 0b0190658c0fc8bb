"""Bars: a measured value, its limit, and whether it is cleared.

Role in the flow: the judge of every bench. Context: CPython.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """Cleared when `value` is at most `limit`, or with `at_least` not below it.

    `value` None: what measures it did not run, which is never cleared.
    """

    name: str
    value: float | None
    limit: float
    at_least: bool = False

    @property
    def ok(self) -> bool | None:
        """None: not run."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def verdict(self) -> str:
        """For people."""
        return {True: "ok", False: "FALLS SHORT", None: "not run"}[self.ok]

    def figures(self) -> dict[str, object]:
        """As it goes into the JSON file; `ok` is null where nothing was measured."""
        return {"name": self.name, "value": self.value, "limit": self.limit, "ok": self.ok}


def exit_code(bars: Iterable[Bar]) -> int:
    """1 when a bar falls short. What did not run is told, and fails nothing."""
    return int(any(bar.ok is False for bar in bars))
