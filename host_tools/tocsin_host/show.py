"""Live view of what a collector hears: a screen for people at a terminal, lines for everything else.

Role in the flow: stage 11. Context: host.
"""

import json
import sys
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

from tocsin.event import SOURCE_GATEWAY

from .describe import time_text

if TYPE_CHECKING:
    from rich.console import RenderableType

_ROWS = 16
_REFRESH_PER_S = 8

# {gateway: {zone number: zone name}}
ZoneNames = Mapping[str, Mapping[int, str]]
Event = Mapping[str, Any]

# What comes every few seconds is counted, not shown.
_QUIET_TYPES = ("heartbeat", "transition")
_STYLES = {
    "alarm": "bold red",
    "tamper": "bold magenta",
    "fault": "bold yellow",
    "trouble": "bold yellow",
    "overflow": "bold yellow",
    "chatter": "yellow",
    "restore": "green",
    "activity": "cyan",
}


class Show(Protocol):
    """Takes events of the collector as they come; a context manager around the run."""

    def event(self, event: Event) -> None:
        """One event, as `Collector` reports it."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def make_show(names: ZoneNames, as_json: bool, title: str) -> Show:
    """The right view for where standard output goes."""
    if as_json:
        return JsonShow()
    return ScreenShow(names, title) if sys.stdout.isatty() else LineShow(names)


class _Plain:
    """A view that needs no beginning and no end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class JsonShow(_Plain):
    """One JSON object a line, every event, for machines."""

    def event(self, event: Event) -> None:
        """Print it."""
        print(json.dumps(event, ensure_ascii=False), flush=True)


class LineShow(_Plain):
    """One line of text for each event that people care for."""

    def __init__(self, names: ZoneNames) -> None:
        self._names = names

    def event(self, event: Event) -> None:
        """Print it, unless it is one of those that come all the time."""
        if event.get("type") not in _QUIET_TYPES:
            print("  ".join(_cells(event, self._names)).rstrip(), flush=True)


class ScreenShow:
    """A screen: one row for each gateway, below it the latest events."""

    def __init__(self, names: ZoneNames, title: str) -> None:
        from rich.live import Live

        self._names = names
        self._title = title
        self._latest: deque[Event] = deque(maxlen=_ROWS)
        self._gateways: dict[str, dict[str, int]] = {}
        self._live = Live(get_renderable=self._render, refresh_per_second=_REFRESH_PER_S)

    def event(self, event: Event) -> None:
        """Count it; keep it for the next refresh."""
        if "gateway" in event:
            self._count(self._gateways.setdefault(event["gateway"], {"records": 0, "findings": 0, "utc_ms": 0}), event)
        if event.get("type") not in _QUIET_TYPES:
            self._latest.append(event)

    def _count(self, state: dict[str, int], event: Event) -> None:
        if event["event"] == "record":
            state["records"] += 1
            state["utc_ms"] = event["utc_ms"]
        elif event["event"] == "finding":
            state["findings"] += 1

    def _render(self) -> "RenderableType":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        gateways = Table("gateway", "last record", "records verified", "findings", title=self._title, expand=True)
        for name, state in sorted(self._gateways.items()):
            cells = (name, time_text(state["utc_ms"]), str(state["records"]), str(state["findings"]))
            gateways.add_row(*map(Text, cells), style="bold red" if state["findings"] else "")
        latest = Table("time", "gateway", "zone", "event", "detail", expand=True)
        for event in self._latest:
            # Text: a zone's name in brackets is a name and no markup.
            latest.add_row(*(Text(cell.strip()) for cell in _cells(event, self._names)), style=_style(event))
        return Group(gateways, latest)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def _style(event: Event) -> str:
    if event["event"] in ("finding", "error"):
        return "bold red"
    return _STYLES.get(event.get("type", ""), "")


def _cells(event: Event, names: ZoneNames) -> tuple[str, str, str, str, str]:
    """(time, gateway, zone, what, detail), padded for a plain line."""
    kind = str(event["event"])
    gateway = str(event.get("gateway", ""))
    if kind == "record":
        zone = "gateway" if event["source"] == SOURCE_GATEWAY else _zone(event, names)
        return (
            time_text(event["utc_ms"]).ljust(24),
            f"{gateway:<10}",
            f"{zone:<16}",
            f"{event['type']:<9}",
            event["text"],
        )
    what = f"{kind} {event.get('kind', event.get('state', ''))}".rstrip()
    # A broker's URL is longer than any column: a port stands before what is said of it.
    detail = ": ".join(str(event[key]) for key in ("port", "detail") if event.get(key))
    return " " * 24, f"{gateway:<10}", " " * 16, f"{what:<9}", detail


def _zone(event: Event, names: ZoneNames) -> str:
    return names.get(event["gateway"], {}).get(event["source"], f"zone {event['source']}")
