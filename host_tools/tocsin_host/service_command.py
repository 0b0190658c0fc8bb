"""`tocsin service`: a technician's way into a running gateway, for a while and on record.

Role in the flow: beside stage 8, at the gateway's USB port. Context: host.
"""

from __future__ import annotations

from pathlib import Path

import click
from tocsin.service_door import MINUTES_MAX

from .options import keys_folder, keys_option, plain_errors, store_option
from .site_names import person_number, site_option

# Who may be named as servicing a gateway.
_ROLES = ("technician", "manager")
_port_option = click.option("--port", required=True, metavar="URL", help="The gateway's USB serial port.")


@click.group()
def service() -> None:
    """Open a gateway's console for a technician, and close it."""


@service.command("open")
@_port_option
@click.option("--key", type=click.Path(path_type=Path), help="Technician's key, instead of the host's keys.")
@store_option
@keys_option
@click.option(
    "--minutes",
    type=click.IntRange(1, MINUTES_MAX),
    default=30,
    show_default=True,
    help="After so long the gateway closes it.",
)
@click.option("--as", "name", metavar="NAME", help="Who services it: name or number of a person of the site.")
@site_option
@plain_errors
def open_service(
    port: str, key: Path | None, store: str, keys: Path | None, minutes: int, name: str | None, site: Path | None
) -> None:
    """Open the console of the gateway at PORT, for mpremote or a terminal. The gateway goes on guarding.

    Begin and end are sealed records, with the number of who is named. A gateway that cannot start is opened too,
    until it is restarted.
    """
    from .board_port import open_port
    from .service_keys import service_keys
    from .service_session import open_console

    person = person_number(site, name, "--as", _ROLES)
    found = service_keys(key, keys_folder(keys, store) if key is None else None)
    with open_port(port) as opened:
        gateway = open_console(opened, found, minutes, person=person)
    if gateway is None:
        click.echo(f"{port}: a gateway that cannot start; its console is open until it is restarted")
    else:
        click.echo(f"{gateway}: console open for {minutes} minutes; mpremote connect {port} fs ls")


@service.command()
@_port_option
@plain_errors
def close(port: str) -> None:
    """Close the console of the gateway at PORT before its time is over."""
    from .board_port import open_port
    from .service_session import close_console

    with open_port(port) as opened:
        hello = close_console(opened)
    click.echo(f"{hello.name}: console closed")


@service.command("key")
@click.argument("gateways", nargs=-1)
@store_option
@keys_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write.")
@plain_errors
def key(gateways: tuple[str, ...], store: str, keys: Path | None, output: Path) -> None:
    """Write a technician's key, for GATEWAYS or all of them: it opens their consoles and can do nothing else."""
    from .service_keys import write_technician_key
    from .trail import add_to_trail

    folder = keys_folder(keys, store)
    for gateway in write_technician_key(folder, gateways, output):
        add_to_trail(folder, "technician's key written", gateway)
    click.echo(f"{output}: whoever has it may service these gateways; keep it like a key")
