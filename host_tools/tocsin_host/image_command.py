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
    from . import firmware_image
    from .image import gateway_image
    from .keys import load_secrets, secrets_path
    from .lib_hash import lib_hash
    from .site import SiteError, load_site
    from .site_compile import compile_gateway
    from .update_key import PUBLIC_FILE, read_public
    from .write_file import write_file

    try:
        config = compile_gateway(load_site(site), gateway, lib_hash())
    except SiteError as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.ClickException(f"{site}: no gateway {gateway!r}: {error.args[0]}") from error
    firmware = firmware_image.load(str(config["board"]))
    update = read_public(keys) if (keys / PUBLIC_FILE).exists() else None
    data = gateway_image(firmware, config, load_secrets(secrets_path(keys, gateway)), update=update)
    write_file(output, data, private=True)
    click.echo(f"{output}: {len(data)} bytes for gateway {gateway}, board {config['board']}")
