"""A gateway's commissioning: its steps in their order, who answers for what is open, and what came of it.

Role in the flow: before stage 1, at commissioning. Context: host. Reference for the user: docs/commission.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tocsin.record import Record

from . import commission_steps as steps
from . import commission_walk as walking
from .commission_steps import FAILED, OK, OVERRIDDEN, UNSEEN, Findings, Step
from .diag_actions import Actions
from .diag_snapshot import Snapshot
from .gateway_files import site_json
from .roster_table import build_table, version_of
from .site_names import known_zones

if TYPE_CHECKING:
    from .site_model import Gateway
    from .site_people import Person


class Board(walking.Board, Protocol):
    """What is needed of a console: that of `commission_console.py`."""

    def has_key(self, service_key: bytes, challenge: bytes) -> bool: ...
    def site_json(self) -> dict[str, Any]: ...
    def records(self, boot: int, next_seq: int) -> list[Record]: ...


class Talk(walking.Talk, Protocol):
    """The person at the keyboard; `told` is given every step as it is known."""

    def told(self, step: Step) -> None: ...


class Override(NamedTuple):
    """Who answers for what is open, and why."""

    person: Person
    reason: str


@dataclass(frozen=True)
class Plan:
    """What is to be commissioned, by whom. `config`: what is compiled of the site for it; `link_key`: None where only a
    technician's key is at hand.
    """

    gateway: Gateway
    config: dict[str, Any]
    service_key: bytes
    person: Person
    wait_s: float
    link_key: bytes | None = None

    @property
    def roster_version(self) -> int | None:
        """Of the site's roster, as this gateway has it; None without the link key."""
        return version_of(build_table(self.config["roster"], self.link_key)) if self.link_key else None


@dataclass
class Outcome:
    """`snapshot`: the last look before the walk test ended; `override`: None where nobody had to answer."""

    plan: Plan
    snapshot: Snapshot
    steps: list[Step] = field(default_factory=list)
    override: Override | None = None

    @property
    def failed(self) -> list[Step]:
        """What is open."""
        return [step for step in self.steps if step.status == FAILED]

    @property
    def unseen(self) -> list[Step]:
        """What a person must see, and nobody did."""
        return [step for step in self.steps if step.status == UNSEEN]

    @property
    def can_be_overridden(self) -> bool:
        """Whether somebody may answer for all that is open."""
        return all(step.is_excusable for step in self.failed)

    def answer_for(self, override: Override) -> None:
        """Somebody takes what is open upon himself; what is not to be excused stays open."""
        if self.failed:
            self.override = override
        self.steps = [
            replace(step, status=OVERRIDDEN) if step.status == FAILED and step.is_excusable else step
            for step in self.steps
        ]


def commission(board: Board, plan: Plan, talk: Talk) -> Outcome:
    """Go through all of it; the walk test is ended however this is left. Raises: DiagError."""
    known = known_zones(plan.gateway)
    outcome = Outcome(plan, board.look(known))

    def note(step: Step) -> None:
        outcome.steps.append(step)
        talk.told(step)

    for step in _before(board, plan, outcome.snapshot):
        note(step)
    if not outcome.can_be_overridden:
        return outcome  # another gateway, or another site: its zones are not those to be tested
    outcome.snapshot = walking.walk(board, known, plan.person.number, talk, plan.wait_s)
    note(steps.walk_step(outcome.snapshot))
    note(steps.rest_step(outcome.snapshot))
    names = Actions(board, plan.gateway, plan.person).outputs(outcome.snapshot)
    note(walking.outputs_step(board, names, talk))
    after = board.look(known)
    findings = Findings(after, {}, board.records(after.raw["boot"], after.raw["next_seq"]))
    if "roster" in plan.config:
        note(steps.roster_step(findings, plan.roster_version))
    note(steps.memory_step(findings))
    note(steps.journal_step(findings))
    note(steps.doctor_step(findings, {zone.number: zone.name for zone in plan.gateway.zones}))
    return outcome


def _before(board: Board, plan: Plan, snapshot: Snapshot) -> Iterator[Step]:
    """What is known before anybody walks."""
    raw = snapshot.raw
    yield Step("gateway", "gateway", OK, f"{snapshot.name}, {plan.gateway.room}; {raw['board']}, {raw['firmware']}")
    is_proven = board.has_key(plan.service_key, os.urandom(16))
    found = f"key {_groups(raw['key_id'])}, proven by a challenge" if is_proven else "it cannot prove its key"
    mend = "compare the fingerprint with the label on the box; flash it again, and look who changed it"
    yield steps.judged("key", "key", is_proven, found, mend, is_excusable=False)
    yield Step("version", "version", OK, f"library {raw['lib_hash']}, the same as here")
    findings = Findings(snapshot, board.site_json(), [])
    yield steps.site_step(findings, site_json(plan.config))
    yield steps.clock_step(findings, time.time_ns() // 1_000_000)
    yield steps.tamper_step(findings)
    yield steps.loops_step(findings, plan.gateway)
    yield steps.sensors_step(findings, plan.gateway)


def _groups(digits: str) -> str:
    """As on the label of the box."""
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))
