"""Names of people and zones that people type, and their numbers in a site.

Role in the flow: the commands of stages 9 to 11. Context: host.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import read_site

if TYPE_CHECKING:
    from .site_model import Gateway, Site
    from .site_people import Person

site_option = click.option(
    "--site",
    type=click.Path(path_type=Path),
    envvar="TOCSIN_SITE",
    metavar="FILE",
    help="Description of the site, for names of people and zones.",
)


def person_number(site: Path | None, name: str | None, option: str = "--by", roles: Sequence[str] = ()) -> int:
    """Number of a person by name or number; 0 where nobody is named. With `roles`, one of them is needed.

    Raises: click.UsageError, click.ClickException.
    """
    if name is None:
        return 0
    if site is None:
        if name.isdigit() and 1 <= int(name) <= 250:
            return int(name)
        raise click.UsageError(
            f"{option} {name}: name the site too (--site FILE), or give the person's number, 1 to 250"
        )
    person = person_of(read_site(site), site, name)
    if roles and person.role not in roles:
        raise click.ClickException(f"{site}: {person.name} is {person.role}; this is for: {', '.join(roles)}")
    return person.number


def person_of(read: Site, path: Path, who: str) -> Person:
    """The person of a name or number in the site of `path`. Raises: click.ClickException."""
    for person in read.people:
        if who in (person.name, str(person.number)):
            return person
    known = ", ".join(person.name for person in read.people) or "nobody"
    raise click.ClickException(f"{path}: no person {who!r}; it lists: {known}")


def gateway_of(read: Site, path: Path, name: str) -> Gateway:
    """The gateway of a name in the site of `path`. Raises: click.ClickException."""
    for gateway in read.gateways:
        if gateway.name == name:
            return gateway
    raise click.ClickException(f"{path}: no gateway {name!r} in it")


def known_zones(gateway: Gateway) -> dict[int, tuple[str, str]]:
    """(name, kind) of a gateway's zones by number."""
    return {zone.number: (zone.name, zone.kind) for zone in gateway.zones}


def zone_number(site: Path | None, gateway: str, zone: str) -> int:
    """Number of a zone by name or number. Raises: click.UsageError, click.ClickException."""
    if site is None:
        if zone.isdigit() and 1 <= int(zone) <= 250:
            return int(zone)
        raise click.UsageError(f"zone {zone!r}: name the site too (--site FILE), or give the zone's number, 1 to 250")
    try:
        zones = read_site(site).gateway(gateway).zones
    except KeyError as error:
        raise click.ClickException(f"{site}: {error.args[0]}") from error
    for one in zones:
        if zone in (one.name, str(one.number)):
            return one.number
    raise click.ClickException(f"{site}: {gateway} has no zone {zone!r}; it has: {', '.join(z.name for z in zones)}")
