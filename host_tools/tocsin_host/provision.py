"""Provisioning a site: keys, passwords, images and labels for its gateways.

Role in the flow: before stage 1. Context: host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import ConfigError

from . import key_lock
from .broker_passwords import write_broker_passwords
from .database import is_url
from .image_uf2 import ImageError
from .keys import change_network, fingerprint, load_secrets, make_secrets, secrets_path, write_secrets
from .label import Label, label_page
from .log_key import has_log_key, make_log_key
from .private_file import encrypt_folder, lock_folder, make_key_folder
from .store import Store
from .trail import add_to_trail
from .update_key import PUBLIC_FILE, read_public
from .write_file import write_file

if TYPE_CHECKING:
    from .site_model import Gateway, Site

LABELS_FILE = "labels.html"


def prepare_folder(keys: Path, key_file: Path | None) -> Iterator[str]:
    """Make the folder of keys, locked; encrypt what an earlier version left there in the clear. Tells what it did."""
    make_key_folder(keys)
    if key_lock.is_locked(keys):
        encrypt_folder(keys)
        return
    lock_folder(keys, key_file)
    add_to_trail(keys, "locked")
    yield f"{keys}: locked; whoever loses the {'key file' if key_file else 'passphrase'} loses every key in it"
    for path in sorted(keys.glob("*.keys")):
        yield f"{path}: tells a gateway's key in the clear; move it out of this folder, or remove it"


def make_keys(site: Site, keys: Path, wifi: dict[str, str]) -> Iterator[str]:
    """Secrets for each gateway that has none, passwords for each with a network, a key for the log. Tells each."""
    for gateway in site.gateways:
        path = secrets_path(keys, gateway.name)
        new = not path.exists()
        if new:
            write_secrets(path, make_secrets(gateway.name))
        if gateway.network:
            _give_passwords(path, gateway.name, gateway.network.ssid, wifi)
        printed = fingerprint(load_secrets(path).k0)
        if new:
            add_to_trail(keys, "provisioned", gateway.name, fingerprint=printed)
        yield f"{gateway.name}: {'new keys' if new else 'keeps its keys'}, fingerprint {printed}"
    if any(gateway.network for gateway in site.gateways):
        path = write_broker_passwords(keys)
        yield f"passwords for the broker in {path}: docs/mqtt.md says how it takes them"
    if not has_log_key(keys):
        vkey = make_log_key(keys, f"{_slug(site.name)}/tocsin")
        add_to_trail(keys, "log key made", vkey=vkey.text())
        yield f"log: new key in {keys}; its public half, for everyone: {vkey.text()}"


def take_update_key(keys: Path, public: Path) -> str:
    """Keep the public key whose bundles the boards take that are flashed from now on; tells it. Raises: ConfigError."""
    known, kept = read_public(public), keys / PUBLIC_FILE
    is_another = kept.exists() and read_public(kept).key != known.key
    write_file(kept, (public / PUBLIC_FILE if public.is_dir() else public).read_bytes())
    add_to_trail(keys, "update key taken", key=known.key.hex())
    told = f"{kept}: boards flashed from now on take updates of this key"
    return f"{told}; those flashed before know another one, and take none of it" if is_another else told


def forget_keys(keys: Path, gateway: str, reason: str) -> None:
    """Destroy the keys of a gateway that never sealed a stored record, so that it gets new ones."""
    path = secrets_path(keys, gateway)
    printed = fingerprint(load_secrets(path).k0)
    add_to_trail(keys, "keys destroyed", gateway, fingerprint=printed, reason=reason)
    path.unlink()


def heard(store: str) -> set[str]:
    """The gateways with records in the store; none where there is no store yet."""
    if not is_url(store) and not (Path(store) / "tocsin.db").exists():
        return set()
    with Store(store, read_only=True) as opened:
        return set(opened.gateways())


def gateway_uf2(site: Site, gateway: str, keys: Path, compiled: dict[str, bytes] | None = None) -> bytes:
    """The image of one gateway, which takes updates signed with the key whose public half lies among the keys.

    Raises: ImageError, ConfigError.
    """
    from . import firmware_image
    from .image import gateway_image
    from .lib_hash import lib_hash
    from .site_compile import compile_gateway

    config = compile_gateway(site, gateway, lib_hash())
    firmware = firmware_image.load(str(config["board"]))
    secrets = load_secrets(secrets_path(keys, gateway))
    update = read_public(keys) if (keys / PUBLIC_FILE).exists() else None
    return gateway_image(firmware, config, secrets, compiled=compiled, update=update)


def write_images(site: Site, gateways: list[Gateway], keys: Path, out: Path) -> Iterator[str]:
    """One image for each of these gateways, readable by its owner only. Tells each, or why there is none."""
    from .image import device_files

    compiled = device_files() if gateways else {}
    for gateway in gateways:
        try:
            data = gateway_uf2(site, gateway.name, keys, compiled)
        except ImageError as error:
            yield f"{gateway.name}: no image written: {error}"
            continue
        path = out / f"{gateway.name}.uf2"
        write_file(path, data, private=True)
        yield f"{path}: holds the keys of {gateway.name}; flash it and remove it"


def write_labels(site: Site, keys: Path, out: Path) -> Path:
    """A page with a label for every gateway; where it is."""
    found = []
    for gateway in site.gateways:
        secrets = load_secrets(secrets_path(keys, gateway.name))
        found.append(Label(site.name, gateway.name, gateway.room or "", fingerprint(secrets.k0)))
    write_file(out / LABELS_FILE, label_page(found).encode())
    return out / LABELS_FILE


def wifi_passwords(arguments: tuple[str, ...], site: Site) -> dict[str, str]:
    """Passwords by SSID, of arguments `SSID=FILE`. Raises: ConfigError, OSError."""
    passwords = {}
    known = {gateway.network.ssid for gateway in site.gateways if gateway.network}
    for argument in arguments:
        ssid, equals, file = argument.rpartition("=")
        if not equals:
            raise ConfigError(f"--wifi {argument}: write it as SSID=FILE")
        if ssid not in known:
            raise ConfigError(f"--wifi {ssid}: no gateway of {site.name} uses this network")
        passwords[ssid] = Path(file).read_text("utf-8").strip("\r\n")
    return passwords


def _give_passwords(path: Path, gateway: str, ssid: str, passwords: dict[str, str]) -> None:
    if ssid in passwords:
        change_network(path, passwords[ssid])
    elif load_secrets(path).network is None:
        mend = f"give --wifi '{ssid}=FILE', where FILE holds it"
        raise ConfigError(f"{gateway}: no password for its wireless network; {mend}")


def _slug(name: str) -> str:
    """A site's name as a log's name can bear it."""
    return "-".join(re.findall(r"[^\W_]+", name.lower())) or "site"
