"""Guard rounds: which checkpoint was reached in time, late, out of order, or not at all.

Role in the flow: stage 5, from a touch or a button to the event that is sealed. Shared: gateway and host (its tests).
Context: task. Source: docs/people.md, "Rounds". Time is an argument: UTC in seconds, and the local minute for starts.
It must never: let a checkpoint that was not reached go untold.
"""

from .compat import const
from .event import SOURCE_GATEWAY, TYPE_ROUND
from .local_time import DAY_MIN, weekday

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # (type, source, state before, state after, value, count, uptime in ms), as `Recorder.record` takes them.
    Emit = Callable[[int, int, int, int, int, int, int], None]

BEGUN = const(0)
REACHED = const(1)
LATE = const(2)
OUT_OF_ORDER = const(3)
MISSED = const(4)
COMPLETE = const(5)

# Starts that nobody told of, for want of power or of a clock, are made up for as long as this.
_MAKE_UP_DAYS = const(6)

# What is kept of a round: day of its latest start, bits of checkpoints reached and missed, when the next is due (UTC in
# seconds; 0 while nobody goes round).
_DAY, _REACHED, _MISSED, _DUE_S = range(4)


class Rounds:
    """All rounds of a gateway. `states` is all that must survive a restart: a list of four integers for each."""

    def __init__(self, rounds: "list[dict[str, Any]]", emit: "Emit") -> None:
        """`rounds` as docs/site.md gives them."""
        self.states = [[-1, 0, 0, 0] for _ in rounds]
        self._rounds = rounds
        self._emit = emit

    def resume(self, states: "list[list[int]]") -> None:
        """Go on where a power cut came. Other rounds than those of before start afresh."""
        if [len(state) for state in states] == [4] * len(self._rounds):
            self.states = states

    def tick(self, utc_s: int, local_min: int, at_ms: int) -> bool:
        """Begin what is due, also what was due while the power was off; miss what did not come; whether anything
        happened. To be called once the time is known."""
        happened = False
        for at in range(len(self._rounds)):
            one, state = self._rounds[at], self.states[at]
            within_s = one["within"] * 60
            day, minute = divmod(local_min - one["start"], DAY_MIN)
            if state[_DAY] < 0 or day < state[_DAY] - 1:
                # New, or its clock was days ahead: nothing to make up for but a first leg that still runs.
                state[_DAY] = day - 1 if minute < one["within"] else day
                happened = True
            for start in range(max(state[_DAY] + 1, day - _MAKE_UP_DAYS), day + 1):
                state[_DAY] = start
                happened = True
                if one["days"] >> weekday(start) & 1:
                    begun_s = utc_s - utc_s % 60 - (minute + (day - start) * DAY_MIN) * 60
                    self._miss_all(one, state, at_ms)
                    state[_REACHED], state[_MISSED], state[_DUE_S] = 0, 0, begun_s + within_s
                    self._tell(one, SOURCE_GATEWAY, BEGUN, 0, at_ms)
            while state[_DUE_S] and utc_s >= state[_DUE_S] + within_s:
                self._miss(one, state, state[_DUE_S] + within_s, at_ms)
                happened = True
        return happened

    def reach(self, zone: int, person: int, utc_s: int, at_ms: int) -> bool:
        """Somebody is at a checkpoint (`person` 0: nobody known); whether a round wanted it. `utc_s` 0 is unknown."""
        happened = False
        for at in range(len(self._rounds)):
            one, state = self._rounds[at], self.states[at]
            if state[_DUE_S] and zone in one["zones"]:
                bit = 1 << one["zones"].index(zone)
                if not state[_REACHED] & bit:
                    self._reach(one, state, zone, person, utc_s, at_ms)
                    happened = True
        return happened

    def _reach(self, one: "dict[str, Any]", state: "list[int]", zone: int, person: int, utc_s: int, at_ms: int) -> None:
        bit = 1 << one["zones"].index(zone)
        before = state[_REACHED] | state[_MISSED]
        step = REACHED
        if state[_MISSED] & bit:
            step = LATE
        elif before & (bit - 1) != bit - 1:
            step = OUT_OF_ORDER
        elif utc_s > state[_DUE_S]:
            step = LATE
        state[_REACHED] |= bit
        self._tell(one, zone, step, person, at_ms)
        if step == REACHED or (step == LATE and not before & bit):
            # Without a clock the next one has the time that this one had left, and its own.
            state[_DUE_S] = (utc_s or state[_DUE_S]) + one["within"] * 60
        self._end(one, state, at_ms)

    def _miss(self, one: "dict[str, Any]", state: "list[int]", utc_s: int, at_ms: int) -> None:
        """The first checkpoint that nobody came to is given up; the time of the next one begins."""
        done = state[_REACHED] | state[_MISSED]
        for index, zone in enumerate(one["zones"]):
            if not done >> index & 1:
                state[_MISSED] |= 1 << index
                state[_DUE_S] = utc_s + one["within"] * 60
                self._tell(one, zone, MISSED, 0, at_ms)
                break
        self._end(one, state, at_ms)

    def _miss_all(self, one: "dict[str, Any]", state: "list[int]", at_ms: int) -> None:
        while state[_DUE_S]:
            self._miss(one, state, state[_DUE_S], at_ms)

    def _end(self, one: "dict[str, Any]", state: "list[int]", at_ms: int) -> None:
        every = (1 << len(one["zones"])) - 1
        if state[_REACHED] == every:
            self._tell(one, SOURCE_GATEWAY, COMPLETE, 0, at_ms)
        if state[_REACHED] | state[_MISSED] == every:
            state[_DUE_S] = 0

    def _tell(self, one: "dict[str, Any]", source: int, step: int, person: int, at_ms: int) -> None:
        self._emit(TYPE_ROUND, source, 0, 0, step, person | one["round"] << 8, at_ms)
