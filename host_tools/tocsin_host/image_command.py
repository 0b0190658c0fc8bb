"""`tocsin image`: one file that makes a board a gateway.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
"""

from __future__ import annotations

from pathlib import Path

import click

from .options import plain_errors


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--gateway", required=True, help="Name of the gateway in SITE.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The .uf2 file to write.")
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    default=Path("store/keys"),
    show_default=True,
    help="Folder of the gateways' secrets, made by `tocsin provision`.",
)
@plain_errors
def image(site: Path, gateway: str, output: Path, keys: Path) -> None:
    """Write the image of a gateway of SITE (TOML).

    Hold the board's BOOTSEL button while you plug it in, and drop the file on the drive that appears. The
    file holds the gateway's secrets: treat it like the keys folder.
    """
    from .provision import gateway_uf2
    from .site import SiteError, load_site
    from .write_file import write_file

    try:
        described = load_site(site)
        board = described.gateway(gateway).board
    except SiteError as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.ClickException(f"{site}: no gateway {gateway!r}: {error.args[0]}") from error
    data = gateway_uf2(described, gateway, keys)
    write_file(output, data, private=True)
    click.echo(f"{output}: {len(data)} bytes for gateway {gateway}, board {board}")
