"""The rehearsal tells what does not come out as it must, and stops there; it empties no folder of somebody else's."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from tocsin_host import firmware_image
from tocsin_sim.rehearsal import command
from tocsin_sim.rehearsal.shell import Shell, StepError


class _Bench:
    def __init__(self) -> None:
        self.board = SimpleNamespace(emulated_s=1.0, unplug=lambda: None)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, lambda line: None)


def test_a_command_that_fails_or_does_not_fail_is_told_with_what_it_printed(shell: Shell) -> None:
    with pytest.raises(StepError, match=r"(?s)tocsin site check nowhere\.toml: exit code 2.*nowhere\.toml"):
        shell.tocsin("site", "check", "nowhere.toml")
    assert shell.tocsin("site", "check", "nowhere.toml", fails=True) == ""
    with pytest.raises(StepError, match="exit code 0"):
        shell.tocsin("--version", fails=True)


def test_nothing_comes_after_a_step_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def good(bench: object) -> str:
        """Do right."""
        return "done"

    def bad(bench: object) -> str:
        """Do wrong."""
        raise StepError("it came out otherwise")

    monkeypatch.setattr(firmware_image, "load", lambda *_: b"")
    monkeypatch.setattr(command, "Bench", lambda shell: _Bench())
    monkeypatch.setattr(command, "STEPS", (good, bad, good))
    result = CliRunner().invoke(command.rehearse, ["--out", str(tmp_path / "bench")])
    assert result.exit_code == 1
    assert "2. Do wrong.\n   WRONG, 0.0 s: it came out otherwise\nFAILED: 2 of 3 steps" in result.output
    assert CliRunner().invoke(command.rehearse, ["--out", str(tmp_path / "bench")]).exit_code == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    result = CliRunner().invoke(command.rehearse, ["--out", str(tmp_path / "mine")])
    assert "is not empty, and no rehearsal left it" in result.output
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "all of it"
