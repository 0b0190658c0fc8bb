"""`tocsin collect`: the collector as a program, listening on any number of ports.

Role in the flow: stages 9 and 10. Context: host.
"""

import signal
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

import click

from .collector import Collector
from .host_clock import file_clock, wall_clock
from .keys import GatewaySecrets, load_secrets
from .lib_hash import lib_hash
from .options import keys_option, plain_errors, store_option
from .port_reader import PortEvent, PortReader
from .show import ZoneNames, make_show
from .store import Store

# How often the outbox is looked at while no byte comes.
_IDLE_S = 0.25


@click.command()
@click.option("--port", "urls", multiple=True, required=True, metavar="[NAME=]URL", help="A serial port or pyserial URL; may be repeated.")
@click.option("--site", type=click.Path(path_type=Path), help="Site description, for the names of zones.")
@store_option
@keys_option
@click.option("--clock", type=click.Path(path_type=Path), help="Take the time from this file: for simulations.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an event.")
@plain_errors
def collect(
    urls: tuple[str, ...], site: Path | None, store: Path, keys: Path | None, clock: Path | None, as_json: bool
) -> None:
    """Listen on PORTs, verify every record, store it, and only then acknowledge it. Ends with Ctrl-C."""
    queue: SimpleQueue[PortEvent] = SimpleQueue()
    secrets = _load_all(keys or store / "keys")
    names = _zone_names(site) if site else {}
    with Store(store) as opened, make_show(names, as_json, "Tocsin collector") as show:
        now_ms = file_clock(clock) if clock else wall_clock
        collector = Collector(opened, secrets, bytes.fromhex(lib_hash()), now_ms, show.event)
        readers = [PortReader(*_named(url), queue) for url in urls]
        for reader in readers:
            reader.start()
        serve(collector, queue, _until_signal())


def serve(collector: Collector, queue: "SimpleQueue[PortEvent]", stopping: threading.Event) -> None:
    """Feed the collector from `queue` until `stopping` is set. Everything that waits is taken before one commit."""
    while not stopping.is_set():
        try:
            _take(collector, queue.get(timeout=_IDLE_S))
            while not queue.empty():
                _take(collector, queue.get_nowait())
        except Empty:
            collector.send_commands()
        collector.flush()


def _take(collector: Collector, event: PortEvent) -> None:
    name = event.port.port_name
    if event.kind == "open":
        collector.opened(name, event.port.write)
    elif event.kind == "lost":
        collector.lost(name, event.detail)
    else:
        collector.receive(name, event.data)


def _until_signal() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _named(url: str) -> tuple[str, str]:
    """(name, URL) of an argument `NAME=URL` or `URL`."""
    name, equals, rest = url.partition("=")
    return (name, rest) if equals and "/" not in name and ":" not in name else (url, url)


def _load_all(folder: Path) -> dict[str, GatewaySecrets]:
    found = [load_secrets(path) for path in sorted(folder.glob("*.secrets"))]
    if not found:
        raise click.ClickException(f"{folder}: no gateway's secrets here; run: tocsin enrol SITE.toml --keys {folder}")
    return {secrets.gateway: secrets for secrets in found}


def _zone_names(site: Path) -> ZoneNames:
    from .site import load_site

    return {
        gateway.name: {zone.number: zone.name for zone in gateway.zones} for gateway in load_site(site).gateways
    }
