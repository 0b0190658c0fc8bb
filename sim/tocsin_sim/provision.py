"""The flash of a virtual gateway, as provisioning and flashing would leave it.

Role in the flow: before stage 1. Context: CPython.
"""

from collections.abc import Mapping
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


def flash(
    folder: Path, secrets: GatewaySecrets, config: dict[str, Any], others: Mapping[str, bytes] | None = None
) -> None:
    """Lay out `folder` as a fresh gateway: its flash chip in `flash.bin`. `others` come beside its files."""
    folder.mkdir(parents=True)
    blocks = tocsin_boards.load(config["board"])["filesystem_blocks"]
    areas = reserved_areas(config["board"], secrets)
    files = {**own_files(config, secrets), **(others or {})}
    (folder / "flash.bin").write_bytes(image_littlefs.build(files, blocks, areas))
