"""`tocsin roster`: who is on the list, and getting the list to a gateway.

Role in the flow: before stage 1, and the way back. Context: host. Reference for the user: docs/people.md.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tocsin import event, event_names
from tocsin.record import Record, unpack

from .describe import time_text
from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .order_command import put_orders
from .orders import roster as roster_orders
from .roster_table import build_table, entries_of, version_of
from .site_names import site_option
from .store import Store

if TYPE_CHECKING:
    from .site_people import Person

_POLL_S = 0.2


@click.group()
def roster() -> None:
    """People who may enter: check the list, give it to a gateway, show which one a gateway has."""


@roster.command()
@click.argument("site", type=click.Path(path_type=Path))
@plain_errors
def check(site: Path) -> None:
    """Check the people of SITE (TOML), and list them."""
    people = sorted(read_site(site).people, key=lambda person: person.number)
    for person in people:
        click.echo(_line(person))
    click.echo(f"{site}: {len(people)} people, {len(entries_of(people))} entries, no problem")


@roster.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("gateway")
@store_option
@keys_option
@click.option("--wait-s", type=float, default=60.0, show_default=True, help="How long to wait for the gateway; 0: not.")
@plain_errors
def push(site: Path, gateway: str, store: str, keys: Path | None, wait_s: float) -> None:
    """Give GATEWAY the roster of SITE, by sealed orders; it keeps the old one until the new one is whole."""
    table = _table(site, gateway, keys_folder(keys, store))
    wanted = roster_orders(table)
    with Store(store) as opened:
        from_seq = opened.head(gateway)[0]
        counters = put_orders(opened, gateway, wanted)
        click.echo(f"{gateway}: roster {version_of(table):08x}, {len(table)} bytes, {len(wanted)} orders in the outbox")
        if wait_s > 0:
            _wait(opened, gateway, from_seq, counters, wait_s)


@roster.command()
@click.argument("gateway")
@store_option
@keys_option
@site_option
@plain_errors
def show(gateway: str, store: str, keys: Path | None, site: Path | None) -> None:
    """Show which roster GATEWAY has, and whether it is that of the site."""
    with Store(store, read_only=True) as opened:
        if gateway not in opened.gateways():
            known = ", ".join(opened.gateways()) or "none"
            raise click.ClickException(f"the store has no records of {gateway}; it has those of: {known}")
        latest = None
        for row in opened.records(gateway):
            record = unpack(row.record)
            latest = record if _is_about_roster(record) else latest
    if latest is None:
        click.echo(f"{gateway}: never told of a roster")
        return
    if latest.type == event.TYPE_TROUBLE:
        click.echo(f"{gateway}: its roster is missing or damaged since {time_text(latest.utc_ms)}: push it again")
        raise SystemExit(1)
    click.echo(f"{gateway}: roster {latest.count:08x}, told of at {time_text(latest.utc_ms)}")
    if site is not None:
        wanted = version_of(_table(site, gateway, keys_folder(keys, store)))
        if wanted != latest.count:
            click.echo(f"{site}: another one, {wanted:08x}; run: tocsin roster push {site} {gateway}")
            raise SystemExit(1)
        click.echo(f"{site}: the same")


def _is_about_roster(record: Record) -> bool:
    if record.type == event.TYPE_TROUBLE:
        return record.value == event.TROUBLE_ROSTER
    return record.type == event.TYPE_CONFIG and record.value == event.CONFIG_ROSTER


def _table(site: Path, gateway: str, keys: Path) -> bytes:
    from .keys import load_secrets, secrets_path

    read = read_site(site)
    try:
        read.gateway(gateway)
    except KeyError as error:
        raise click.ClickException(f"{site}: {error.args[0]}") from error
    return build_table(entries_of(read.people), load_secrets(secrets_path(keys, gateway)).link_key)


def _wait(store: Store, gateway: str, seq: int, counters: list[int], wait_s: float) -> None:
    """Show how far it is, and how it ends."""
    until_s = time.monotonic() + wait_s
    open_counters = set(counters)
    with click.progressbar(length=len(counters), label=f"{gateway}: carried out") as bar:
        while open_counters and time.monotonic() < until_s:
            for row in store.records(gateway, seq):
                seq = row.seq + 1
                record = unpack(row.record)
                if record.type == event.TYPE_COMMAND and record.count in open_counters:
                    open_counters.remove(record.count)
                    _check_verdict(gateway, record.value >> 8)
                    bar.update(1)
            time.sleep(_POLL_S if open_counters else 0)
    if open_counters:
        raise click.ClickException(
            f"{gateway}: {len(open_counters)} of {len(counters)} orders still wait in the outbox: is the collector "
            f"running, and the gateway there? They go out when both are; see: tocsin roster show {gateway}"
        )
    click.echo(f"{gateway}: the new roster is in force")


def _check_verdict(gateway: str, verdict: int) -> None:
    if verdict != event.VERDICT_DONE:
        told = event_names.VERDICT_NAMES[verdict]
        raise click.ClickException(f"{gateway}: {told}; the old roster holds. Push it again, all of it is sent anew")


def _line(person: Person) -> str:
    count = len(person.credentials)
    days = f"{person.valid_from or ''} … {person.valid_until or ''}" if person.valid_from or person.valid_until else ""
    parts = [f"{person.number:>3}  {person.name}  {person.role}", f"{count} credential{'' if count == 1 else 's'}"]
    return "  ".join([*parts, *([days] if days else []), *(person.hours or [])])
