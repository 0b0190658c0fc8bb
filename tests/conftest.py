"""What all tests share: the MicroPython VM, hypothesis' settings, and the tiers named at the end of a run."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from tocsin_sim.board_process import BoardError, micropython_executable
from tocsin_sim.broker_process import BROKER

ROOT = Path(__file__).resolve().parents[1]
TIERS = (
    ("T0", "library and host tools on CPython", ("lib", "property", "host", "rules"), "not asked for"),
    ("T1", "virtual board on the MicroPython VM", ("mpy", "sim", "network"), "not asked for"),
    (
        "T2",
        "emulated RP2040",
        ("emulated",),
        "not asked for, or no image: `tocsin firmware fetch`, or name one in $TOCSIN_UF2",
    ),
    (
        "T3",
        "a real board on USB",
        ("hardware",),
        "no test needs one yet",
    ),
)

# Slow machines are no failure, and a run in CI must be repeatable.
hypothesis.settings.register_profile("tocsin", deadline=None, derandomize="CI" in os.environ, print_blob=True)
hypothesis.settings.load_profile("tocsin")


@pytest.fixture(scope="session")
def run_micropython() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run a script under MicroPython with the project's folders on its path: `run(script, *arguments)`."""
    try:
        executable = micropython_executable()
    except BoardError as error:
        pytest.fail(str(error))
    folders = ("lib", "firmware", "boards", "sim")
    environment = os.environ | {"MICROPYPATH": ":".join([*(str(ROOT / f) for f in folders), ".frozen"])}

    def run(script: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [executable, "-X", "heapsize=16m", str(script), *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tiers that ran and those that did not, and why."""
    terminalreporter.section("tiers")
    for name, what, folders, absent in TIERS:
        terminalreporter.write_line(f"{name} {what}: {_outcome(terminalreporter, folders, absent)}")
    terminalreporter.write_line(f"Tests of MQTT run against {BROKER}")


def _outcome(reporter: pytest.TerminalReporter, folders: tuple[str, ...], absent: str) -> str:
    prefixes = tuple(f"tests/{folder}/" for folder in folders)
    counts, reasons = {}, set()
    for outcome in ("passed", "failed", "error", "skipped"):
        reports = [r for r in reporter.stats.get(outcome, []) if r.nodeid.startswith(prefixes)]
        counts[outcome] = len(reports)
        if outcome == "skipped":
            reasons = {str(r.longrepr[2]).removeprefix("Skipped: ") for r in reports}
    ran = counts["passed"] + counts["failed"] + counts["error"]
    if not ran and not counts["skipped"]:
        return f"not run ({absent})"
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    told = told if ran else f"not run, {told}"
    return told + (f" ({'; '.join(sorted(reasons))})" if reasons else "")
