"""The secrets of a gateway on the host: where its seal and its link begin.

Role in the flow: provisioning, then stages 9 and 10. Context: host. Keys are made here and not on the device,
because the RP2040 has no good source of randomness. One JSON file for each gateway, readable by its owner
only, and encrypted where the folder is locked (`key_lock.py`).
"""

from __future__ import annotations

import json
import os
import secrets as randomness
from pathlib import Path
from typing import NamedTuple

from tocsin.errors import ConfigError, RecordError
from tocsin.seal import key_id
from tocsin.tlog import check_name, key_file_text

from .private_file import read_private, write_private
from .write_file import write_file

SECRETS_FORMAT = "tocsin-gateway-secrets-1"
_KEY_BYTES = 32


class NetworkSecrets(NamedTuple):
    """Passwords of a gateway's second path: the wireless network's, and the broker's, where its user is its name."""

    wifi_password: str
    broker_password: str


class GatewaySecrets(NamedTuple):
    """`k0` is the first key of the seal, `link_key` authenticates the link, `service_key` a technician; 32 bytes each.

    No service key: keys of an earlier version.
    """

    gateway: str
    k0: bytes
    link_key: bytes
    network: NetworkSecrets | None = None
    service_key: bytes | None = None


def make_secrets(gateway: str) -> GatewaySecrets:
    """New random secrets. Raises: RecordError for a bad name."""
    check_name(gateway)
    k0, link_key, service_key = (os.urandom(_KEY_BYTES) for _ in range(3))
    return GatewaySecrets(gateway, k0, link_key, service_key=service_key)


def fingerprint(k0: bytes) -> str:
    """The key's id in a hello, as people read it: "1a2b-3c4d-5e6f-7081". Tells nothing of the key."""
    digits = key_id(k0).hex()
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def secrets_path(folder: str | Path, gateway: str) -> Path:
    """Where the secrets of a gateway lie in a folder of keys."""
    return Path(folder) / f"{gateway}.secrets"


def write_secrets(path: str | Path, secrets: GatewaySecrets) -> None:
    """Write with mode 0600. Raises: ConfigError when the file exists: a first key is never replaced."""
    if Path(path).exists():
        raise ConfigError(f"{path}: exists already; a gateway keeps its keys. Move the file away to give it new ones")
    _write(path, secrets)


def change_network(path: str | Path, wifi_password: str) -> GatewaySecrets:
    """Give the gateway whose secrets lie at `path` another wireless password, and one for the broker if it has none.

    Its keys stay. Raises: ConfigError.
    """
    if not (8 <= len(wifi_password) <= 63 and wifi_password.isascii() and wifi_password.isprintable()):
        raise ConfigError("a wireless network's password has 8 to 63 printable ASCII characters (WPA2)")
    secrets = load_secrets(path)
    broker_password = secrets.network.broker_password if secrets.network else new_password()
    secrets = secrets._replace(network=NetworkSecrets(wifi_password, broker_password))
    _write(path, secrets)
    return secrets


def new_password() -> str:
    """32 letters and digits that nobody can guess."""
    return randomness.token_urlsafe(24)


def load_secrets(path: str | Path) -> GatewaySecrets:
    """Read secrets. Raises: ConfigError saying what is wrong and what to do."""
    return _parse(path, read_private(path, "`tocsin provision` makes the secrets of a site's gateways"))


def _write(path: str | Path, secrets: GatewaySecrets) -> None:
    fields = {
        "format": SECRETS_FORMAT,
        "gateway": secrets.gateway,
        "k0": secrets.k0.hex(),
        "link_key": secrets.link_key.hex(),
        **({"service_key": secrets.service_key.hex()} if secrets.service_key else {}),
        **(secrets.network._asdict() if secrets.network else {}),
    }
    write_private(path, json.dumps(fields) + "\n")


def _parse(path: str | Path, text: str) -> GatewaySecrets:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path}: not a secrets file: {error}") from error
    if not isinstance(fields, dict) or fields.get("format") != SECRETS_FORMAT:
        raise ConfigError(f'{path}: not a secrets file: "format" must be "{SECRETS_FORMAT}"')
    gateway = fields.get("gateway")
    try:
        check_name(gateway if isinstance(gateway, str) else "")
    except RecordError as error:
        raise ConfigError(f"{path}: {error}") from error
    service_key = _key(path, fields, "service_key") if "service_key" in fields else None
    k0, link_key = _key(path, fields, "k0"), _key(path, fields, "link_key")
    return GatewaySecrets(str(gateway), k0, link_key, _network(path, fields), service_key)


def _key(path: str | Path, fields: dict[str, object], name: str) -> bytes:
    try:
        key = bytes.fromhex(str(fields.get(name)))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(f'{path}: "{name}" must be {2 * _KEY_BYTES} hexadecimal digits')
    return key


def _network(path: str | Path, fields: dict[str, object]) -> NetworkSecrets | None:
    passwords = [fields.get(name) for name in NetworkSecrets._fields]
    if passwords == [None, None]:
        return None
    if not all(isinstance(password, str) and password for password in passwords):
        raise ConfigError(f'{path}: "wifi_password" and "broker_password" must both be text, or both be absent')
    return NetworkSecrets(*map(str, passwords))


def write_key_file(path: str | Path, secrets: GatewaySecrets) -> None:
    """Write the verification key file (.keys), mode 0600: whoever reads it can make records too."""
    write_file(path, key_file_text(secrets.gateway, secrets.k0).encode(), private=True)
