"""`tocsin provision`: everything that makes boards the gateways of a site.

Role in the flow: before stage 1. Context: host.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .unlock import key_file_option

if TYPE_CHECKING:
    from .site_model import Site


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@store_option
@keys_option
@key_file_option
@click.option(
    "--wifi",
    multiple=True,
    metavar="SSID=FILE",
    help="FILE holds the password of the wireless network SSID; needed once, and when it changes.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("provisioned"),
    show_default=True,
    help="Folder for images and labels.",
)
@click.option(
    "--update-key",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="update.pub, of the key that signs updates: the boards flashed from now on take its bundles.",
)
@click.option("--renew", metavar="GATEWAY", help="Destroy the keys of GATEWAY, never heard so far, and make new ones.")
@click.option("--reason", help="Why they are renewed: for the trail.")
@plain_errors
def provision(
    site: Path,
    store: str,
    keys: Path | None,
    key_file: Path | None,
    wifi: tuple[str, ...],
    out: Path,
    update_key: Path | None,
    renew: str | None,
    reason: str | None,
) -> None:
    """Make keys for each gateway of SITE (TOML) that has none, images for those never heard, and labels for all.

    Keys are made here, of the operating system's randomness, and lie encrypted: a passphrase is asked for, or give
    --key-file. Where the collector runs by itself, that file is named in $TOCSIN_KEY_FILE. Also makes the key that
    signs checkpoints. Every change is a line in trail.jsonl beside the keys (`tocsin keys trail`).
    """
    from . import provision as work

    described = read_site(site)
    folder = keys_folder(keys, store)
    passwords = work.wifi_passwords(wifi, described)
    heard = work.heard(store)
    if renew is not None:
        _check_renewable(described, renew, reason, heard)
    for line in work.prepare_folder(folder, key_file):
        click.echo(line)
    if update_key is not None:
        click.echo(work.take_update_key(folder, update_key))
    if renew is not None and reason:
        work.forget_keys(folder, renew, reason)
    for line in work.make_keys(described, folder, passwords):
        click.echo(line)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = [gateway for gateway in described.gateways if gateway.name not in heard]
    for line in work.write_images(described, fresh, folder, out):
        click.echo(line)
    for name in sorted({gateway.name for gateway in described.gateways} & heard):
        click.echo(f"{name}: has a log already, so no image: a board flashed with one would begin it again")
    click.echo(f"{work.write_labels(described, folder, out)}: labels to print")


def _check_renewable(site: "Site", name: str, reason: str | None, heard: set[str]) -> None:
    if not reason:
        raise click.UsageError("--renew needs --reason TEXT")
    if name not in {gateway.name for gateway in site.gateways}:
        raise click.ClickException(f"--renew {name}: no such gateway in {site.name}")
    if name in heard:
        raise click.ClickException(
            f"--renew {name}: it has a log, and numbers under a name are never used again; "
            f"give it another name in the site ({name}-2), and revoke this one: tocsin revoke {name}"
        )
