"""Everything that takes part in a run: boards with their flash and cables, the collector, the clock, the store.

Role in the flow: around stages 1 to 10. Context: CPython.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tocsin_host.host_clock import FileClockWriter
from tocsin_host.keys import GatewaySecrets, secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.site_model import Gateway, Site

from tocsin_sim import provision
from tocsin_sim.cable import Cable
from tocsin_sim.collector_process import CollectorProcess
from tocsin_sim.conductor import Conductor, VirtualGateway
from tocsin_sim.expectation import Timeline
from tocsin_sim.scenario import Action, Scenario, ScenarioError
from tocsin_sim.tiers import Tier
from tocsin_sim.world import build_world

Hear = Callable[[Mapping[str, Any]], None]


@dataclass
class Stage:
    """`configs` and `secrets` by gateway name; `flash` holds a folder for each gateway's file system."""

    scenario: Scenario
    site: Site
    configs: dict[str, dict[str, Any]]
    secrets: dict[str, GatewaySecrets]
    conductor: Conductor
    store: Path
    flash: Path
    tier: Tier

    def zone_number(self, gateway: str, zone: str) -> int:
        """Number of a zone by its name. Raises: ScenarioError naming those that there are."""
        numbers = zone_numbers(self.site.gateway(gateway))
        if zone not in numbers:
            raise ScenarioError(f'gateway {gateway} has no zone "{zone}"; it has {", ".join(sorted(numbers))}')
        return numbers[zone]


def zone_numbers(gateway: Gateway) -> dict[str, int]:
    """{zone name: number} of a gateway."""
    return {zone.name: zone.number for zone in gateway.zones}


def set_up(scenario: Scenario, folder: Path, hear: Hear, tier: Tier) -> Stage:
    """Build the stage in `folder`; nothing runs yet. Raises: ScenarioError, SiteError."""
    site = load_site(scenario.site)
    _check_gateways(scenario, site)
    scenario = replace(scenario, actions=[_named(action, site) for action in scenario.actions])
    store, ports, keys = folder / "store", folder / "ports", folder / "store" / "keys"
    for new in (ports, keys):
        new.mkdir(parents=True)
    configs = {one.name: {**compile_gateway(site, one.name, lib_hash()), "board": tier.board} for one in site.gateways}
    secrets = {one.name: provision.simulated_secrets(one.name, scenario.seed) for one in site.gateways}
    # All worlds first: a scenario that cannot be played must not leave half a stage behind.
    worlds = {one.name: build_world(scenario, one.name, configs[one.name], zone_numbers(one)) for one in site.gateways}
    gateways: list[VirtualGateway] = []
    for name, world in worlds.items():
        write_secrets(secrets_path(keys, name), secrets[name])
        tier.flash(folder / "flash" / name, secrets[name], configs[name])
        gateways.append(VirtualGateway(name, folder / "flash" / name, world, Cable(ports / name)))
    clock = FileClockWriter(folder / "clock")
    arguments = ["--store", str(store), "--clock", str(folder / "clock")]
    for virtual in gateways:
        arguments += ["--port", f"{virtual.name}={virtual.cable.path}"]
    collector = CollectorProcess(arguments, folder / "collector.txt", hear)
    conductor = Conductor(gateways, collector, clock, Timeline(scenario.start_utc_ms), scenario.seed, tier)
    return Stage(scenario, site, configs, secrets, conductor, store, folder / "flash", tier)


def person_number(site: Site, name: str) -> int:
    """Number of a person by name. Raises: ScenarioError naming those that there are."""
    numbers = {person.name: person.number for person in site.people}
    if name not in numbers:
        raise ScenarioError(f'the site has no person "{name}"; it has {", ".join(sorted(numbers)) or "none"}')
    return numbers[name]


def _named(action: Action, site: Site) -> Action:
    """A touch by a person is one with the first of their credentials."""
    if action.do != "touch" or not action.person:
        return action
    number = person_number(site, action.person)
    credentials = [one for person in site.people if person.number == number for one in person.credentials]
    if not credentials:
        raise ScenarioError(f'at {action.at_s} s: "{action.person}" has no credential to touch a reader with')
    return action.model_copy(update={"rom": credentials[0]})


def _check_gateways(scenario: Scenario, site: Site) -> None:
    known = {gateway.name for gateway in site.gateways}
    named = [(one.at_s, one.gateway) for one in scenario.actions]
    named += [(one.at_s, one.gateway) for one in scenario.expects]
    for at_s, gateway in named:
        if gateway and gateway not in known:
            raise ScenarioError(f'at {at_s} s: no gateway "{gateway}"; the site has {", ".join(sorted(known))}')
