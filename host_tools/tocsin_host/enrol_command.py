"""`tocsin enrol`: secrets for every gateway of a site.

Role in the flow: provisioning, before stage 1. Context: host.
"""

from pathlib import Path

import click

from .keys import load_secrets, make_secrets, secrets_path, write_key_file, write_secrets
from .options import plain_errors, read_site


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    default=Path("store/keys"),
    show_default=True,
    help="Folder for the keys.",
)
@plain_errors
def enrol(site: Path, keys: Path) -> None:
    """Make secrets and a verification key file for each gateway of SITE (TOML) that has none yet.

    Keep the folder as you keep the keys of the house: whoever reads it can make records. Gateways that have
    secrets keep them.
    """
    gateways = read_site(site).gateways
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for gateway in gateways:
        path = secrets_path(keys, gateway.name)
        new = not path.exists()
        if new:
            write_secrets(path, make_secrets(gateway.name))
        write_key_file(keys / f"{gateway.name}.keys", load_secrets(path))
        click.echo(f"{gateway.name}: {'new secrets' if new else 'keeps its secrets'} in {path}")
