"""`tocsin collect`: the collector as a program, listening on any number of ports.

Role in the flow: stages 9 and 10. Context: host.
"""

import os
import signal
import ssl
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING

import click

from .broker_passwords import HOST_PASSWORD_FILE
from .checkpoint_keeper import CheckpointKeeper
from .collector import Collector
from .finding_log import FindingLog
from .host_clock import file_clock, uptime_ms, wall_clock
from .keys import GatewaySecrets, load_secrets
from .lib_hash import lib_hash
from .log_key import has_log_key
from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .port_reader import QUEUED_EVENTS, PortEvent, PortReader
from .show import ZoneNames, make_show
from .silence import SILENT_AFTER_S, SilenceWatch
from .site_names import site_option
from .store import Store
from .update_courier import UpdateCourier

if TYPE_CHECKING:
    from .mqtt_reader import MqttReader

    Reader = PortReader | MqttReader

_PASSWORD_VARIABLE = "TOCSIN_MQTT_PASSWORD"
# How often the outbox is looked at while no byte comes.
_IDLE_S = 0.25
_STOP_PATIENCE_S = 1.0


@click.command()
@click.option(
    "--port",
    "urls",
    multiple=True,
    metavar="[NAME=]URL",
    help="A serial port or pyserial URL; may be repeated.",
)
@click.option(
    "--mqtt", "brokers", multiple=True, metavar="URL", help="A broker as mqtts://[USER@]HOST[:PORT]; may be repeated."
)
@click.option(
    "--mqtt-ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What may vouch for the broker's certificate (PEM), or itself.",
)
@click.option(
    "--mqtt-password-file",
    type=click.Path(path_type=Path),
    help="Password at the broker, if not in $TOCSIN_MQTT_PASSWORD. [default: collector.password beside the keys]",
)
@site_option
@store_option
@keys_option
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(min=0),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Sign a checkpoint that often when something was stored since; 0: never.",
)
@click.option(
    "--silence-s",
    type=click.FloatRange(min=1),
    default=SILENT_AFTER_S,
    show_default=True,
    metavar="SECONDS",
    help="Tell of a gateway that brought no new record for so long; it makes one every 10 s.",
)
@click.option("--clock", type=click.Path(path_type=Path), help="Take the time from this file: for simulations.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an event.")
@plain_errors
def collect(
    urls: tuple[str, ...],
    brokers: tuple[str, ...],
    mqtt_ca: Path | None,
    mqtt_password_file: Path | None,
    site: Path | None,
    store: str,
    keys: Path | None,
    checkpoint_every: float,
    silence_s: float,
    clock: Path | None,
    as_json: bool,
) -> None:
    """Listen on PORTs and MQTT brokers, verify every record, store it, and only then acknowledge it.

    Ends with Ctrl-C.
    """
    folder = keys_folder(keys, store)
    secrets = _load_all(folder)
    zones, people = _names(site) if site else ({}, {})
    queue: Queue[PortEvent] = Queue(QUEUED_EVENTS)
    password_file = mqtt_password_file or folder / HOST_PASSWORD_FILE
    readers: list[Reader] = [*_readers(urls, queue)]
    readers += _broker_readers(brokers, mqtt_ca, password_file, frozenset(secrets), queue)
    if not readers:
        raise click.UsageError("nowhere to listen: give --port URL or --mqtt URL")
    with Store(store) as opened, make_show(zones, as_json, "Tocsin collector") as show:
        now_ms = file_clock(clock) if clock else wall_clock
        # A simulation's clock is its only one; a real host's may be set, which must not make anybody silent.
        silence = SilenceWatch(secrets, now_ms if clock else uptime_ms, round(silence_s * 1000))
        updates = UpdateCourier(folder, FindingLog(opened, now_ms, show.event).note, show.event)
        lib = bytes.fromhex(lib_hash())
        collector = Collector(opened, secrets, lib, now_ms, show.event, silence, updates, people)
        signing = checkpoint_every > 0 and has_log_key(folder)
        if not signing:
            click.echo("no checkpoints are signed; make a log key with: tocsin checkpoint init NAME", err=True)
        keeper = CheckpointKeeper(opened, folder, now_ms, show.event, checkpoint_every) if signing else None
        stopping = _until_signal()
        for reader in readers:
            reader.start()
        serve(collector, queue, stopping, keeper)
        for reader in readers:
            reader.stop()
        for reader in readers:
            reader.join(_STOP_PATIENCE_S)


