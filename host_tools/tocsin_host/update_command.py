"""`tocsin update`: bundles of firmware, signed so that a chip can tell.

Role in the flow: before stage 1, for firmware that comes later. Context: host.
"""

from __future__ import annotations

from pathlib import Path

import click

from .options import keys_folder, keys_option, plain_errors, store_option
from .unlock import key_file_option

_folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("update-key"),
    show_default=True,
    help="Folder of the key that signs updates; keep it away from the host that collects.",
)
_VERSION = click.IntRange(1, 0xFFFFFFFF)


@click.group()
def update() -> None:
    """Make, sign, check and send bundles of firmware."""


@update.command("key")
@_folder_option
@key_file_option
@plain_errors
def make_key(folder: Path, key_file: Path | None) -> None:
    """Make the key that signs updates: LMS (RFC 8554), for 1024 bundles.

    It lies encrypted under a passphrase or a key file. Never restore an older copy of the folder: a one-time key that
    is used twice is given away.
    """
    from .update_key import PUBLIC_FILE, make_update_key, signatures_left

    public = make_update_key(folder, key_file)
    click.echo(f"{folder / PUBLIC_FILE}: public key {public.key.hex()}, for every board")
    click.echo(f"{signatures_left(folder)} bundles can be signed with it")


@update.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@_folder_option
@click.option("--version", type=_VERSION, required=True, help="Number of this firmware, above all signed before.")
@click.option("--from-version", type=click.IntRange(0, 0xFFFFFFFF), default=0, help="Only for firmware from here on.")
@click.option("--board", default="pico_w", show_default=True, help="Board that it is for.")
@plain_errors
def make(bundle: Path, folder: Path, version: int, from_version: int, board: str) -> None:
    """Compile the firmware of this tocsin, sign it, and write it to BUNDLE."""
    import tocsin_boards
    from tocsin.bundle import signed_message
    from tocsin.errors import ConfigError

    from .image import device_files
    from .lib_hash import lib_hash
    from .update_bundle import check_bundle, join_bundle, make_manifest
    from .update_key import read_public, sign_update, signatures_left
    from .write_file import write_file

    if board not in tocsin_boards.BOARDS:
        raise ConfigError(f"--board {board}: there are: {', '.join(tocsin_boards.BOARDS)}")
    compiled = device_files()
    manifest = make_manifest(compiled, board, version, from_version, bytes.fromhex(lib_hash()))
    signature = sign_update(folder, version, signed_message(manifest.encode()))
    data = join_bundle(manifest, signature, compiled)
    check_bundle(data, read_public(folder).key)
    write_file(bundle, data)
    click.echo(f"{bundle}: version {version}, {len(manifest.files)} files, {len(data)} bytes, library {lib_hash()}")
    click.echo(f"{signatures_left(folder)} bundles can still be signed")


@update.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), required=True, help="update.pub, or the folder it lies in.")
@plain_errors
def verify(bundle: Path, key: Path) -> None:
    """Check the signature of BUNDLE and every file in it."""
    from .update_bundle import check_bundle
    from .update_key import read_public

    manifest = check_bundle(bundle.read_bytes(), read_public(key).key)
    click.echo(
        f"{bundle}: signed. Version {manifest.version} for {manifest.board}, for firmware from version "
        f"{manifest.from_version} on, wire version {manifest.wire_version}, library {manifest.lib_hash.hex()}, "
        f"{len(manifest.files)} files"
    )


@update.command()
@click.argument("gateway")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--port", required=True, metavar="URL", help="The gateway's USB serial port.")
@store_option
@keys_option
@plain_errors
def send(gateway: str, bundle: Path, port: str, store: str, keys: Path | None) -> None:
    """Send BUNDLE to GATEWAY at PORT, which tries it at once and goes back to the firmware before if it does not work.

    It guards meanwhile. The trial ends well when the collector hears the gateway again within ten minutes.
    """
    from .board_port import open_port
    from .keys import load_secrets, secrets_path
    from .trail import add_to_trail
    from .update_bundle import check_bundle
    from .update_key import PUBLIC_FILE, read_public
    from .update_send import PATIENCE_S, send_bundle

    folder, data = keys_folder(keys, store), bundle.read_bytes()
    manifest = check_bundle(data, read_public(folder / PUBLIC_FILE).key)
    secrets = load_secrets(secrets_path(folder, gateway))
    with open_port(port) as opened, click.progressbar(length=len(data), label=f"sending to {gateway}") as bar:
        send_bundle(opened, gateway, secrets.link_key, data, lambda at: bar.update(at - bar.pos), PATIENCE_S)
    add_to_trail(folder, "update sent", gateway, version=str(manifest.version))
    click.echo(
        f"{gateway}: version {manifest.version} is on trial; connect its collector, and see: "
        f"tocsin log show {gateway} --type update"
    )
