"""From an input's state to the event that is sealed: zones, and the mode they are judged by.

Role in the flow: stages 4 and 5. Context: task.
"""

from tocsin.event import SOURCE_GATEWAY, STATE_ALARM, STATE_TAMPER, TYPE_ALARM, TYPE_MODE, VERDICT_DONE
from tocsin.policy import Policy
from tocsin.zone import IS_TAMPER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tocsin.zone import Zone

    from .recorder import Recorder


class Guard:
    """The zones of a gateway under its policy."""

    def __init__(self, zones: "list[Zone]", recorder: "Recorder") -> None:
        self._zones = zones
        self._recorder = recorder
        self._policy = Policy(recorder.mode)

    def announce(self, zone: "Zone", state: int, value: int, count: int, at_ms: int) -> None:
        """Take the state (0 … 3) of `zone` seen at uptime `at_ms`; `value` and `count` as docs/record.md gives them."""
        if state == STATE_ALARM and zone.does & IS_TAMPER:
            state = STATE_TAMPER
        before = zone.state
        kind = zone.observe(state)
        if kind:
            kind = self._policy.judge(zone, kind)
        if kind:
            self._recorder.record(kind, zone.number, before, state, value, count, at_ms)

    def set_mode(self, mode: int, person: int, override: bool, now_ms: int) -> int:
        """Change the mode for `person` (0: nobody is named); the verdict.

        A zone that stands open and is guarded from now on is an alarm at once.
        """
        before = self._policy.mode
        if mode == before:
            return VERDICT_DONE
        self._policy.mode = self._recorder.mode = mode
        self._recorder.record(TYPE_MODE, SOURCE_GATEWAY, value=mode, count=before | person << 8, at_ms=now_ms)
        for zone in self._policy.open_on_setting(self._zones, before):
            self._recorder.record(TYPE_ALARM, zone.number, STATE_ALARM, STATE_ALARM, count=1)
        return VERDICT_DONE
