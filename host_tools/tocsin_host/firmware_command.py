"""`tocsin firmware`: fetch and list the official MicroPython images.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
"""

from __future__ import annotations

import click

from . import firmware_image
from .options import plain_errors


@click.group()
def firmware() -> None:
    """Fetch the official MicroPython images."""


@firmware.command()
@click.option("--board", default="pico_w", show_default=True, help="Board whose image to fetch.")
@click.option("--mirror", default=firmware_image.PUBLISHER, show_default=True, help="Folder to fetch from.")
@plain_errors
def fetch(board: str, mirror: str) -> None:
    """Download a board's image and check its hash."""
    path = firmware_image.fetch(board, mirror)
    click.echo(f"{path}: SHA-256 checked")


@firmware.command("list")
def list_images() -> None:
    """Show the images there are, and whether they are here."""
    for image in firmware_image.KNOWN:
        path = firmware_image.cache_folder() / image.file_name
        state = "fetched" if path.is_file() else "not fetched"
        click.echo(f"{image.board}  {image.file_name}  {state}  {image.sha256}")
