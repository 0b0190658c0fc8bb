"""The flash of a virtual gateway, as provisioning and flashing would leave it.

Role in the flow: before stage 1. Context: CPython.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

from tocsin_host.gateway_files import own_files
from tocsin_host.keys import GatewaySecrets


def simulated_secrets(gateway: str, seed: int) -> GatewaySecrets:
    """Keys that repeat with the seed, so that a run repeats to the byte. For simulation only: anyone can work them
    out.
    """
    k0, link_key = (sha256(f"tocsin simulated {use}/{seed}/{gateway}".encode()).digest() for use in ("seal", "link"))
    return GatewaySecrets(gateway, k0, link_key)


def flash(folder: Path, secrets: GatewaySecrets, config: dict[str, Any]) -> None:
    """Lay out `folder` as the file system of a fresh gateway."""
    (folder / "keys").mkdir(parents=True)
    for name, data in own_files(config, secrets).items():
        (folder / name.removeprefix("/")).write_bytes(data)
