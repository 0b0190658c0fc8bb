"""The command line as a whole: fast, lazy, and helpful to who mistypes."""

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from tocsin import VERSION
from tocsin.tlog import build_log
from tocsin_host.cli import tocsin
from tocsin_host.keys import GatewaySecrets, write_key_file

# What `tocsin verify` may bring in besides the standard library: the shell of the command line, and Tocsin
# itself.
ALLOWED = {"click", "tocsin", "tocsin_host", "__main__", "sitecustomize", "usercustomize"}

PROBE = """
import sys
before = set(sys.modules)
from tocsin_host.cli import tocsin
try:
    tocsin(["verify", sys.argv[1], "--keys", sys.argv[2]])
except SystemExit as end:
    assert end.code == 0, end.code
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(name for name in names if name not in sys.stdlib_module_names))
"""

PROBE_INSIDE = """
import sys
before = set(sys.modules)
from tocsin_host.verify_file import verify_file
assert verify_file(sys.argv[1], sys.argv[2])[0] == 0
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(name for name in names if name not in sys.stdlib_module_names))
"""


def probe(script: str, folder: Path) -> list[str]:
    secrets = GatewaySecrets("gallery", bytes(32), bytes(32))
    (folder / "g.tlog").write_bytes(build_log(secrets.k0, "gallery", []))
    write_key_file(folder / "g.keys", secrets)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", script, str(folder / "g.tlog"), str(folder / "g.keys")]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    names = run.stdout.splitlines()[-1]
    return [name.strip("'") for name in names.strip("[]").split(", ") if name]


def test_verify_imports_nothing_but_click_and_tocsin(tmp_path: Path) -> None:
    assert set(probe(PROBE, tmp_path)) <= ALLOWED


def test_verify_inside_imports_only_the_standard_library(tmp_path: Path) -> None:
    assert set(probe(PROBE_INSIDE, tmp_path)) == {"tocsin", "tocsin_host"}


def test_help_lists_every_command_without_importing_them() -> None:
    result = CliRunner().invoke(tocsin, ["--help"])
    assert result.exit_code == 0
    for name in ("demo", "sim", "site", "provision", "keys", "collect", "log", "export", "verify", "firmware", "image"):
        assert f"\n  {name} " in result.stdout


def test_unknown_command_names_those_there_are() -> None:
    result = CliRunner().invoke(tocsin, ["verfy"])
    assert result.exit_code == 2
    assert "no command 'verfy'; there are: demo, sim, site" in result.stderr


def test_version_names_release_and_library() -> None:
    result = CliRunner().invoke(tocsin, ["--version"])
    assert result.exit_code == 0
    start, _, rest = result.stdout.partition(" (lib ")
    assert start == f"tocsin {VERSION}"
    assert len(bytes.fromhex(rest.strip().rstrip(")"))) == 8
