"""`tocsin order`: tell a gateway to do something.

Role in the flow: the way back, from people (stage 11) to the outbox that the collector sends from. Context: host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from tocsin.event_names import MODE_NAMES

from . import orders
from .options import plain_errors, store_option
from .orders import Order
from .site_names import person_number, site_option, zone_number
from .store import Store

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_by_option = click.option("--by", metavar="NAME", help="Who wants it: name or number of a person of the site.")


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What every order of a person takes."""
    return site_option(_by_option(store_option(plain_errors(function))))


@click.group()
def order() -> None:
    """Put an order for a gateway into the outbox; the collector sends it, and its outcome is a sealed record."""


@order.command()
@click.argument("gateway")
@click.argument("to", type=click.Choice(MODE_NAMES))
@click.option("--override", is_flag=True, help="Set though zones stand open; they are inhibited. Needs --by.")
@_options
def mode(gateway: str, to: str, override: bool, site: Path | None, by: str | None, store: str) -> None:
    """Let GATEWAY be open (visitors are activity), closed (whatever moves is an alarm), in lockdown or reopening."""
    person = person_number(site, by)
    if override and not person:
        raise click.UsageError("--override names who answers for it: add --by NAME")
    _put(store, gateway, orders.set_mode(MODE_NAMES.index(to), person, override))


@order.command()
@click.argument("gateway")
@store_option
@plain_errors
def heartbeat(gateway: str, store: str) -> None:
    """Let GATEWAY show at once that it is alive."""
    _put(store, gateway, orders.heartbeat())


@order.command()
@click.argument("gateway")
@click.argument("zone")
@click.option("--for", "length", default="8h", show_default=True, help="How long: 30m, 8h, 7d; 0 ends it.")
@_options
def inhibit(gateway: str, zone: str, length: str, site: Path | None, by: str | None, store: str) -> None:
    """Leave a ZONE of GATEWAY out of guarding for a while, 7 days at most; it comes back by itself."""
    _put(store, gateway, orders.inhibit(zone_number(site, gateway, zone), _seconds(length), _named_person(site, by)))


@order.command()
@click.argument("gateway")
@click.argument("zone")
@click.option("--for", "length", default="1h", show_default=True, help="How long: 30m, 4h; 0 ends it.")
@_options
def release(gateway: str, zone: str, length: str, site: Path | None, by: str | None, store: str) -> None:
    """Let the work of art in a ZONE of GATEWAY be moved for a while, 24 hours at most."""
    _put(store, gateway, orders.release(zone_number(site, gateway, zone), _seconds(length), _named_person(site, by)))


@order.command("walk-test")
@click.argument("gateway")
@click.argument("what", type=click.Choice(["begin", "end"]))
@_options
def walk_test(gateway: str, what: str, site: Path | None, by: str | None, store: str) -> None:
    """Begin or end a walk test of GATEWAY: every zone has to show that it sees, and none is an alarm meanwhile."""
    _put(store, gateway, orders.walk_test(what == "begin", _named_person(site, by)))


@order.command()
@click.argument("gateway")
@_options
def silence(gateway: str, site: Path | None, by: str | None, store: str) -> None:
    """Stop the sirens of GATEWAY; its mode stays as it is."""
    _put(store, gateway, orders.silence(_named_person(site, by)))


def _put(where: str, gateway: str, wanted: Order) -> None:
    with Store(where) as store:
        (counter,) = put_orders(store, gateway, [wanted])
    click.echo(f"order no. {counter} for {gateway} is in the outbox; see: tocsin log show {gateway} --type command")


def put_orders(store: Store, gateway: str, wanted: list[Order]) -> list[int]:
    """Put orders into the outbox for a gateway that the store knows; their counters."""
    known = store.gateways()
    if gateway not in known:
        raise click.ClickException(
            f"the store has heard of no gateway {gateway!r}; it knows: {', '.join(known) or 'none'}"
        )
    return [store.add_command(gateway, one.code, one.argument, None, one.payload) for one in wanted]


def _named_person(site: Path | None, by: str | None) -> int:
    """As person_number; somebody must answer for it."""
    person = person_number(site, by)
    if not person:
        raise click.UsageError("say who wants it: --by NAME")
    return person


def _seconds(length: str) -> int:
    found = re.fullmatch(r"([0-9]{1,6})([smhd]?)", length)
    if not found or (not found[2] and int(found[1])):
        raise click.BadParameter(f"--for {length!r}: write it like 30m, 8h or 2d; 0 ends it")
    return int(found[1]) * _UNITS_S.get(found[2], 0)
