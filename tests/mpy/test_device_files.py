"""Tests that only MicroPython can run: device code, handlers under a locked heap, the virtual board."""

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = sorted(HERE.glob("device_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_passes_on_micropython(path, run_micropython):
    result = run_micropython(HERE / "runner.py", str(path))
    assert result.returncode == 0, f"{path.name} on MicroPython:\n{result.stdout}{result.stderr}"
