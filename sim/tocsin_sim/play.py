"""Play a scenario from beginning to end on virtual boards, and judge it.

Role in the flow: around stages 1 to 10. Context: CPython.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin import event
from tocsin.command import SET_MODE
from tocsin.record import Record, unpack
from tocsin.verify import verify_log
from tocsin_host.export import export_log
from tocsin_host.host_clock import FileClockWriter
from tocsin_host.keys import GatewaySecrets, secrets_path, write_key_file, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.site_model import Site
from tocsin_host.store import Store

from tocsin_sim import provision
from tocsin_sim.cable import Cable
from tocsin_sim.collector_process import CollectorProcess
from tocsin_sim.conductor import Conductor, VirtualGateway
from tocsin_sim.expectation import Expectation, Timeline, judge
from tocsin_sim.housekeeping import expected_of_itself
from tocsin_sim.journal_dump import sealed_count
from tocsin_sim.outcome import Outcome
from tocsin_sim.scenario import Action, Scenario, ScenarioError
from tocsin_sim.world import build_world

# After its end the scenario runs on for this long, so that what was recorded last can still arrive.
_SETTLE_MS = 15_000
# A gateway asks for the time every 600 s; a step of the host's clock shows at the next ask.
_TIME_ASK_WITHIN_MS = 615_000
_COMPLAINTS_MAX = 20

Hear = Callable[[Mapping[str, Any]], None]


@dataclass
class _Stage:
    """Everything that takes part."""

    scenario: Scenario
    site: Site
    configs: dict[str, dict[str, Any]]
    secrets: dict[str, GatewaySecrets]
    conductor: Conductor
    store: Path


def play(scenario: Scenario, folder: Path, hear: Hear) -> Outcome:
    """Play `scenario` with everything it needs in `folder` (must be empty); `hear` gets the collector's events.

    Leaves in `folder` the store, and for each gateway NAME.tlog and NAME.keys. Raises: ScenarioError, BoardError, CableError.
    """
    started_s = time.monotonic()
    stage = _set_up(scenario, folder, hear)
    try:
        _run(stage)
    finally:
        _tear_down(stage)
    exports = _export(stage, folder)
    return _judge(stage, exports, folder, started_s)


def _set_up(scenario: Scenario, folder: Path, hear: Hear) -> _Stage:
    site = load_site(scenario.site)
    _check_actions(scenario, site)
    store, ports, keys = folder / "store", folder / "ports", folder / "store" / "keys"
    for new in (store, ports, keys):
        new.mkdir(parents=True)
    configs: dict[str, dict[str, Any]] = {}
    secrets: dict[str, GatewaySecrets] = {}
    gateways: list[VirtualGateway] = []
    for gateway in site.gateways:
        name = gateway.name
        configs[name] = compile_gateway(site, name, lib_hash())
        secrets[name] = provision.simulated_secrets(name, scenario.seed)
        write_secrets(secrets_path(keys, name), secrets[name])
        provision.flash(folder / "flash" / name, secrets[name], configs[name])
        numbers = {zone.name: zone.number for zone in gateway.zones}
        physical = build_world(scenario, name, configs[name], numbers)
        gateways.append(VirtualGateway(name, folder / "flash" / name, physical, Cable(ports / name)))
    clock_path = folder / "clock"
    clock = FileClockWriter(clock_path)
    arguments = ["--store", str(store), "--clock", str(clock_path), "--site", str(scenario.site)]
    for gateway in gateways:
        arguments += ["--port", f"{gateway.name}={gateway.cable.path}"]
    collector = CollectorProcess(arguments, folder / "collector.txt", hear)
    conductor = Conductor(gateways, collector, clock, Timeline(scenario.start_utc_ms), scenario.seed)
    return _Stage(scenario, site, configs, secrets, conductor, store)


def _check_actions(scenario: Scenario, site: Site) -> None:
    known = {gateway.name for gateway in site.gateways}
    for entry in (*scenario.actions, *scenario.expects):
        if entry.gateway and entry.gateway not in known:
            raise ScenarioError(f'at {entry.at_s} s: no gateway "{entry.gateway}"; the site has {", ".join(sorted(known))}')


def _run(stage: _Stage) -> None:
    conductor = stage.conductor
    conductor.start_collector()
    for name in conductor.gateways:
        conductor.power_on(name)
    for at_ms, happen in sorted(_happenings(stage), key=lambda one: one[0]):
        conductor.run_until(at_ms)
        happen()
    conductor.run_until(stage.scenario.duration_ms + _SETTLE_MS)


def _happenings(stage: _Stage) -> Iterator[tuple[int, Callable[[], None]]]:
    """(time, what to do) for every action that is not the physical world's."""
    conductor = stage.conductor
    for action in stage.scenario.actions:
        name = action.gateway
        if action.do == "power-cut":
            yield action.at_ms, lambda name=name: conductor.power_off(name)
            yield action.end_ms, lambda name=name: conductor.power_on(name)
        elif action.do == "link-cut":
            yield action.at_ms, lambda name=name: conductor.unplug(name)
            yield action.end_ms, lambda name=name: conductor.plug(name)
        elif action.do == "collector-kill":
            yield action.at_ms, conductor.collector.kill
            yield action.end_ms, conductor.start_collector
        elif action.do == "clock-step":
            yield action.at_ms, lambda action=action: conductor.step_host_clock(round((action.step_s or 0) * 1000))
        elif action.do == "order":
            yield action.at_ms, lambda action=action: _order(stage, action)


