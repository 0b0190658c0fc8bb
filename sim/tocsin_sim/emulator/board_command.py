"""`tocsin sim board`: an emulated board to attach to.

Role in the flow: tier T2, by hand. Context: CPython.
"""

import signal
import threading
from pathlib import Path
from typing import Any

import click
from tocsin_host import firmware_image, image, image_uf2
from tocsin_host.keys import GatewaySecrets, load_secrets, make_secrets, secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.options import plain_errors
from tocsin_host.site import SiteError, load_site
from tocsin_host.site_compile import compile_gateway

from tocsin_sim.emulator.attach import AttachedBoard
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.emulator.wiring import Wiring

_BOARD = "pico_w"
_MUSEUM = Path(__file__).parents[2] / "sites" / "museum.toml"
_PORT = Path("build") / "emulated-board"


@click.command()
@click.option(
    "--service", is_flag=True, help="The console is open, the firmware is there but does not run: for mpremote."
)
@click.option("--site", type=click.Path(path_type=Path), default=_MUSEUM, help="Another site than the town museum.")
@click.option("--gateway", help="Which gateway of the site to be. [default: the first]")
@click.option("--keys", type=click.Path(path_type=Path), default=Path("build/emulated-keys"), show_default=True)
@click.option(
    "--port", type=click.Path(path_type=Path), default=_PORT, show_default=True, help="Where the port appears."
)
@plain_errors
def board(service: bool, site: Path, gateway: str | None, keys: Path, port: Path) -> None:
    """Run the official image with our firmware on an emulated Pico W whose USB port is a pseudo-terminal.

    Its contacts, loops and sensors are at rest. Ends with Ctrl-C.
    """
    firmware = firmware_image.load(_BOARD)
    config = None if service else _config(site, gateway)
    uf2 = image.gateway_image(firmware, config, _secrets(keys, config)) if config else _service_image(firmware)
    port.parent.mkdir(parents=True, exist_ok=True)
    chip = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), TYPICAL)
    if config:
        Wiring(chip, config).at_rest()
    attached = AttachedBoard(chip, port)
    click.echo(f"an emulated Pico W is on {port}; attach with:")
    if service:
        click.echo(f"  mpremote connect {port} fs ls")
    else:
        click.echo(f"  tocsin collect --keys {keys} --port {port}")
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        attached.serve(over.is_set)
    finally:
        attached.close()


def _service_image(firmware: bytes) -> bytes:
    """Our firmware is there and does not run."""
    return image.build(firmware, image.plain_device_files())


def _config(site: Path, gateway: str | None) -> dict[str, Any]:
    """Device configuration of a gateway of the site, the first unless named, on this board."""
    try:
        described = load_site(site)
        name = gateway or described.gateways[0].name
        return {**compile_gateway(described, name, lib_hash()), "board": _BOARD}
    except (SiteError, KeyError) as error:
        raise click.ClickException(str(error)) from error


def _secrets(keys: Path, config: dict[str, Any]) -> GatewaySecrets:
    """Those of the gateway, made when there are none."""
    path = secrets_path(keys, config["gateway"])
    if not path.exists():
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secrets(path, make_secrets(config["gateway"]))
    return load_secrets(path)
