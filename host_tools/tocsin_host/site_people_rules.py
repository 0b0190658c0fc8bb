"""What must hold of people, readers and rounds in a site description.

Role in the flow: before stage 1, part of `site_rules.py`. Context: host.
"""

from collections.abc import Iterator

from .roster_table import ENTRIES_MAX, entries_of, overlaps
from .site_errors import Finding
from .site_lines import Path
from .site_model import Gateway, Site, Zone
from .site_people import Person

_TOUCHED = ("reader", "keyswitch", "checkpoint")
# DS18B20: its ROM id can be read by everybody who stands near the bus.
_THERMOMETER = "28-"


def people_rules(site: Site) -> Iterator[Finding]:
    """Every rule about people that the site breaks."""
    numbers: dict[int, Person] = {}
    names: dict[str, Person] = {}
    holders: dict[str, Person] = {}
    for index, person in enumerate(site.people):
        path, where = ("person", index), f"person {person.number}"
        if (other := numbers.setdefault(person.number, person)) is not person:
            what = f"number {person.number} is taken by {other.name!r}"
            yield (*path, "number"), f"{where}, number", what, "give each person their own, and never again to another"
        if names.setdefault(person.name, person) is not person:
            mend = "give each person a name that tells them apart"
            yield (*path, "name"), f"{where}, name", f"another person is called {person.name!r}", mend
        yield from _credentials(person, path, where, holders)
        yield from _times(person, path, where)
    yield from _roster(site)
    for index, gateway in enumerate(site.gateways):
        yield from _gateway(gateway, ("gateway", index), numbers)


def _roster(site: Site) -> Iterator[Finding]:
    is_touched = any(zone.kind in _TOUCHED for gateway in site.gateways for zone in gateway.zones)
    if site.people and not any(person.role == "manager" for person in site.people):
        yield ("person",), "person", "nobody in the roster is a manager", 'give one person role = "manager"'
    if is_touched and not site.people:
        yield (), "person", "there is a reader, and nobody in the roster", "add a [[person]] for each who may use it"
    if (count := len(entries_of(site.people))) > ENTRIES_MAX:
        what = f"{count} entries, one for each credential and window; a gateway takes {ENTRIES_MAX}"
        yield ("person",), "person", what, "give people fewer credentials or fewer hours"


def _credentials(person: Person, path: Path, where: str, holders: dict[str, Person]) -> Iterator[Finding]:
    here, there = (*path, "credentials"), f"{where}, credentials"
    for credential in person.credentials:
        other = holders.get(credential)
        if other is not None:
            what = f"{credential} stands here twice" if other is person else f"{credential} is that of {other.name!r}"
            yield here, there, what, "give each credential to one person, once"
        if credential.startswith(_THERMOMETER) or credential.endswith("-" + "0" * 12):
            mend = "write what is engraved on the iButton: 01-, then its 12 digits from the left"
            yield here, there, f"{credential} is no iButton", mend
        holders[credential] = person


def _times(person: Person, path: Path, where: str) -> Iterator[Finding]:
    if person.valid_from and person.valid_until and person.valid_until < person.valid_from:
        what = f"valid_until {person.valid_until} is before valid_from {person.valid_from}"
        yield (*path, "valid_until"), f"{where}, valid_until", what, "write the last day on which this person is let in"
    for first, second in overlaps(person.windows):
        hours = person.hours or []
        what = f"{hours[second]!r} and {hours[first]!r} overlap"
        yield (*path, "hours"), f"{where}, hours", what, "make one window of them"


def _gateway(gateway: Gateway, path: Path, people: dict[int, Person]) -> Iterator[Finding]:
    for index, zone in enumerate(gateway.zones):
        yield from _touched(gateway, zone, (*path, "zone", index), people)
    zones = {zone.number: zone for zone in gateway.zones}
    taken: set[int] = set()
    for index, round_ in enumerate(gateway.rounds):
        here, where = (*path, "round", index), f"gateway {gateway.name}, round {round_.number}"
        if round_.number in taken:
            yield (*here, "number"), f"{where}, number", "another round has this number", "give each its own"
        taken.add(round_.number)
        for number in round_.checkpoints:
            if number not in zones:
                yield (*here, "checkpoints"), f"{where}, checkpoints", f"there is no zone {number}", _of(zones)
            elif zones[number].kind != "checkpoint":
                what = f"zone {number} is a {zones[number].kind}"
                yield (*here, "checkpoints"), f"{where}, checkpoints", what, _of(zones)
        if len(set(round_.checkpoints)) != len(round_.checkpoints):
            what = "a checkpoint stands here twice"
            yield (*here, "checkpoints"), f"{where}, checkpoints", what, "make a second round of the second half"


def _touched(gateway: Gateway, zone: Zone, path: Path, people: dict[int, Person]) -> Iterator[Finding]:
    where = f"gateway {gateway.name}, zone {zone.number}"
    if zone.kind == "keyswitch" and zone.person is None:
        yield path, where, "a keyswitch of nobody", "add `person = ...`, the number of the [[person]] who holds the key"
    if zone.person is not None:
        if zone.kind != "keyswitch":
            yield (*path, "person"), f"{where}, person", f"a {zone.kind} is no one's", "remove it"
        elif zone.person not in people:
            known = ", ".join(str(number) for number in sorted(people)) or "nobody"
            what = f"there is no [[person]] {zone.person}"
            yield (*path, "person"), f"{where}, person", what, f"use one of: {known}"
    if zone.sets is not None and zone.kind not in ("reader", "keyswitch"):
        yield (*path, "sets"), f"{where}, sets", f"a {zone.kind} sets nothing", "remove it"


def _of(zones: dict[int, Zone]) -> str:
    known = [str(zone.number) for zone in zones.values() if zone.kind == "checkpoint"]
    return f"use one of: {', '.join(known)}" if known else 'add a [[gateway.zone]] of kind = "checkpoint"'