def _order(stage: _Stage, action: Action) -> None:
    with Store(stage.store) as store:
        store.add_command(action.gateway, SET_MODE, event.MODE_NAMES.index(action.mode or ""), 0)
    stage.conductor.hear_outbox(action.gateway)


def _tear_down(stage: _Stage) -> None:
    for name, gateway in stage.conductor.gateways.items():
        stage.conductor.power_off(name)
        gateway.cable.close()
    stage.conductor.collector.stop()


def _export(stage: _Stage, folder: Path) -> dict[str, bytes]:
    exports: dict[str, bytes] = {}
    with Store(stage.store, read_only=True) as store:
        for name, secrets in stage.secrets.items():
            exports[name] = export_log(store, name, secrets)
            (folder / f"{name}.tlog").write_bytes(exports[name])
            write_key_file(folder / f"{name}.keys", secrets)
    return exports


def _judge(stage: _Stage, exports: dict[str, bytes], folder: Path, started_s: float) -> Outcome:
    timeline = stage.conductor.timeline
    records: dict[str, list[Record]] = {}
    findings: list[str] = []
    for name, data in exports.items():
        report = verify_log(data, stage.secrets[name].k0, name)
        findings += [f"{name}: {finding}" for finding in report.findings]
        records[name] = [] if report.findings else [unpack(data[at : at + 64]) for at in range(64, len(data) - 64, 64)]
    with Store(stage.store, read_only=True) as store:
        findings += [f"{finding.gateway}: {finding.kind}: {finding.detail}" for finding in store.findings()]
    verdict = judge(_expectations(stage), records, timeline)
    sealed = sum(sealed_count(folder / "flash" / name) for name in exports)
    verified = sum(map(len, records.values()))
    complaints = [f"lost: {missing}" for missing in verdict.missing]
    complaints += [f"unexpected: {text}" for text in verdict.unexpected] + [f"forged: {text}" for text in findings]
    return Outcome(
        expected=verdict.fulfilled + len(verdict.missing),
        sealed=sealed,
        verified=verified,
        lost=len(verdict.missing) + max(0, sealed - verified),
        forged=len(findings),
        unexpected=len(verdict.unexpected),
        virtual_seconds=(stage.scenario.duration_ms + _SETTLE_MS) / 1000,
        wall_seconds=time.monotonic() - started_s,
        complaints=complaints[:_COMPLAINTS_MAX],
    )


def _expectations(stage: _Stage) -> list[Expectation]:
    expected: list[Expectation] = []
    for name, gateway in stage.conductor.gateways.items():
        expected += expected_of_itself(name, stage.configs[name], gateway.world, gateway.powered)
    numbers = {(gateway.name, zone.name): zone.number for gateway in stage.site.gateways for zone in gateway.zones}
    for entry in stage.scenario.expects:
        source = numbers[entry.gateway, entry.zone] if entry.zone else event.SOURCE_GATEWAY
        from_ms = round(entry.at_s * 1000)
        to_ms = from_ms + round(entry.within_s * 1000)
        kind = event.TYPE_NAMES.index(entry.type)
        expected.append(Expectation(entry.gateway, kind, source, from_ms, to_ms, entry.value, entry.count))
    for action in stage.scenario.actions:
        expected += _expected_of(action, stage)
    return expected


def _expected_of(action: Action, stage: _Stage) -> Iterator[Expectation]:
    """What an order or a step of the clock must leave in the log, besides what the scenario says."""
    if action.do == "order":
        to_ms = action.at_ms + 1000
        yield Expectation(action.gateway, event.TYPE_COMMAND, event.SOURCE_GATEWAY, action.at_ms, to_ms, SET_MODE)
        mode = event.MODE_NAMES.index(action.mode or "")
        yield Expectation(action.gateway, event.TYPE_MODE, event.SOURCE_GATEWAY, action.at_ms, to_ms, mode)
    elif action.do == "clock-step":
        for name in stage.conductor.gateways:
            to_ms = action.at_ms + _TIME_ASK_WITHIN_MS
            yield Expectation(name, event.TYPE_TIME_SET, event.SOURCE_GATEWAY, action.at_ms, to_ms)
