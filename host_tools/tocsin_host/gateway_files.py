"""What makes a board this gateway and no other: its configuration and its keys, as they lie in its flash.

Role in the flow: provisioning, before stage 1; the firmware's `config.py` and `keystore.py` read it. Context: host.
"""

import json
from typing import Any

from tocsin.anchor import first_anchor
from tocsin.errors import ConfigError
from tocsin.seal import key_id

from .keys import GatewaySecrets


def own_files(config: dict[str, Any], secrets: GatewaySecrets) -> dict[str, bytes]:
    """The files by absolute path. `config` comes from `compile_gateway`. The same input gives the same bytes.

    Raises: ConfigError when the gateway has a network and no passwords for it.
    """
    return {
        "/site.json": json.dumps(config, separators=(",", ":"), sort_keys=True).encode(),
        "/keys/anchor.a": first_anchor(secrets.k0).encode(),
        "/keys/key.id": key_id(secrets.k0),
        "/keys/link.key": secrets.link_key,
        **(_passwords(secrets) if "network" in config else {}),
    }


def _passwords(secrets: GatewaySecrets) -> dict[str, bytes]:
    if secrets.network is None:
        raise ConfigError(
            f"{secrets.gateway}: no passwords for its network; run: tocsin enrol SITE.toml --wifi SSID=FILE"
        )
    return {
        "/keys/wifi.key": secrets.network.wifi_password.encode(),
        "/keys/broker.key": secrets.network.broker_password.encode(),
    }
