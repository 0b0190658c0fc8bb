"""The tests of what the device and the host share, run again on the MicroPython VM."""

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = sorted((HERE.parent / "lib").glob("test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_passes_on_micropython(path, run_micropython):
    result = run_micropython(HERE / "runner.py", str(path))
    assert result.returncode == 0, f"{path.name} on MicroPython:\n{result.stdout}{result.stderr}"


def test_runner_names_the_function_that_fails(tmp_path, run_micropython):
    (tmp_path / "test_two.py").write_text("def test_good():\n    pass\n\ndef test_bad():\n    assert 1 == 2\n")
    result = run_micropython(HERE / "runner.py", str(tmp_path / "test_two.py"))
    assert result.returncode == 1
    assert result.stdout.startswith("FAIL test_bad\n")
    assert "AssertionError" in result.stdout
    assert result.stdout.endswith("ok test_good\n1 passed, 1 failed\n")


def test_runner_refuses_a_file_without_tests(tmp_path, run_micropython):
    (tmp_path / "test_none.py").write_text("")
    assert run_micropython(HERE / "runner.py", str(tmp_path / "test_none.py")).returncode == 1
