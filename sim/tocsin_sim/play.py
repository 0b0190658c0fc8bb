"""Play a scenario from beginning to end on virtual or emulated boards, and judge it.

Role in the flow: around stages 1 to 10. Context: CPython.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tocsin.event_names import MODE_NAMES
from tocsin_host import orders
from tocsin_host.export import export_log
from tocsin_host.keys import write_key_file
from tocsin_host.store import Store

from tocsin_sim.chance import with_chance
from tocsin_sim.outcome import Outcome
from tocsin_sim.reckoning import SETTLE_MS, reckon
from tocsin_sim.scenario import Action, Scenario
from tocsin_sim.stage import Hear, Stage, person_number, set_up
from tocsin_sim.tiers import Tier, VirtualTier

Happening = tuple[int, Callable[[], None]]


def play(scenario: Scenario, folder: Path, hear: Hear, tier: Tier | None = None) -> Outcome:
    """Play `scenario` with everything it needs in `folder` (must be empty); `hear` gets the collector's events.

    Leaves in `folder` the store, and for each gateway NAME.tlog and NAME.keys.
    Raises: ScenarioError, SiteError, BoardError, CableError.
    """
    started_s = time.monotonic()
    stage = set_up(with_chance(scenario), folder, hear, tier or VirtualTier())
    try:
        _run(stage)
    finally:
        stage.conductor.close()
    exports = _export(stage, folder)
    return reckon(stage, exports, time.monotonic() - started_s)


def _run(stage: Stage) -> None:
    conductor = stage.conductor
    conductor.start_collector()
    for name in conductor.gateways:
        conductor.power_on(name)
    happenings = [one for action in stage.scenario.actions for one in _happenings(stage, action)]
    for at_ms, happen in sorted(happenings, key=lambda one: one[0]):
        conductor.run_until(at_ms)
        happen()
    conductor.run_until(stage.scenario.duration_ms + SETTLE_MS)


def _happenings(stage: Stage, action: Action) -> Iterator[Happening]:
    """(time, what to do) for an action that is not the physical world's; that one is in the boards' tapes."""
    conductor = stage.conductor
    if action.do == "power-cut":
        yield action.at_ms, partial(conductor.power_off, action.gateway)
        yield action.end_ms, partial(conductor.power_on, action.gateway)
    elif action.do == "link-cut":
        yield action.at_ms, partial(conductor.unplug, action.gateway)
        yield action.end_ms, partial(conductor.plug, action.gateway)
    elif action.do == "collector-kill":
        yield action.at_ms, conductor.collector.kill
        yield action.end_ms, conductor.start_collector
    elif action.do == "clock-step":
        yield action.at_ms, partial(conductor.step_host_clock, round((action.step_s or 0) * 1000))
    elif action.do == "order":
        yield action.at_ms, partial(_order, stage, action)


def _order(stage: Stage, action: Action) -> None:
    with Store(stage.store) as store:
        order = _ordered(stage, action)
        store.add_command(action.gateway, order.code, order.argument, 0, order.payload)
    stage.conductor.hear_collector(action.gateway)


def _ordered(stage: Stage, action: Action) -> orders.Order:
    """What an action orders."""
    person = person_number(stage.site, action.person) if action.person else 0
    seconds = round(action.for_s)
    if action.order == "inhibit":
        return orders.inhibit(stage.zone_number(action.gateway, action.zone), seconds, person)
    if action.order == "release":
        return orders.release(stage.zone_number(action.gateway, action.zone), seconds, person)
    if action.order == "silence":
        return orders.silence(person)
    if action.order != "mode":
        return orders.walk_test(action.order == "walk-test-begin", person)
    return orders.set_mode(MODE_NAMES.index(action.mode or ""), person, action.override)


def _export(stage: Stage, folder: Path) -> dict[str, bytes]:
    exports: dict[str, bytes] = {}
    with Store(stage.store, read_only=True) as store:
        for name, secrets in stage.secrets.items():
            exports[name] = export_log(store, name, secrets)
            (folder / f"{name}.tlog").write_bytes(exports[name])
            write_key_file(folder / f"{name}.keys", secrets)
    return exports
