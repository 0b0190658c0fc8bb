"""`tocsin enrol`: secrets for every gateway of a site.

Role in the flow: provisioning, before stage 1. Context: host.
"""

import re
from pathlib import Path

import click
from tocsin.errors import ConfigError

from .broker_passwords import write_broker_passwords
from .keys import change_network, load_secrets, make_secrets, secrets_path, write_key_file, write_secrets
from .log_key import has_log_key, make_log_key
from .options import plain_errors, read_site


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    default=Path("store/keys"),
    show_default=True,
    help="Folder for the keys.",
)
@click.option(
    "--wifi",
    "wifi",
    multiple=True,
    metavar="SSID=FILE",
    help="FILE holds the password of the wireless network SSID; needed once, and when it changes.",
)
@plain_errors
def enrol(site: Path, keys: Path, wifi: tuple[str, ...]) -> None:
    """Make secrets and a verification key file for each gateway of SITE (TOML) that has none yet.

    Also the key of the host's log, which signs checkpoints, if there is none. Keep the folder as you keep the keys of
    the house: whoever reads it can make records. Gateways that have secrets keep them. For gateways with a network it
    writes broker.passwords, for the broker's administrator.
    """
    passwords = dict(map(_wifi_password, wifi))
    described = read_site(site)
    known = {gateway.network.ssid for gateway in described.gateways if gateway.network}
    if unknown := set(passwords) - known:
        raise ConfigError(f"--wifi {min(unknown)}: no gateway of {site} uses this network")
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for gateway in described.gateways:
        path = secrets_path(keys, gateway.name)
        new = not path.exists()
        if new:
            write_secrets(path, make_secrets(gateway.name))
        if gateway.network:
            _give_passwords(path, gateway.name, gateway.network.ssid, passwords)
        write_key_file(keys / f"{gateway.name}.keys", load_secrets(path))
        click.echo(f"{gateway.name}: {'new secrets' if new else 'keeps its secrets'} in {path}")
    if known:
        path = write_broker_passwords(keys)
        click.echo(f"passwords for the broker in {path}: docs/mqtt.md says how it takes them")
    if not has_log_key(keys):
        vkey = make_log_key(keys, f"{_slug(described.name)}/tocsin")
        click.echo(f"log: new key in {keys}; its public half, for everyone: {vkey.text()}")


def _give_passwords(path: Path, gateway: str, ssid: str, passwords: dict[str, str]) -> None:
    if ssid in passwords:
        change_network(path, passwords[ssid])
    elif load_secrets(path).network is None:
        mend = f"give --wifi '{ssid}=FILE', where FILE holds it"
        raise ConfigError(f"{gateway}: no password for its wireless network; {mend}")


def _wifi_password(argument: str) -> tuple[str, str]:
    """(SSID, password) of an argument `SSID=FILE`."""
    ssid, equals, file = argument.rpartition("=")
    if not equals:
        raise ConfigError(f"--wifi {argument}: write it as SSID=FILE")
    return ssid, Path(file).read_text("utf-8").strip("\r\n")


def _slug(name: str) -> str:
    """A site's name as a log's name can bear it."""
    return "-".join(re.findall(r"[^\W_]+", name.lower())) or "site"
