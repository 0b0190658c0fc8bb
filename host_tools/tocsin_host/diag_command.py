"""`tocsin diag`: look into a running gateway, with a technician's key.

Role in the flow: stages 1 to 8 seen by a technician. Context: host. Reference for the user: docs/diag.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .diag_console import DiagConsole
from .diag_report import report as report_page
from .diag_snapshot import BOUNCE_CLASSES_MS, Bounce, Snapshot
from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .service_keys import service_keys
from .site_names import known_zones, person_of
from .write_file import write_file

if TYPE_CHECKING:
    from .diag_actions import Actions
    from .site_model import Gateway, Site

# The last half second of samples is all that one look sees.
_MINUTES = 30


@click.command()
@click.option("--port", required=True, metavar="URL", help="The gateway's USB serial port.")
@click.option("--key", type=click.Path(path_type=Path), help="Technician's key, instead of the host's keys.")
@click.option("--site", type=click.Path(path_type=Path), help="Site description, for names of zones and people.")
@click.option("--as", "who", metavar="NAME", help="Who does it: name or number of a person of the site.")
@store_option
@keys_option
@click.option("--once", is_flag=True, help="Look once; for scripts.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON object.")
@click.option("--report", "page", type=click.Path(path_type=Path), help="Write the gateway's page there (HTML).")
@click.option("--walk-test", type=click.Choice(["begin", "end"]), help="With --once: begin (needs --as) or end one.")
@click.option("--beep", is_flag=True, help="With --once: each output on for half a second.")
@click.option("--calibrate", multiple=True, type=int, metavar="ZONE", help="With --once: calibrate a loop at rest.")
@click.option("--calibration", type=click.Path(path_type=Path), help="Write what is calibrated there (TOML).")
@plain_errors
def diag(
    port: str,
    key: Path | None,
    site: Path | None,
    who: str | None,
    store: str,
    keys: Path | None,
    once: bool,
    as_json: bool,
    page: Path | None,
    walk_test: str | None,
    beep: bool,
    calibrate: tuple[int, ...],
    calibration: Path | None,
) -> None:
    """Look into the gateway at PORT: zones, readings, bounce, clock, journal, memory; test and calibrate it.

    It opens the gateway's service console and closes it again, both on record; the gateway goes on guarding. On a
    terminal: a live screen.
    """
    from .diag_actions import Actions

    if (walk_test or beep or calibrate) and not once:
        raise click.UsageError(
            "--walk-test, --beep and --calibrate are for scripts: add --once, or use the screen's keys"
        )
    described = read_site(site) if site else None
    person = person_of(described, site, who) if described and site and who else None
    if who and described is None:
        raise click.UsageError(f"--as {who}: name the site too, which lists its people: --site FILE")
    found = service_keys(key, keys_folder(keys, store) if key is None else None)
    with DiagConsole(port, found, _MINUTES) as console:
        gateway = _gateway(described, console.gateway)
        known = known_zones(gateway) if gateway else {}
        actions = Actions(console, gateway, person, calibration)
        if not once:
            _show_screen(console, known, page, actions)
            return
        _act(actions, walk_test, calibrate)
        snapshot = console.look(known)
        if beep:
            click.echo(actions.beep(snapshot), err=True)
    if page:
        _write(page, snapshot, console.bounce)
    if as_json:
        click.echo(json.dumps(_figures(snapshot, console.bounce, actions), ensure_ascii=False))
    elif not page:
        _print(snapshot)


def _gateway(described: Site | None, name: str) -> Gateway | None:
    try:
        return described.gateway(name) if described else None
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error


def _act(actions: Actions, walk_test: str | None, calibrate: tuple[int, ...]) -> None:
    if walk_test:
        click.echo(actions.begin_walk_test() if walk_test == "begin" else actions.end_walk_test(), err=True)
    for number in calibrate:
        click.echo(actions.calibrate(number), err=True)


def _show_screen(console: DiagConsole, known: dict[int, tuple[str, str]], page: Path | None, actions: Actions) -> None:
    # Imported now: a screen takes half a second to come in.
    from .diag_screen import DiagScreen

    path = page or Path(f"{console.gateway}.html")

    def write(snapshot: Snapshot) -> str:
        _write(path, snapshot, console.bounce)
        return str(path)

    screen = DiagScreen(lambda: console.look(known), console.bounce, write, actions)
    screen.run()
    for line in screen.told:
        click.echo(line)
    if screen.error:
        raise click.ClickException(screen.error)


def _write(path: Path, snapshot: Snapshot, bounce: Bounce) -> None:
    taken = datetime.now().astimezone().strftime("%-d %B %Y, %H:%M")
    subtitle = f"as it was on {taken}; mode {snapshot.mode}"
    write_file(path, report_page(snapshot, bounce, subtitle).encode())
    click.echo(f"{path}: how {snapshot.name} stands", err=True)


def _figures(snapshot: Snapshot, bounce: Bounce, actions: Actions) -> dict[str, object]:
    """As the gateway told it; zones with their names, and how they bounced."""
    told = {key: value for key, value in snapshot.raw.items() if key != "zones"}
    entries = {entry["zone"]: entry for entry in snapshot.raw["zones"]}
    zones = [
        {
            **entries[zone.number],
            "name": zone.name,
            "kind": zone.kind,
            "state": zone.state,
            "reading": zone.reading,
            "last_tested": zone.tested or None,
        }
        for zone in snapshot.zones
    ]
    counts = {str(pin): counts for pin, counts in bounce.counts.items()}
    calibrated = [{**asdict(one), "line": one.line} for one in actions.calibrations.values()]
    return {
        **told,
        "zones": zones,
        "bounce_classes_ms": BOUNCE_CLASSES_MS,
        "bounce_by_pin": counts,
        "calibrated": calibrated,
    }


def _print(snapshot: Snapshot) -> None:
    click.echo(f"{snapshot.name}, mode {snapshot.mode}{', walk test' if snapshot.is_testing else ''}")
    for name, value in snapshot.facts:
        click.echo(f"  {name:<18} {value}")
    for zone in snapshot.zones:
        cells = f"  {zone.number:>3}  {zone.name:<24} {zone.kind:<12} {zone.state:<8} {zone.reading:<12} "
        click.echo(f"{cells}{zone.tested and 'tested: ' + zone.tested:<22} {zone.marks}".rstrip())
