"""Sirens, lights and buzzers: on for what they show, no longer than their limit, and every switch recorded.

Role in the flow: beside stage 6. Context: task. Reference: docs/modes.md, "Outputs".
Imported only where a site has outputs. It must never: leave an output on beyond its limit, or switch one on before the
start is over.
"""

from tocsin.compat import const
from tocsin.event import SOURCE_GATEWAY, TYPE_OUTPUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .recorder import Recorder

# Not recorded: they come with every visitor and every change of mode, which have records of their own.
_COMMON = const(0xE0)
_SHOW_FIRE = const(256)
_OFF = const(0)
_LIMIT = const(15)


class Output:
    """One pin. `why`: the bits it is on for, 0 while off; `spent`: bits that have had their time."""

    def __init__(self, entry: "dict[str, Any]") -> None:
        self.number: int = entry["output"]
        self.pin: int = entry["pin"]
        self.active: int = entry["active"]
        self.shows: int = entry["shows"]
        self.limit_ms: int = entry["limit_s"] * 1000
        self.quiet: int = entry.get("quiet", 0)
        self.why = self.spent = self.on_at = 0


class Outputs:
    """All outputs of a gateway. They are off from the moment this is made."""

    def __init__(
        self, entries: "list[dict[str, Any]]", set_output: "Callable[[int, int], None]", recorder: "Recorder"
    ) -> None:
        self._outputs = [Output(entry) for entry in entries]
        self._set_output = set_output
        self._recorder = recorder
        self.is_changed = False  # there is something to keep
        for output in self._outputs:
            set_output(output.pin, 1 - output.active)

    def update(self, shows: int, fresh: int, mode: int, now_ms: int) -> int:
        """Switch what has to be switched; uptime in ms when it is to be called again, 0 for no such time.

        `shows` and `fresh` are masks of `tocsin.alarm_memory`: what is to be shown, and what an alarm raised anew.
        """
        due_ms = 0
        for output in self._outputs:
            wanted = output.shows & shows
            if output.quiet >> mode & 1:
                wanted &= _SHOW_FIRE
            end_ms = output.on_at + output.limit_ms
            if output.why and output.limit_ms and now_ms >= end_ms:
                output.spent = wanted
                self.is_changed = True
                self._switch(output, 0, _LIMIT, now_ms)
            output.spent &= wanted & ~fresh
            wanted &= ~output.spent
            if bool(wanted) != bool(output.why):
                self._switch(output, wanted, _lowest(wanted), now_ms)
            if output.why and output.limit_ms:
                end_ms = output.on_at + output.limit_ms
                due_ms = min(due_ms or end_ms, end_ms)
        return due_ms

    def kept(self) -> "list[int]":
        """What survives a restart: bits that have had their time, of each output."""
        return [output.spent for output in self._outputs]

    def resume(self, kept: "list[int]") -> None:
        """Take what `kept` gave. Raises: TypeError, ValueError for what it did not give."""
        for i, spent in enumerate(kept[: len(self._outputs)]):
            self._outputs[i].spent = spent & 0xFFFF

    def _switch(self, output: Output, wanted: int, why: int, now_ms: int) -> None:
        is_told = (wanted or output.why) & ~_COMMON
        output.why, output.on_at = wanted, now_ms
        self._set_output(output.pin, output.active if wanted else 1 - output.active)
        if is_told:
            self._recorder.record(TYPE_OUTPUT, SOURCE_GATEWAY, 0, 0, int(wanted > 0), output.number | why << 8, now_ms)


def _lowest(bits: int) -> int:
    """Number of the lowest bit, from 1; 0 for none."""
    number = 0
    while bits:
        number += 1
        if bits & 1:
            return number
        bits >>= 1
    return _OFF