def serve(
    collector: Collector,
    queue: "Queue[PortEvent]",
    stopping: threading.Event,
    keeper: CheckpointKeeper | None = None,
) -> None:
    """Feed the collector from `queue` until `stopping` is set. What waits is taken before one commit, but not more:
    where one port never falls silent, the others must be acknowledged all the same."""
    while not stopping.is_set():
        try:
            _take(collector, queue.get(timeout=_IDLE_S))
            for _ in range(QUEUED_EVENTS):
                _take(collector, queue.get_nowait())
        except Empty:
            pass  # all is taken
        collector.flush()
        collector.send_commands()
        collector.obey_revocations()
        collector.tell_silence()
        collector.updates.tick()
        if keeper is not None:
            keeper.tick()


def _take(collector: Collector, event: PortEvent) -> None:
    if event.kind == "open":
        collector.opened(event.port, event.write)
    elif event.kind == "lost":
        collector.lost(event.port, event.detail)
    else:
        collector.receive(event.port, event.data)


def _until_signal() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _readers(urls: tuple[str, ...], queue: "Queue[PortEvent]") -> list[PortReader]:
    named = [_named(url) for url in urls]
    for name, _ in named:
        if [other for other, _ in named].count(name) > 1:
            raise click.ClickException(f"--port {name}: given twice; give each port a name of its own")
    try:
        return [PortReader(name, url, queue) for name, url in named]
    except ValueError as error:
        raise click.ClickException(f"--port: {error}; give a device or a pyserial URL") from error


def _broker_readers(
    urls: tuple[str, ...], ca: Path | None, password_file: Path, gateways: frozenset[str], queue: "Queue[PortEvent]"
) -> "list[MqttReader]":
    if not urls:
        return []
    from .mqtt_reader import Broker, MqttReader, parse_url

    password = os.environ.get(_PASSWORD_VARIABLE) or _read_password(password_file)
    try:
        brokers = [Broker(*parse_url(url), password, ca) for url in dict.fromkeys(urls)]
        return [MqttReader(broker, gateways, queue) for broker in brokers]
    except ValueError as error:
        raise click.ClickException(f"--mqtt: {error}") from error
    except ssl.SSLError as error:
        raise click.ClickException(f"--mqtt-ca {ca}: no certificate in PEM form ({error.reason})") from error


def _read_password(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip("\r\n")
    except FileNotFoundError as error:
        mend = f"provision a gateway with a network, set ${_PASSWORD_VARIABLE}, or give --mqtt-password-file"
        raise click.ClickException(f"{file}: no such file, so no password at the broker; {mend}") from error


def _named(url: str) -> tuple[str, str]:
    """(name, URL) of an argument `NAME=URL` or `URL`."""
    name, equals, rest = url.partition("=")
    return (name, rest) if equals and "/" not in name and ":" not in name else (url, url)


def _load_all(folder: Path) -> dict[str, GatewaySecrets]:
    found = [load_secrets(path) for path in sorted(folder.glob("*.secrets"))]
    if not found:
        mend = f"run: tocsin provision SITE.toml --keys {folder}"
        raise click.ClickException(f"{folder}: no gateway's secrets here; {mend}")
    return {secrets.gateway: secrets for secrets in found}


def _names(path: Path) -> tuple[ZoneNames, dict[int, str]]:
    """Names of zones by gateway and number, of persons by number."""
    site = read_site(path)
    zones = {gateway.name: {zone.number: zone.name for zone in gateway.zones} for gateway in site.gateways}
    return zones, {person.number: person.name for person in site.people}
