"""`make size`: what our code costs on the board, measured on the emulated one.

Role in the flow: tier T2. Context: CPython. Prints a table: module, bytes of its .mpy, bytes of heap it takes when
imported, and milliseconds (emulated); then the heap left with the whole firmware running. Exit code 1 below the limit.
"""

import ast
import importlib.util
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tocsin_host import device_modules, device_names, firmware_image, image, image_uf2
from tocsin_host.gateway_files import reserved_areas
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.update_key import UpdatePublic

from tocsin_sim.emulator.board import EmulatedBoard

HEAP_FREE_MIN_BYTES = 80 * 1024
HEAP_FREE_LARGEST_MIN_BYTES = 60 * 1024
_LARGEST = Path(__file__).parents[2] / "sites" / "largest.toml"
# The firmware, as main.py brings it in.
_ROOT = "tocsin_fw.app"
_HARDWARE = "tocsin_fw.hal_rp2"

_IMPORT_MAIN = """
import gc, sys, time
sys.path[:] = [".frozen", "/lib"]
time.sleep_ms(200)
import asyncio, json, machine, rp2
for name in %r:
    gc.collect(); before = gc.mem_alloc(); start = time.ticks_us()
    __import__(name)
    spent = time.ticks_diff(time.ticks_us(), start); gc.collect()
    print("MODULE", name, gc.mem_alloc() - before, spent)
print("END")
"""

# Put into the gateway's own main.py, which has got everything ready there.
_START = "    start.run("
_TELLER = """
    import asyncio
    from tocsin_fw import supervisor
    run = supervisor.Supervisor.run
    async def tell():
%s
    async def told(self):
        asyncio.create_task(tell())
        await run(self)
    supervisor.Supervisor.run = told
"""
_TELL_HEAP = """
        await asyncio.sleep_ms(1500)
        gc.collect()
        print("HEAP", gc.mem_free(), gc.mem_alloc(), "END")
"""
SMALL_SITE: dict[str, object] = {
    "gateway": "size",
    "board": "pico_w",
    "lib_hash": "00" * 8,
    "zones": [
        {"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1333"},
        {"zone": 2, "type": "contact", "pin": 3, "rest": 0, "modes": "1333"},
        {"zone": 3, "type": "contact", "pin": 4, "rest": 0, "modes": "3333"},
        {
            "zone": 4,
            "type": "loop",
            "adc": 0,
            "normal_from_mv": 526,
            "alarm_from_mv": 1502,
            "open_from_mv": 2632,
            "modes": "1333",
        },
    ],
}


def main() -> int:
    """Print the table and the heap left; return the exit code."""
    files = image.device_files()
    try:
        firmware = firmware_image.load("pico_w")
    except image_uf2.ImageError as error:
        _print_table({}, files)
        print(f"heap not measured: {error}")
        return 0
    _print_table(_imported(firmware, files), files)
    small = _told("a small site", heap_free_running(firmware), HEAP_FREE_MIN_BYTES)
    largest = _told("the largest site", heap_free_running(firmware, largest_site()), HEAP_FREE_LARGEST_MIN_BYTES)
    return 0 if small and largest else 1


def _told(site: str, free_bytes: int, least_bytes: int) -> bool:
    """Print what is free on a site, and whether it is enough."""
    is_enough = free_bytes >= least_bytes
    verdict = "enough" if is_enough else "TOO LITTLE"
    print(f"heap free with {site} running (emulated): {free_bytes} bytes, {least_bytes} needed: {verdict}")
    return is_enough


def largest_site() -> dict[str, object]:
    """The device configuration of `sim/sites/largest.toml`: every kind of zone at once."""
    site = load_site(_LARGEST)
    return compile_gateway(site, site.gateways[0].name, lib_hash())


