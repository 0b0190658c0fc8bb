"""`tocsin order`: tell a gateway to do something.

Role in the flow: the way back, from people (stage 11) to the outbox that the collector sends from. Context: host.
"""

import click
from tocsin.command import HEARTBEAT_NOW, SET_MODE
from tocsin.event_names import MODE_NAMES

from .options import plain_errors, store_option
from .store import Store


@click.group()
def order() -> None:
    """Put an order for a gateway into the outbox; the collector sends it, and its outcome is a sealed record."""


@order.command()
@click.argument("gateway")
@click.argument("to", type=click.Choice(MODE_NAMES))
@store_option
@plain_errors
def mode(gateway: str, to: str, store: str) -> None:
    """Let GATEWAY be open (visitors are activity), closed (whatever moves is an alarm), in lockdown or reopening."""
    _put(store, gateway, SET_MODE, MODE_NAMES.index(to))


@order.command()
@click.argument("gateway")
@store_option
@plain_errors
def heartbeat(gateway: str, store: str) -> None:
    """Let GATEWAY show at once that it is alive."""
    _put(store, gateway, HEARTBEAT_NOW, 0)


def _put(where: str, gateway: str, code: int, argument: int) -> None:
    with Store(where) as store:
        known = store.gateways()
        if gateway not in known:
            raise click.ClickException(
                f"the store has heard of no gateway {gateway!r}; it knows: {', '.join(known) or 'none'}"
            )
        counter = store.add_command(gateway, code, argument)
    click.echo(f"order no. {counter} for {gateway} is in the outbox; see: tocsin log show {gateway} --type command")
