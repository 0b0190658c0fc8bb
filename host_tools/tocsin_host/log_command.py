"""`tocsin log show`: what is stored, for a person or a program.

Role in the flow: stage 11. Context: host.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from tocsin import event, event_names
from tocsin.record import Record, unpack

from .describe import record_text, source_text, time_text
from .options import plain_errors, read_site, store_option
from .site_names import site_option
from .store import Store, StoredRecord

Item = tuple[StoredRecord, Record]


@click.group()
def log() -> None:
    """Show what is stored."""


@log.command()
@click.argument("gateway")
@store_option
@click.option("--since", metavar="TIME", help="From this time on: ISO 8601, UTC unless it says otherwise.")
@click.option("--type", "types", multiple=True, metavar="NAME", help="Only records of this type; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record.")
@site_option
@plain_errors
def show(gateway: str, store: str, since: str | None, types: tuple[str, ...], as_json: bool, site: Path | None) -> None:
    """Show the records of GATEWAY: a table on a terminal, plain lines elsewhere."""
    since_utc_ms = _parse_time(since) if since else 0
    unknown = [name for name in types if name not in event_names.TYPE_NAMES[1:]]
    if unknown:
        raise click.BadParameter(f"no type {unknown[0]!r}; there are: {', '.join(event_names.TYPE_NAMES[1:])}")
    words = _Words(site, gateway)
    with Store(store, read_only=True) as opened:
        if gateway not in opened.gateways():
            known = ", ".join(opened.gateways()) or "none"
            raise click.ClickException(f"the store has no records of {gateway}; it has those of: {known}")
        items = _select(opened, gateway, since_utc_ms, types)
        if as_json:
            _print_json(items, words)
        elif sys.stdout.isatty():
            _print_table(gateway, items, words)
        else:
            _print_lines(items, words)


def _parse_time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"--since {text!r}: write it like 2026-11-22T21:45:00Z") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _select(store: Store, gateway: str, since_utc_ms: int, types: tuple[str, ...]) -> Iterator[Item]:
    """A record that does not know its time is taken by the time it came in."""
    for row in store.records(gateway):
        record = unpack(row.record)
        if types and event_names.type_name(record.type) not in types:
            continue
        if (record.utc_ms or row.received_utc_ms) >= since_utc_ms:
            yield row, record


class _Words:
    """Names of persons and zones, where the site is given."""

    def __init__(self, site: Path | None, gateway: str) -> None:
        self.people: dict[int, str] = {}
        self._zones: dict[int, str] = {}
        if site is not None:
            read = read_site(site)
            self.people = {person.number: person.name for person in read.people}
            self._zones = {zone.number: zone.name for one in read.gateways if one.name == gateway for zone in one.zones}

    def cells(self, record: Record) -> tuple[str, str, str, str, str]:
        """What a row says of a record."""
        name = event_names.type_name(record.type)
        source = self._zones.get(record.source, source_text(record.source))
        return str(record.seq), time_text(record.utc_ms), name, source, self.text(record)

    def text(self, record: Record) -> str:
        """What a record says beyond type, source and time."""
        return record_text(record, self.people)


def _print_lines(items: Iterator[Item], words: _Words) -> None:
    for _, record in items:
        click.echo("  ".join(words.cells(record)).rstrip())


def _print_table(gateway: str, items: Iterator[Item], words: _Words) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("seq", "time", "type", "source", "what", title=gateway)
    for _, record in items:
        table.add_row(*words.cells(record))
    Console().print(table)


def _print_json(items: Iterator[Item], words: _Words) -> None:
    for row, record in items:
        state, before, quality, test = event.unpack_flags(record.flags)
        fields = {
            "gateway": row.gateway,
            "seq": record.seq,
            "type": event_names.type_name(record.type),
            "source": record.source,
            "state": event_names.STATE_NAMES[state],
            "before": event_names.STATE_NAMES[before],
            "time_quality": quality,
            "test": bool(test),
            "boot": record.boot,
            "uptime_ms": record.uptime_ms,
            "utc_ms": record.utc_ms,
            "value": record.value,
            "count": record.count,
            "mac": record.mac.hex(),
            "received_utc_ms": row.received_utc_ms,
            "text": words.text(record),
        }
        click.echo(json.dumps(fields, ensure_ascii=False))
