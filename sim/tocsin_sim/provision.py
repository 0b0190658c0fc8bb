"""The flash of a virtual gateway, as provisioning and flashing would leave it.

Role in the flow: before stage 1. Context: CPython.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import tocsin_boards
from tocsin_host import image_littlefs
from tocsin_host.gateway_files import own_files, reserved_areas
from tocsin_host.keys import GatewaySecrets


def simulated_secrets(gateway: str, seed: int) -> GatewaySecrets:
    """Keys that repeat with the seed, so that a run repeats to the byte. For simulation only: anyone can work them
    out.
    """
    k0, link_key = (sha256(f"tocsin simulated {use}/{seed}/{gateway}".encode()).digest() for use in ("seal", "link"))
    return GatewaySecrets(gateway, k0, link_key)


def flash(folder: Path, secrets: GatewaySecrets, config: dict[str, Any]) -> None:
    """Lay out `folder` as a fresh gateway: its flash chip's file system in `flash.bin`."""
    folder.mkdir(parents=True)
    blocks = tocsin_boards.load(config["board"])["filesystem_blocks"]
    areas = reserved_areas(config["board"], secrets)
    (folder / "flash.bin").write_bytes(image_littlefs.build(own_files(config, secrets), blocks, areas))
