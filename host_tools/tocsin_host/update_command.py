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
    """Make, sign, check and send bundles of firmware, and see what became of them."""


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
@click.option("--port", metavar="URL", help="The gateway's USB serial port, which its collector has let go of.")
@click.option("--wait", is_flag=True, help="Show what becomes of it, until it is kept, refused or undone.")
@store_option
@keys_option
@plain_errors
def send(gateway: str, bundle: Path, port: str | None, wait: bool, store: str, keys: Path | None) -> None:
    """Let the running collector pass BUNDLE on to GATEWAY, by cable or network; with --port, send it there at once.

    GATEWAY guards meanwhile, tries it as soon as it has it, and goes back to the firmware before if it does not work.
    The trial ends well when the collector hears the gateway again within ten minutes.
    """
    from .keys import load_secrets, secrets_path
    from .update_bundle import check_bundle
    from .update_key import PUBLIC_FILE, read_public

    if wait and port is not None:
        raise click.UsageError("--wait is for the collector, which --port does without")
    folder, data = keys_folder(keys, store), bundle.read_bytes()
    version = check_bundle(data, read_public(folder / PUBLIC_FILE).key).version
    path = secrets_path(folder, gateway)
    if port is not None:
        _send_at(port, folder, gateway, load_secrets(path).link_key, data, version)
    elif path.exists():  # what is in it only the collector has to read
        _queue(folder, gateway, data, version, store if wait else None)
    else:
        raise click.ClickException(f"{path}: no such gateway here; is its name right?")


def _send_at(port: str, folder: Path, gateway: str, link_key: bytes, data: bytes, version: int) -> None:
    from .board_port import open_port
    from .trail import add_to_trail
    from .update_send import PATIENCE_S, send_bundle

    with open_port(port) as opened, click.progressbar(length=len(data), label=f"sending to {gateway}") as bar:
        send_bundle(opened, gateway, link_key, data, lambda at: bar.update(at - bar.pos), PATIENCE_S)
    add_to_trail(folder, "update sent", gateway, version=str(version))
    click.echo(
        f"{gateway}: version {version} is on trial; connect its collector, and see: tocsin update status {gateway}"
    )


def _queue(folder: Path, gateway: str, data: bytes, version: int, store: str | None) -> None:
    """`store`: where to look what becomes of it; None for not."""
    from contextlib import ExitStack

    from .store import Store
    from .trail import add_to_trail
    from .update_outbox import queue_bundle
    from .update_status import Follower

    with ExitStack() as stack:
        follower = None
        if store is not None:
            follower = Follower(stack.enter_context(Store(store, read_only=True)), gateway, version)
        path = queue_bundle(folder, gateway, data)
        add_to_trail(folder, "update queued", gateway, version=str(version))
        click.echo(f"{gateway}: version {version} waits for the collector in {path}")
        if follower is None:
            click.echo(f"see: tocsin update status {gateway}")
        else:
            follower.follow(click.echo)


@update.command()
@click.argument("gateway", required=False)
@store_option
@keys_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a gateway.")
@plain_errors
def status(gateway: str | None, store: str, keys: Path | None, as_json: bool) -> None:
    """Show what waits for GATEWAY, or for all, and what became of what was tried, as the sealed records tell."""
    import json

    from .store import Store
    from .update_status import facts_of, status_line

    folder = keys_folder(keys, store)
    with Store(store, read_only=True) as opened:
        known = sorted({*opened.gateways(), *(path.stem for path in folder.glob("*.secrets"))})
        if gateway is not None and gateway not in known:
            raise click.ClickException(f"no gateway {gateway!r} here; there are: {', '.join(known) or 'none'}")
        for name in known if gateway is None else [gateway]:
            facts = facts_of(opened, folder, name)
            click.echo(json.dumps(facts._asdict()) if as_json else status_line(facts))
