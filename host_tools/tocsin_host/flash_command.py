"""`tocsin flash`: makes the board on the desk a gateway, and proves that it became one.

Role in the flow: provisioning, before stage 1. Context: host.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .site_names import gateway_of

if TYPE_CHECKING:
    from .keys import GatewaySecrets


@click.command()
@click.argument("gateway")
@click.option("--site", type=click.Path(path_type=Path), required=True, help="Site description with GATEWAY in it.")
@store_option
@keys_option
@click.option("--port", metavar="URL", help="Where the board runs, before or after. [default: looked for]")
@click.option("--drive", type=click.Path(path_type=Path), help="Where its drive is mounted. [default: looked for]")
@click.option("--wait-s", type=click.FloatRange(min=1), default=60, show_default=True, help="Patience with the board.")
@plain_errors
def flash(
    gateway: str, site: Path, store: str, keys: Path | None, port: str | None, drive: Path | None, wait_s: float
) -> None:
    """Write the image of GATEWAY to a board, and have the running board prove its name, library and key.

    The board shows a drive when BOOTSEL is held while it is plugged in. One whose console is open (MicroPython without
    our firmware, or a firmware that cannot start) is sent there by itself.
    """
    from .keys import load_secrets, secrets_path
    from .provision import gateway_uf2, heard
    from .trail import add_to_trail

    folder = keys_folder(keys, store)
    _refuse_with_log(gateway, gateway in heard(store))
    described = read_site(site)
    gateway_of(described, site, gateway)
    secrets = load_secrets(secrets_path(folder, gateway))
    data = gateway_uf2(described, gateway, folder)
    before = _write(data, port, drive, wait_s)
    add_to_trail(folder, "flashed", gateway)
    _verify(secrets, port, before, wait_s)


def _refuse_with_log(gateway: str, has_log: bool) -> None:
    if has_log:
        raise click.ClickException(
            f"{gateway}: the store has records of it, and a board flashed anew would begin its log again; "
            f"give a new box another name ({gateway}-2) and revoke this one (docs/provision.md)"
        )


def _write(data: bytes, port: str | None, drive: Path | None, wait_s: float) -> set[str]:
    """Find the board and write; the ports that were there while it was in its bootloader."""
    from . import board_port
    from .boot_drive import boot_drives, wait_for_drive, write_image

    if drive is None and not boot_drives():
        click.echo(board_port.to_bootloader(port))
        drive = wait_for_drive(wait_s)
    drive = drive or wait_for_drive(0)
    if drive is None:
        raise click.ClickException("no drive of a board appeared; where it is not mounted by itself, name it: --drive")
    before = set(board_port.board_ports())
    with click.progressbar(length=len(data), label=f"writing to {drive}") as bar:
        write_image(drive, data, lambda written: bar.update(written - bar.pos))
    return before


def _verify(secrets: "GatewaySecrets", port: str | None, before: set[str], wait_s: float) -> None:
    from . import board_port
    from .board_check import check_board
    from .keys import fingerprint
    from .lib_hash import lib_hash

    with board_port.open_new(port, before, wait_s) as opened:
        hello = check_board(opened, secrets, bytes.fromhex(lib_hash()), wait_s)
    click.echo(
        f"{hello.name}: runs, boot {hello.boot}, library {hello.lib_hash.hex()}, "
        f"key {fingerprint(secrets.k0)}: proven by its seal"
    )
