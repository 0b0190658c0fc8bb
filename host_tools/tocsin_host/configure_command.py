"""`tocsin configure`: a gateway that has a log gets the configuration that the site description says by now.

Role in the flow: before stage 1, at a gateway that runs. Context: host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .site_names import gateway_of, person_number

# Who may be named as configuring a gateway.
_ROLES = ("technician", "manager")
_MINUTES = 10
_NOT_SHOWN = ("lib_hash",)


@click.command()
@click.argument("gateway")
@click.option("--port", required=True, metavar="URL", help="The gateway's USB serial port.")
@click.option("--site", type=click.Path(path_type=Path), required=True, help="Site description with GATEWAY in it.")
@click.option("--key", type=click.Path(path_type=Path), help="Technician's key, instead of the host's keys.")
@store_option
@keys_option
@click.option("--as", "name", metavar="NAME", help="Who does it: name or number of a person of the site.")
@click.option("--yes", is_flag=True, help="Do not ask whether what differs is meant.")
@click.option(
    "--wait-s", type=click.FloatRange(min=1), default=60, show_default=True, help="Patience with its restart."
)
@plain_errors
def configure(
    gateway: str,
    port: str,
    site: Path,
    key: Path | None,
    store: str,
    keys: Path | None,
    name: str | None,
    yes: bool,
    wait_s: float,
) -> None:
    """Bring GATEWAY at PORT the configuration of SITE: it restarts with it, and its log goes on.

    For a loop that was calibrated, a zone that was added, another limit or delay. Begin and end of the service are
    sealed records, with the number of who is named, and the restart is one. Keys, network passwords and firmware stay.
    People: tocsin roster push.
    """
    from .configure import ConfigureConsole, wait_for_start
    from .gateway_files import site_bytes, site_json
    from .lib_hash import lib_hash
    from .service_keys import service_keys
    from .site_compile import compile_gateway
    from .trail import add_to_trail

    described = read_site(site)
    gateway_of(described, site, gateway)
    config = compile_gateway(described, gateway, lib_hash())
    person = person_number(site, name, "--as", _ROLES)
    folder = None if key else keys_folder(keys, store)
    with ConfigureConsole(port, service_keys(key, folder), _MINUTES, person) as console:
        boot = console.look({}).raw["boot"]
        differ = _differ(console.site_json(), site_json(config), f"{console.gateway} at {port}")
        if not differ:
            click.echo(f"{gateway}: is configured as {site} says; nothing to do")
            return
        click.echo(f"{gateway}: differs in {', '.join(differ)}")
        if not yes:
            click.confirm("Restart it with the configuration of the site description?", abort=True)
        data = site_bytes(config)
        with click.progressbar(length=len(data), label="writing") as bar:
            console.configure(data, lambda written: bar.update(written - bar.pos))
    if folder:
        add_to_trail(folder, "configured", gateway, differed=", ".join(differ))
    hello = wait_for_start(port, boot, wait_s)
    click.echo(f"{hello.name}: runs with it, boot {hello.boot}")


def _differ(has: dict[str, Any], wants: dict[str, Any], where: str) -> list[str]:
    from .commission_steps import differences
    from .configure import refusal

    refused = refusal(has, wants)
    if refused:
        raise click.ClickException(f"{where}: {refused}")
    return differences(has, wants, _NOT_SHOWN)
