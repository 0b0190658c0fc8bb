"""The flash of a virtual gateway, as provisioning and flashing would leave it.

Role in the flow: before stage 1. Context: CPython.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from tocsin.anchor import first_anchor
from tocsin.seal import key_id
from tocsin_host.keys import GatewaySecrets


def simulated_secrets(gateway: str, seed: int) -> GatewaySecrets:
    """Keys that repeat with the seed, so that a run repeats to the byte. For simulation only: anyone can work them
    out.
    """
    k0, link_key = (sha256(f"tocsin simulated {use}/{seed}/{gateway}".encode()).digest() for use in ("seal", "link"))
    return GatewaySecrets(gateway, k0, link_key)


def flash(folder: Path, secrets: GatewaySecrets, config: dict[str, Any]) -> None:
    """Lay out `folder` as the file system of a fresh gateway."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    (keys / "anchor.a").write_bytes(first_anchor(secrets.k0).encode())
    (keys / "link.key").write_bytes(secrets.link_key)
    (keys / "key.id").write_bytes(key_id(secrets.k0))
    (folder / "site.json").write_text(json.dumps(config))
