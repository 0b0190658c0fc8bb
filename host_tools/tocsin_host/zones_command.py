"""`tocsin zones`: how each zone of a gateway stands, and when it was last seen to work.

Role in the flow: stage 11. Context: host. All of it is read from the sealed records in the store.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tocsin import event, event_names
from tocsin.record import Record, unpack

from .describe import time_text
from .options import plain_errors, read_site, store_option
from .site_names import site_option
from .store import Store

if TYPE_CHECKING:
    from .site_model import Zone

_STATES = (
    event.TYPE_ALARM,
    event.TYPE_RESTORE,
    event.TYPE_TAMPER,
    event.TYPE_FAULT,
    event.TYPE_ACTIVITY,
    event.TYPE_BOOT,
)
_WORKS = 1
_DAY_MS = 86_400_000
# From here on a zone is named below the table, unless the site says `test_days`.
_LONG_AGO_DAYS = 30


@dataclass
class ZoneFacts:
    """What the records say of one zone. Times are UTC in ms, 0 where there is none."""

    number: int
    name: str = ""
    state: int = event.STATE_NORMAL
    since_ms: int = 0
    inhibited: bool = False
    tested_ms: int = 0
    is_testable: bool = True

    def days_untested(self, now_ms: int) -> int | None:
        """Whole days since it was last seen to work in a walk test; None for never."""
        return max(0, now_ms - self.tested_ms) // _DAY_MS if self.tested_ms else None


@click.command()
@click.argument("gateway")
@store_option
@site_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a zone.")
@plain_errors
def zones(gateway: str, store: str, site: Path | None, as_json: bool) -> None:
    """Show the zones of GATEWAY: state, since when, and when each was last tested."""
    with Store(store, read_only=True) as opened:
        if gateway not in opened.gateways():
            known = ", ".join(opened.gateways()) or "none"
            raise click.ClickException(f"the store has no records of {gateway}; it has those of: {known}")
        rows = ((unpack(row.record), row.received_utc_ms) for row in opened.records(gateway))
        found = facts_of(rows)
    limit_days = _LONG_AGO_DAYS
    if site is not None:
        try:
            described = read_site(site).gateway(gateway)
        except KeyError as error:
            raise click.ClickException(f"{site}: {error.args[0]}") from error
        _add_site(found, described.zones)
        limit_days = (described.guard and described.guard.test_days) or limit_days
    now_ms = time.time_ns() // 1_000_000
    ordered = [found[number] for number in sorted(found)]
    for line in _json(ordered, now_ms) if as_json else _lines(ordered, now_ms, limit_days):
        click.echo(line)


def facts_of(rows: Iterable[tuple[Record, int]]) -> dict[int, ZoneFacts]:
    """What the records of a gateway, rising, each with the time it came in, say of its zones."""
    found: dict[int, ZoneFacts] = {}
    for record, received_ms in rows:
        if record.source != event.SOURCE_GATEWAY:
            _take(found.setdefault(record.source, ZoneFacts(record.source)), record, record.utc_ms or received_ms)
    return found


def _take(zone: ZoneFacts, record: Record, at_ms: int) -> None:
    if record.type in _STATES:
        zone.state = event.unpack_flags(record.flags)[0]
        zone.since_ms = at_ms
    elif record.type == event.TYPE_INHIBIT:
        zone.inhibited = record.count > 0
    elif record.type == event.TYPE_TEST and record.value == _WORKS:
        zone.tested_ms = at_ms


def _add_site(found: dict[int, ZoneFacts], described: list[Zone]) -> None:
    """Names, and zones that no record speaks of."""
    from .site_kinds import NO_WALK_TEST

    for zone in described:
        facts = found.setdefault(zone.number, ZoneFacts(zone.number))
        facts.name = zone.name
        facts.is_testable = not zone.does & NO_WALK_TEST


def _lines(zones: list[ZoneFacts], now_ms: int, limit_days: int) -> list[str]:
    names = [zone.name or f"zone {zone.number}" for zone in zones]
    width = max((len(name) for name in names), default=0)
    lines = []
    for zone, name in zip(zones, names, strict=True):
        state = event_names.STATE_NAMES[zone.state] + (", inhibited" if zone.inhibited else "")
        since = f"since {time_text(zone.since_ms)}" if zone.since_ms else "no record of its state"
        lines.append(f"{zone.number:>3}  {name:<{width}}  {state:<18}  {since:<30}  {_tested(zone, now_ms)}".rstrip())
    overdue = [
        f"{name} not tested for {zone.days_untested(now_ms)} days"
        for zone, name in zip(zones, names, strict=True)
        if zone.is_testable and (zone.days_untested(now_ms) or 0) >= limit_days
    ]
    return lines + overdue


def _tested(zone: ZoneFacts, now_ms: int) -> str:
    if not zone.is_testable:
        return ""
    days = zone.days_untested(now_ms)
    return "never tested" if days is None else f"tested {days} days ago" if days else "tested today"


def _json(zones: list[ZoneFacts], now_ms: int) -> list[str]:
    return [
        json.dumps(
            {
                "zone": zone.number,
                "name": zone.name,
                "state": event_names.STATE_NAMES[zone.state],
                "since_utc_ms": zone.since_ms or None,
                "inhibited": zone.inhibited,
                "last_tested_utc_ms": zone.tested_ms or None,
                "days_since_tested": zone.days_untested(now_ms),
                "is_testable": zone.is_testable,
            },
            ensure_ascii=False,
        )
        for zone in zones
    ]
