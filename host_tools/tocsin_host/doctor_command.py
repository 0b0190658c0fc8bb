"""`tocsin doctor`: what is wrong with a gateway and its wiring, and how to mend it, from what it told.

Role in the flow: stage 11. Context: host.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from .describe import source_text
from .history import History, read_history
from .options import plain_errors, read_site, store_option
from .store import Store
from .symptom_words import NOTE, NOW, SOON
from .symptoms import Complaint, examine

_DAY_MS = 86_400_000
_STYLES = {NOW: "bold red", SOON: "yellow", NOTE: "cyan"}


@click.command()
@click.argument("gateway")
@click.option("--days", type=click.FloatRange(min=0), default=7, show_default=True, help="How far to look back.")
@click.option("--site", type=click.Path(path_type=Path), help="Site description, for the names of zones.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@plain_errors
def doctor(gateway: str, days: float, site: Path | None, store: str, as_json: bool) -> None:
    """Say what is wrong with GATEWAY and its wiring, and how to mend it.

    It looks at what the gateway recorded; the table of symptoms is in docs/doctor.md. Exit code 0: nothing to mend.
    """
    names = {zone.number: zone.name for zone in read_site(site).gateway(gateway).zones} if site else {}
    with Store(store, read_only=True) as opened:
        if gateway not in opened.gateways():
            known = ", ".join(opened.gateways()) or "none"
            raise click.ClickException(f"the store has no records of {gateway}; it has those of: {known}")
        history = read_history(opened, gateway, round(time.time() * 1000) - round(days * _DAY_MS))
    if not history.records:
        raise click.ClickException(f"{gateway} told nothing in the last {days:g} days; is its collector running?")
    complaints = examine(history)
    if as_json:
        click.echo(json.dumps(_figures(gateway, history, complaints, names), ensure_ascii=False))
    else:
        _print(gateway, history, complaints, names)
    raise SystemExit(1 if any(one.urgency != NOTE for one in complaints) else 0)


def _name(source: int, names: dict[int, str]) -> str:
    return names.get(source, source_text(source))


def _figures(gateway: str, history: History, complaints: list[Complaint], names: dict[int, str]) -> dict[str, object]:
    told = [{**one._asdict(), "name": _name(one.source, names)} for one in complaints]
    return {"gateway": gateway, "records": len(history.records), "days": round(history.days, 3), "complaints": told}


def _print(gateway: str, history: History, complaints: list[Complaint], names: dict[int, str]) -> None:
    seen = f"{gateway}: {len(history.records)} records over {history.days:.1f} days"
    if not complaints:
        click.echo(f"{seen}: nothing to mend")
    elif sys.stdout.isatty():
        _print_table(seen, complaints, names)
    else:
        click.echo(seen)
        for one in complaints:
            click.echo(f"{one.urgency}: {_name(one.source, names)}: {one.what}; {one.mend}")


def _print_table(title: str, complaints: list[Complaint], names: dict[int, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("when", "where", "what", "how to mend it", title=title, show_lines=True)
    for one in complaints:
        cells = (one.urgency, _name(one.source, names), one.what, one.mend)
        table.add_row(*map(Text, cells), style=_STYLES[one.urgency])
    Console().print(table)
