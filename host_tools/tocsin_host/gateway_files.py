"""What makes a board this gateway and no other: its configuration, its keys, its empty journal, as they lie in flash.

Role in the flow: provisioning, before stage 1; the firmware's `config.py` and `keystore.py` read it. Context: host.
"""

import json
from typing import Any

import tocsin_boards
from tocsin.anchor import first_anchor
from tocsin.errors import ConfigError
from tocsin.seal import key_id
from tocsin.slot import SECTOR_BYTES, encode_header

from .keys import GatewaySecrets
from .roster_table import build_table


def own_files(config: dict[str, Any], secrets: GatewaySecrets) -> dict[str, bytes]:
    """The files by absolute path. `config` comes from `compile_gateway`. The same input gives the same bytes.

    Raises: ConfigError when the gateway has a network and no passwords for it.
    """
    return {
        "/site.json": site_bytes(config),
        "/keys/key.id": key_id(secrets.k0),
        "/keys/link.key": secrets.link_key,
        **({"/roster": build_table(config["roster"], secrets.link_key)} if "roster" in config else {}),
        **({"/keys/service.key": secrets.service_key} if secrets.service_key else {}),
        **(_passwords(secrets) if "network" in config else {}),
    }


def site_json(config: dict[str, Any]) -> dict[str, Any]:
    """What of a configuration stands in /site.json: all but the roster, which is a file of its own."""
    return {key: value for key, value in config.items() if key != "roster"}


def site_bytes(config: dict[str, Any]) -> bytes:
    """/site.json as it lies in flash."""
    return json.dumps(site_json(config), separators=(",", ":"), sort_keys=True).encode()


def _passwords(secrets: GatewaySecrets) -> dict[str, bytes]:
    if secrets.network is None:
        raise ConfigError(
            f"{secrets.gateway}: no passwords for its network; run: tocsin provision SITE.toml --wifi SSID=FILE"
        )
    return {
        "/keys/wifi.key": secrets.network.wifi_password.encode(),
        "/keys/broker.key": secrets.network.broker_password.encode(),
    }


def reserved_areas(board: str, secrets: GatewaySecrets) -> list[list[bytes]]:
    """The reserved sectors of a new gateway, 4096 bytes each (docs/journal.md): empty rings, and the first key."""
    facts = tocsin_boards.load(board)
    rings = [
        [_sector(encode_header(ring, sector + 1, 0)) for sector in range(count)]
        for ring, count in enumerate(facts["journal_sectors"])
    ]
    keys = [_sector(b"")] * facts["key_sectors"]
    keys[0] = _sector(first_anchor(secrets.k0).encode())
    return [*rings, keys]


def _sector(data: bytes) -> bytes:
    return data + b"\xff" * (SECTOR_BYTES - len(data))