def _imported(firmware: bytes, files: dict[str, bytes]) -> dict[str, tuple[int, int]]:
    """{module: (heap bytes, import µs)}, each without what it imports itself: that is brought in before it."""
    order: list[str] = []
    for root in (_HARDWARE, _ROOT):
        _add_after_imports(root, order)
    order = [name for name in order if any(path in files for path in _paths(name))]
    uf2 = image.build(firmware, {**files, "/main.py": (_IMPORT_MAIN % (tuple(order),)).encode()})
    board = _board(uf2)
    lines = [line.split() for line in board.expect(b"END", limit_ms=60_000).decode().splitlines()]
    return {line[1]: (int(line[2]), int(line[3])) for line in lines if line[:1] == ["MODULE"]}


def _paths(name: str) -> tuple[str, str]:
    """Where a module or package lies on a board."""
    path = "/lib/" + name.replace(".", "/")
    return path + ".mpy", path + "/__init__.mpy"


def _add_after_imports(name: str, order: list[str]) -> None:
    """Append `name` to `order` after every module of ours that it imports at its top."""
    spec = importlib.util.find_spec(name)
    if name in order or spec is None or spec.origin is None:
        return
    package = name if spec.submodule_search_locations else name.rpartition(".")[0]
    if package != name:
        _add_after_imports(package, order)
    for statement in ast.parse(Path(spec.origin).read_text()).body:
        for imported in _imported_names(statement, package):
            if imported.partition(".")[0] in device_modules.PACKAGES:
                _add_after_imports(imported, order)
    if name not in order:
        order.append(name)


def _imported_names(statement: ast.stmt, package: str) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if not isinstance(statement, ast.ImportFrom):
        return []
    base = statement.module or ""
    if statement.level:
        base = f"{package}.{base}".rstrip(".")
    # `from package import module` brings in the module, `from module import name` the module it names.
    return [base, *(f"{base}.{alias.name}" for alias in statement.names if _is_module(f"{base}.{alias.name}"))]


def _is_module(name: str) -> bool:
    # Only packages have modules in them; looking into a module would import it, and some run on the chip only.
    package = importlib.util.find_spec(name.rpartition(".")[0])
    is_package = package is not None and package.submodule_search_locations is not None
    return is_package and importlib.util.find_spec(name) is not None


def heap_free_running(firmware: bytes, config: dict[str, object] = SMALL_SITE) -> int:
    """Bytes of heap free with the whole firmware running, on the small site or another."""
    secrets = GatewaySecrets(str(config["gateway"]), bytes(32), bytes(32))
    board = _board(telling_image(firmware, config, secrets, _TELL_HEAP))
    board.expect(b"HEAP ", limit_ms=20_000)
    return int(board.expect(b"END").split()[0])


def telling_image(
    firmware: bytes, config: dict[str, object], secrets: GatewaySecrets, tell: str, update: UpdatePublic | None = None
) -> bytes:
    """The image of a gateway as it is flashed, but for a task beside its own: `tell` is what that does, indented."""
    main = device_modules.main_text()
    assert main.count(_START) == 1
    text = device_names.replaced(main.replace(_START, _TELLER % tell + _START), device_modules.words())
    files = {**image.gateway_files(config, secrets, None, update), "/main.py": text.encode()}
    return image.build(firmware, files, reserved_areas(str(config["board"]), secrets))


def _board(uf2: bytes) -> EmulatedBoard:
    return EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES))


def _print_table(figures: dict[str, tuple[int, int]], files: dict[str, bytes]) -> None:
    table = Table("module", "mpy bytes", "heap bytes", "import ms (emulated)", title="Code on the board")
    for path, data in sorted(files.items()):
        name = path.removeprefix("/lib/").removesuffix(".mpy").replace("/", ".").removesuffix(".__init__")
        heap_bytes, import_us = figures.get(name, (0, 0))
        known = name in figures
        table.add_row(
            name, str(len(data)), str(heap_bytes) if known else "-", f"{import_us / 1000:.1f}" if known else "-"
        )
    table.add_row("total", str(sum(map(len, files.values()))), str(sum(heap for heap, _ in figures.values())), "")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
