"""The systemd units: they name real options, systemd finds nothing wrong with them, and they stay locked down."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tocsin_host.cli import tocsin

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "host_tools/systemd"
PAGE = (ROOT / "docs/operate.md").read_text("utf-8")
SERVICES = sorted(UNITS.glob("*.service"))


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that a `tocsin …` line calls, and the words after its name."""
    command: click.Command = tocsin
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            break
        command, words = found, words[1:]
    return command, words


def unknown_options(line: str) -> list[str]:
    """Options in a `tocsin …` line that its command does not have."""
    command, words = command_of(shlex.split(line, comments=True)[1:])
    known = {option for parameter in command.params for option in parameter.opts}
    return [word for word in words if word.startswith("-") and word not in known]


def exec_start(unit: Path) -> str:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit, "utf-8")
    return parser["Service"]["ExecStart"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_exec_start_names_real_options(unit: Path) -> None:
    assert unknown_options(exec_start(unit)) == []
    assert "/tocsin " in exec_start(unit)


def test_the_example_of_the_environment_names_real_options() -> None:
    lines = re.findall(r"^#?TOCSIN_LISTEN=\"(.*)\"$", (UNITS / "collect.env").read_text("utf-8"), re.MULTILINE)
    assert len(lines) == 2
    assert [unknown_options(f"tocsin collect {line}") for line in lines] == [[], []]


def test_an_option_that_is_not_there_is_found() -> None:
    assert unknown_options("tocsin collect --port x --prot y") == ["--prot"]


def test_commands_on_the_page_name_real_options() -> None:
    blocks = "\n".join(PAGE.split("```\n")[1::2])
    lines = re.findall(r"^(?:sudo -u tocsin )?(?:\S*/)?(tocsin (?:[a-z]+).*)$", blocks, re.MULTILINE)
    assert len(lines) >= 8
    assert {line: unknown_options(line) for line in lines if unknown_options(line)} == {}


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze: apt-get install systemd")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as if /opt/tocsin were this checkout, which is what systemd looks at."""
    program = Path(sys.executable).with_name("tocsin")
    for unit in UNITS.glob("tocsin-*"):
        text = unit.read_text("utf-8").replace("/opt/tocsin/.venv/bin/tocsin", str(program))
        (tmp_path / unit.name).write_text(text.replace("/opt/tocsin", str(ROOT)))
    return tmp_path


def test_systemd_finds_nothing_wrong(installed: Path) -> None:
    found = analyze("verify", *map(str, sorted(installed.iterdir())))
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_exposure_stays_low(installed: Path, unit: Path) -> None:
    """Threshold 20 is an exposure of 2.0 of 10, "OK"; an unhardened service has 9.6."""
    found = analyze("security", "--offline=true", "--threshold=20", "--no-pager", str(installed / unit.name))
    assert found.returncode == 0, found.stdout[-400:]
