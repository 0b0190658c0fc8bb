"""mpremote works against the emulated board as against a real one in service mode."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tocsin_host import image, image_uf2
from tocsin_sim.emulator.attach import AttachedBoard
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL


@pytest.fixture
def port(official_image: bytes, tmp_path: Path) -> Iterator[Path]:
    """The port of a board in service mode: our packages are there, no main.py runs."""
    uf2 = image.build(official_image, image.plain_device_files())
    board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), TYPICAL)
    board.run_for_ms(100)
    attached = AttachedBoard(board, tmp_path / "port")
    over = threading.Event()
    thread = threading.Thread(target=attached.serve, args=(over.is_set,))
    thread.start()
    yield tmp_path / "port"
    over.set()
    thread.join()
    attached.close()


def _mpremote(port: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", str(port), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_exec_fs_run_and_reset(port: Path, tmp_path: Path) -> None:
    assert _mpremote(port, "exec", "print(6 * 7)").strip() == "42"
    assert "lib/" in _mpremote(port, "fs", "ls")
    script = tmp_path / "hello.py"
    script.write_text("import tocsin\nprint('tocsin', tocsin.VERSION)\n")
    _mpremote(port, "fs", "cp", str(script), ":hello.py")
    assert _mpremote(port, "fs", "cat", ":hello.py") == script.read_text()
    assert _mpremote(port, "run", str(script)).startswith("tocsin ")
    _mpremote(port, "reset")
    assert "hello.py" in _mpremote(port, "exec", "import os; print(os.listdir())")
