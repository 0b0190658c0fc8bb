"""`tocsin diag`: look into a running gateway, with a technician's key.

Role in the flow: stages 1 to 8 seen by a technician. Context: host. Reference for the user: docs/diag.md.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from .diag_console import DiagConsole
from .diag_report import report as report_page
from .diag_snapshot import BOUNCE_CLASSES_MS, Bounce, Snapshot
from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .service_keys import service_keys
from .write_file import write_file

# The last half second of samples is all that one look sees.
_MINUTES = 30


@click.command()
@click.option("--port", required=True, metavar="URL", help="The gateway's USB serial port.")
@click.option("--key", type=click.Path(path_type=Path), help="Technician's key, instead of the host's keys.")
@click.option("--site", type=click.Path(path_type=Path), help="Site description, for the names of zones.")
@store_option
@keys_option
@click.option("--once", is_flag=True, help="Look once; for scripts.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON object.")
@click.option("--report", "page", type=click.Path(path_type=Path), help="Write the commissioning record there (HTML).")
@plain_errors
def diag(
    port: str,
    key: Path | None,
    site: Path | None,
    store: str,
    keys: Path | None,
    once: bool,
    as_json: bool,
    page: Path | None,
) -> None:
    """Look into the gateway at PORT: zones, readings, bounce, clock, journal, memory.

    It opens the gateway's service console and closes it again, both on record; the gateway goes on guarding. On a
    terminal: a live screen.
    """
    found = service_keys(key, keys_folder(keys, store) if key is None else None)
    with DiagConsole(port, found, _MINUTES) as console:
        known = _known(site, console.gateway)
        if not once:
            _show_screen(console, known, page)
            return
        snapshot = console.look(known)
    if page:
        _write(page, snapshot, console.bounce)
    if as_json:
        click.echo(json.dumps(_figures(snapshot, console.bounce), ensure_ascii=False))
    elif not page:
        _print(snapshot)


def _known(site: Path | None, gateway: str) -> dict[int, tuple[str, str]]:
    if site is None:
        return {}
    try:
        zones = read_site(site).gateway(gateway).zones
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error
    return {zone.number: (zone.name, zone.kind) for zone in zones}


def _show_screen(console: DiagConsole, known: dict[int, tuple[str, str]], page: Path | None) -> None:
    # Imported now: a screen takes half a second to come in.
    from .diag_screen import DiagScreen

    path = page or Path(f"{console.gateway}.html")

    def write(snapshot: Snapshot) -> str:
        _write(path, snapshot, console.bounce)
        return str(path)

    screen = DiagScreen(lambda: console.look(known), console.bounce, write)
    screen.run()
    if screen.error:
        raise click.ClickException(screen.error)


def _write(path: Path, snapshot: Snapshot, bounce: Bounce) -> None:
    taken = datetime.now().astimezone().strftime("%-d %B %Y, %H:%M")
    write_file(path, report_page(snapshot, bounce, taken).encode())
    click.echo(f"{path}: the commissioning record of {snapshot.name}", err=True)


def _figures(snapshot: Snapshot, bounce: Bounce) -> dict[str, object]:
    """As the gateway told it, without the samples; zones with their names, and how they bounced."""
    told = {key: value for key, value in snapshot.raw.items() if key not in ("samples", "zones")}
    entries = {entry["zone"]: entry for entry in snapshot.raw["zones"]}
    zones = [
        {**entries[zone.number], "name": zone.name, "kind": zone.kind, "state": zone.state, "reading": zone.reading}
        for zone in snapshot.zones
    ]
    counts = {str(pin): counts for pin, counts in bounce.counts.items()}
    return {**told, "zones": zones, "bounce_classes_ms": BOUNCE_CLASSES_MS, "bounce_by_pin": counts}


def _print(snapshot: Snapshot) -> None:
    click.echo(f"{snapshot.name}, mode {snapshot.mode}")
    for name, value in snapshot.facts:
        click.echo(f"  {name:<18} {value}")
    for zone in snapshot.zones:
        cells = f"  {zone.number:>3}  {zone.name:<24} {zone.kind:<12} {zone.state:<8} {zone.reading:<12} {zone.marks}"
        click.echo(cells.rstrip())
