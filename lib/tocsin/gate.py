"""Between what an input shows and what its zone is told: longer confirmation, several pulses, supervised detectors.

Role in the flow: stage 4, for zones whose site asks for it. Shared: gateway and host. Context: task.
Windows of recognition: docs/debounce.md.
"""

from .compat import const
from .event import STATE_ALARM, STATE_NORMAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Codes of docs/record.md, "Warnings"; bit n of `warnings` is code n.
_QUIET = const(3)
_CONSTANT = const(4)
_PULSES = const(9)


class Gate:
    """`take` notes what the input shows; `tick` says what the zone is to be told, `at_ms` since when.

    Call `tick` before `take` too: what was due before must not be passed over. Only alarms are kept back; tamper, fault
    and rest pass at once. `since_ms` is when the input began to show what it shows. `warnings`: bit n is code n of
    docs/record.md.
    """

    def __init__(self, config: "dict[str, Any]") -> None:
        get = config.get
        self._confirm_ms = get("confirm_ms", 0)
        self._pulses = get("pulses", 0)
        self._window_ms = get("pulse_window_s", 0) * 1000
        self._quiet_ms = get("quiet_s", 0) * 1000
        self._constant_ms = get("constant_s", 0) * 1000
        self._shown = self._told = STATE_NORMAL
        self._pulses_seen = self._first_ms = 0
        self._quiet_for_ms = self._ticked_ms = 0
        self.since_ms = self.at_ms = 0
        self.warnings = 0

    @property
    def told(self) -> int:
        """The state that `tick` said last."""
        return self._told

    @property
    def is_waiting(self) -> bool:
        """Whether the input shows an alarm that is not told yet."""
        return self._shown != self._told

    def take(self, state: int, at_ms: int) -> None:
        """The input shows `state` from `at_ms` on."""
        if state == self._shown:
            return
        self._shown, self.since_ms = state, at_ms
        if state == STATE_ALARM:
            self._warn(_PULSES, False)
            if not self._pulses_seen:
                self._first_ms = at_ms
            self._pulses_seen += 1

    def tick(self, now_ms: int, is_open: bool = False) -> int:
        """The state to tell at `now_ms`; `is_open`: people come and go, so a detector should see some."""
        at_ms = self.since_ms
        if self._shown == STATE_ALARM:
            wait_ms = self._confirm_ms
            if self._pulses_seen < self._pulses:
                wait_ms = max(wait_ms, self._window_ms)  # one that never ends is worth several
            at_ms += wait_ms
        elif self._pulses_seen and now_ms - self._first_ms > self._window_ms:
            self._warn(_PULSES, self._pulses_seen < self._pulses)
            self._pulses_seen = 0
        if self._shown != self._told and now_ms >= at_ms:
            self._told, self.at_ms = self._shown, at_ms
            if self._shown == STATE_ALARM:
                self._pulses_seen = max(self._pulses_seen, self._pulses)
        self._supervise(now_ms, is_open)
        return self._told

    def _supervise(self, now_ms: int, is_open: bool) -> None:
        if is_open:
            self._quiet_for_ms += now_ms - self._ticked_ms
        self._ticked_ms = now_ms
        if self._shown != STATE_NORMAL:
            self._quiet_for_ms = 0
        self._warn(_QUIET, 0 < self._quiet_ms <= self._quiet_for_ms)
        lasts_ms = now_ms - self.since_ms if self._shown == STATE_ALARM else 0
        self._warn(_CONSTANT, 0 < self._constant_ms <= lasts_ms)

    def _warn(self, code: int, is_so: bool) -> None:
        self.warnings = self.warnings | 1 << code if is_so else self.warnings & ~(1 << code)
