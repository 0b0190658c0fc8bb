"""`tocsin sim rehearse`: the field rehearsal, told step by step.

Role in the flow: all stages, tier T2. Context: CPython.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import click
from tocsin_host import firmware_image
from tocsin_host.options import plain_errors

from tocsin_sim.rehearsal.bench import Bench
from tocsin_sim.rehearsal.shell import Shell, StepError
from tocsin_sim.rehearsal.steps import STEPS

_MARK = "rehearsal.json"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/field-rehearsal"),
    show_default=True,
    help="Folder to work in; emptied first if a rehearsal left it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print nothing but the outcome, as one JSON object.")
@plain_errors
def rehearse(out: Path, as_json: bool) -> None:
    """Do everything a technician does with a gateway, on an emulated board, with the commands that he types.

    Exit code 0 only if every step came out as it must.
    """
    firmware_image.load()  # says at once how to get it, where it is missing
    folder = _fresh(out)
    show = (lambda text: None) if as_json else click.echo
    bench = Bench(Shell(folder, lambda line: show(f"    {line}")))
    outcome = _play(bench, show)
    bench.board.unplug()
    figures = {"rehearsal": "field", "steps": outcome, "emulated_s": round(bench.board.emulated_s, 1)}
    (folder / _MARK).write_text(json.dumps(figures) + "\n")
    if as_json:
        click.echo(json.dumps(figures))
    is_clean = len(outcome) == len(STEPS) and all(step["ok"] for step in outcome)
    show(f"{'clean' if is_clean else 'FAILED'}: {len(outcome)} of {len(STEPS)} steps; everything is left in {out}")
    raise SystemExit(0 if is_clean else 1)


def _play(bench: Bench, show: Callable[[str], None]) -> list[dict[str, object]]:
    """What came of each step; nothing after the first that failed."""
    outcome: list[dict[str, object]] = []
    for number, step in enumerate(STEPS, 1):
        show(f"{number}. {(step.__doc__ or '').strip()}")
        begun_s = time.monotonic()
        try:
            evidence, is_right = step(bench), True
        except (StepError, RuntimeError, subprocess.TimeoutExpired) as error:
            evidence, is_right = str(error), False
        took_s = round(time.monotonic() - begun_s, 1)
        show(f"   {'right' if is_right else 'WRONG'}, {took_s} s: {evidence}")
        outcome.append({"step": step.__name__, "ok": is_right, "evidence": evidence, "took_s": took_s})
        if not is_right:
            break
    return outcome


def _fresh(folder: Path) -> Path:
    """The folder, empty. Raises: ClickException when somebody else's things lie there."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise click.ClickException(f"{folder} is not empty, and no rehearsal left it; name a new folder for --out")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("{}\n")
    return folder.resolve()
