"""The parts of commissioning that need a person on their feet: the walk test, and who hears the outputs.

Role in the flow: beside stages 5 and 6, at commissioning. Context: host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from tocsin.event import VERDICT_DONE

from .commission_steps import FAILED, NONE, OK, UNSEEN, Step
from .diag_actions import Hand
from .diag_snapshot import DiagError, Snapshot, ZoneView

_LOOK_EVERY_S = 0.5
_ANSWERS = {
    True: (OK, "heard or seen"),
    False: (FAILED, "not heard"),
    None: (UNSEEN, "on for half a second; nobody said that it was heard"),
}


class Board(Hand, Protocol):
    """What is needed of a console here."""

    def look(self, known: Mapping[int, tuple[str, str]]) -> Snapshot: ...


class Talk(Protocol):
    """The person. `confirm`: None where nobody is there to answer."""

    def walked(self, snapshot: Snapshot) -> None: ...
    def is_enough(self) -> bool: ...
    def confirm(self, question: str) -> bool | None: ...


def open_ends(snapshot: Snapshot) -> list[ZoneView]:
    """Zones that are to be hit, or to be closed again."""
    return [zone for zone in snapshot.zones if zone.is_testable and (not zone.hits or zone.state != "normal")]


def walk(
    board: Board,
    known: Mapping[int, tuple[str, str]],
    person: int,
    talk: Talk,
    wait_s: float,
    now_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """The last look before the walk test ends: when nothing is open, the person has enough, or `wait_s` is over.

    One that runs already is gone on with. However this is left, it is ended. Raises: DiagError.
    """
    until_s = now_s() + wait_s
    try:
        if not board.look(known).is_testing and board.begin_walk_test(person) != VERDICT_DONE:
            raise DiagError("no walk test begun: somebody is coming in or leaving just now; wait a minute")
        while True:
            snapshot = board.look(known)
            if not snapshot.is_testing:
                raise DiagError("the walk test was ended by somebody else, by setting or by itself; commission again")
            talk.walked(snapshot)
            if not open_ends(snapshot) or talk.is_enough() or now_s() >= until_s:
                return snapshot
            sleep(_LOOK_EVERY_S)
    finally:
        with suppress(DiagError):  # where the cable is out, the gateway ends it by itself
            board.end_walk_test(person)


def outputs_step(board: Board, outputs: dict[int, str], talk: Talk) -> Step:
    """Each output on for half a second, until the person knows. Raises: DiagError."""
    title = "outputs"
    if not outputs:
        return Step("outputs", title, NONE, "it has none")
    words, statuses = [], []
    for number, name in outputs.items():
        status, said = _ANSWERS[_heard(board, number, name, talk)]
        statuses.append(status)
        words.append(f"{name}: {said}")
    status = FAILED if FAILED in statuses else UNSEEN if UNSEEN in statuses else OK
    mend = "look at its wiring, its fuse and its own supply" if status == FAILED else ""
    return Step("outputs", title, status, ", ".join(words), mend)


def _heard(board: Board, number: int, name: str, talk: Talk) -> bool | None:
    while True:
        if not board.beep(number):
            return talk.confirm(f"{name}: it is on for a reason of its own. Is it heard or seen?")
        answer = talk.confirm(f"{name}: on for half a second. Was it heard or seen?")
        if answer is not False or not talk.confirm(f"{name}: once more?"):
            return answer
