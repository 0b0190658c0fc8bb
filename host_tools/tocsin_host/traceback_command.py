"""`tocsin traceback`: what a board wrote of an error, with the names of the sources.

Role in the flow: beside all stages, for whoever mends the firmware. Context: host.
"""

from __future__ import annotations

from typing import TextIO

import click

from .options import plain_errors


@click.command()
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"), default="-")
@plain_errors
def traceback(file: TextIO) -> None:
    """Print FILE, a board's /last-error.txt, with the functions named as in the sources; without FILE what is piped in.

    The firmware must be that of this `tocsin`: another version gives other words to its names.
    """
    from . import device_modules, device_names

    click.echo(device_names.read_back(file.read(), device_modules.words()), nl=False)
