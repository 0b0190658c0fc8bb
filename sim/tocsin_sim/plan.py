"""A plan made by chance: what happens to a site, when, and what must come of it.

Role in the flow: before stage 1. Context: CPython. What is planned: `plan_zones.py`, `plan_quantities.py`,
`plan_people.py`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from tocsin.event_names import MODE_NAMES
from tocsin_host.site_model import Site, Zone

from tocsin_sim.scenario import Action, Expect

# Nothing is planned this close to a power cut, an order, or the end: what comes of it would be open to argument.
MARGIN_S = 20
_TRIES_MAX = 10_000

Spans = list[tuple[float, float]]


class PlanError(Exception):
    """More is to happen than the time has room for."""


@dataclass
class Plan:
    """What has been planned so far.

    `modes`: for each gateway [(from_s, mode)], closed before the first; `touched`: who made which of them; `power_cuts`
    of each gateway and `kills` of the collector: when and until when.
    """

    site: Site
    start: datetime
    random: Random
    duration_s: float
    actions: list[Action] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    forbidden: dict[str, Spans] = field(default_factory=dict)
    modes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    touched: dict[tuple[str, float], int] = field(default_factory=dict)
    power_cuts: dict[str, Spans] = field(default_factory=dict)
    kills: Spans = field(default_factory=list)

    def moment(self, gateway: str, busy: Spans, for_s: float) -> float:
        """A free time for something that lasts `for_s`, to the millisecond; it is `busy` from now on.

        Raises: PlanError.
        """
        taken = (*busy, *self.forbidden.get(gateway, ()))
        for _ in range(_TRIES_MAX):
            at_s = round(self.random.uniform(2 * MARGIN_S, self.duration_s - for_s - 4 * MARGIN_S), 3)
            if all(at_s + for_s + MARGIN_S < start or at_s > end + MARGIN_S for start, end in taken):
                busy.append((at_s, at_s + for_s))
                return at_s
        raise PlanError(f"{gateway}: no room for another {for_s:g} s; plan fewer events, or a longer time")

    def act(self, **fields: Any) -> None:
        """Something happens."""
        self.actions.append(Action.model_validate(fields))

    def order(self, gateway: str, at_s: float, mode: str) -> None:
        """The host orders a mode."""
        self.act(at_s=at_s, do="order", gateway=gateway, mode=mode)
        self.change_mode(gateway, at_s, mode)

    def change_mode(self, gateway: str, at_s: float, mode: str, person: int = 0) -> None:
        """The mode is this from now on, by a person or by an order."""
        self.forbidden.setdefault(gateway, []).append((at_s, at_s))
        self.modes.setdefault(gateway, []).append((at_s, mode))
        if person:
            self.touched[gateway, at_s] = person

    def mode_at(self, gateway: str, at_s: float) -> str:
        """The mode before anything that happens at `at_s`, as far as it is planned."""
        before = [mode for from_s, mode in sorted(self.modes.get(gateway, [])) if from_s < at_s]
        return before[-1] if before else "closed"

    def alarm_kind(self, gateway: str, zone: Zone, at_s: float) -> str:
        """The record that leaving its rest is for a zone at `at_s`."""
        return "activity" if zone.responses[MODE_NAMES.index(self.mode_at(gateway, at_s))] == "log" else "alarm"

    def expect(
        self,
        gateway: str,
        zone: str,
        kind: str,
        at_ms: float,
        within_ms: float,
        count: int | None = 0,
        value: int | None = None,
    ) -> None:
        """Event `kind` must come between `at_ms` and `within_ms` later; `zone` "" is the gateway itself."""
        entry = {"at_s": at_ms / 1000, "within_s": within_ms / 1000, "type": kind, "gateway": gateway, "zone": zone}
        self.expects.append(Expect.model_validate({**entry, "count": count, "value": value}))
