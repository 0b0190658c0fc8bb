"""`tocsin revoke`: a gateway's box was stolen or opened; nothing that its keys seal from now on is worth anything.

Role in the flow: from people (stage 11) to the collector (stage 9). Context: host.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from .host_clock import wall_clock
from .keys import secrets_path
from .options import keys_folder, keys_option, plain_errors, store_option
from .store import REVOKED, Store
from .trail import add_to_trail


@click.command()
@click.argument("gateway")
@click.option("--reason", required=True, help="Why, in words for whoever reads the findings later.")
@store_option
@keys_option
@plain_errors
def revoke(gateway: str, reason: str, store: str, keys: Path | None) -> None:
    """Revoke the keys of GATEWAY: a running collector ends its session within a second and hears it no more.

    What it sealed before stays proven. It cannot be taken back: a new box, or this one once it is trusted again, gets
    another name in the site and new keys from `tocsin provision`.
    """
    folder = keys_folder(keys, store)
    with Store(store) as opened:
        next_seq, _ = opened.head(gateway)
        if next_seq == 0 and not secrets_path(folder, gateway).exists():
            raise click.ClickException(f"neither the store nor the keys know a gateway {gateway!r}; check its name")
        for finding in opened.revoked():
            if finding.gateway == gateway:
                when = datetime.fromtimestamp(finding.received_utc_ms / 1000, UTC).isoformat(timespec="seconds")
                raise click.ClickException(f"{gateway} was revoked on {when} already: {finding.detail}")
        opened.finding(gateway, next_seq or -1, REVOKED, reason, wall_clock())
    if folder.is_dir():
        add_to_trail(folder, "revoked", gateway, reason=reason)
    click.echo(f"{gateway}: revoked from record {next_seq} on; give the new box another name and new keys")
