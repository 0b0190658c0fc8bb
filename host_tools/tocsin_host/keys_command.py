"""`tocsin keys`: what opens the folder of keys, and what was done to it.

Role in the flow: provisioning, before stage 1. Context: host.
"""

from pathlib import Path

import click

from .options import keys_folder, keys_option, plain_errors, store_option


@click.group()
def keys() -> None:
    """Look after the folder of keys."""


@keys.command()
@store_option
@keys_option
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="From now on the content of this file opens them (made if it is not there), not a passphrase.",
)
@plain_errors
def lock(store: str, keys: Path | None, key_file: Path | None) -> None:
    """Encrypt the keys of a folder, or change the passphrase or key file that opens them.

    A passphrase has at least 12 characters. The present one is asked for, or comes from $TOCSIN_KEY_FILE.
    """
    from .private_file import lock_folder, make_key_folder
    from .trail import add_to_trail

    folder = keys_folder(keys, store)
    make_key_folder(folder)
    lock_folder(folder, key_file)
    add_to_trail(folder, "locked")
    click.echo(f"{folder}: locked with {key_file or 'the new passphrase'}")


@keys.command("list")
@store_option
@keys_option
@plain_errors
def list_keys(store: str, keys: Path | None) -> None:
    """Show the gateways that have keys here, with their fingerprints."""
    from .keys import fingerprint, load_secrets

    for path in sorted(keys_folder(keys, store).glob("*.secrets")):
        secrets = load_secrets(path)
        click.echo(f"{fingerprint(secrets.k0)}  {secrets.gateway}")


@keys.command()
@store_option
@keys_option
@plain_errors
def trail(store: str, keys: Path | None) -> None:
    """Show what was done to the keys, oldest first; fails when a line was changed or is missing."""
    from .trail import read_trail

    for line in read_trail(keys_folder(keys, store)):
        rest = "  ".join(f"{key} {value}" for key, value in line.items() if key not in ("utc", "by", "action"))
        click.echo(f"{line.get('utc', '?')}  {line.get('by', '?')}  {line.get('action', '?')}  {rest}".rstrip())
