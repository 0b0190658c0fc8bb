"""No module of ours has another's name: on a board `sys.path` begins with '', so ours would hide it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("lib", "boards", "firmware", "host_tools", "sim")
PACKAGES = {"tocsin", "tocsin_boards", "tocsin_fw", "tocsin_host", "tocsin_sim"}
# Built into MicroPython's ports, or frozen there.
MICROPYTHON = set(
    """
    array binascii bluetooth btree cmath collections cryptolib deflate dht ds18x20 errno esp esp32 espnow
    framebuf gc hashlib heapq io json lwip machine math micropython mip neopixel network ntptime onewire os
    platform random re requests rp2 select socket ssl struct sys time tls uasyncio uctypes vfs webrepl
    websocket
    """.split()
)
BLINKA = set(
    """
    adafruit_blinka adafruit_platformdetect analogio bitbangio board busio countio digitalio keypad
    microcontroller micropython neopixel_write onewireio pulseio pwmio rainbowio
    """.split()
)
TAKEN = set(sys.stdlib_module_names) | MICROPYTHON | BLINKA
BOARD_ROOT = {"main.py", "boot.py"}


def top_level_names() -> list[str]:
    """What our folders put on sys.path."""
    entries = [entry for folder in FOLDERS for entry in (ROOT / folder).iterdir()]
    modules = [e.stem for e in entries if e.suffix == ".py" and e.name not in BOARD_ROOT]
    return modules + [e.name for e in entries if (e / "__init__.py").exists()]


def test_top_level_names_are_the_five_packages():
    assert sorted(top_level_names()) == sorted(PACKAGES)


def test_no_package_hides_another():
    assert not PACKAGES & TAKEN


def test_no_shared_module_is_named_like_a_built_in():
    """Copied to a board's root by mistake it would hide the built-in."""
    shared = [p for f in ("lib", "boards", "firmware") for p in (ROOT / f).rglob("*.py")]
    clashes = sorted(str(p.relative_to(ROOT)) for p in shared if p.stem in TAKEN)
    assert not clashes, f"rename: {clashes}"


def test_only_main_and_boot_lie_at_the_boards_root():
    assert {p.name for p in (ROOT / "firmware").glob("*.py")} <= BOARD_ROOT


def test_test_files_have_unique_names():
    """One flat name space, so that a failure names one file."""
    names = [p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py"]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice
