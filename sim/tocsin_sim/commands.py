"""What `tocsin demo` and `tocsin sim run` share: the folder they work in, the view, the summary.

Role in the flow: all stages. Context: CPython.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from tocsin.errors import TocsinError
from tocsin_host.show import make_show
from tocsin_host.site import SiteError, load_site

from tocsin_sim.board_process import BoardError
from tocsin_sim.cable import CableError
from tocsin_sim.outcome import Outcome
from tocsin_sim.play import play
from tocsin_sim.scenario import Scenario, ScenarioError
from tocsin_sim.tiers import TIERS, Tier

_ERRORS = (ScenarioError, SiteError, BoardError, CableError, TocsinError, ImportError)


def run_and_report(scenario: Scenario, out: Path | None, as_json: bool, tier: str = "virtual") -> None:
    """Play `scenario`, show it, print the summary; exit code 1 unless it is clean."""
    try:
        with _working_folder(out) as folder:
            outcome = _play(scenario, folder, as_json, TIERS[tier]())
    except _ERRORS as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(outcome.figures()))
        for complaint in outcome.complaints:
            click.echo(complaint, err=True)
    else:
        click.echo(outcome.text())
        if out is not None:
            click.echo(f"left in {out}: the store, and a log with its key for each gateway; try:")
            name = load_site(scenario.site).gateways[0].name
            click.echo(f"  tocsin verify {out / name}.tlog --keys {out / name}.keys")
    raise SystemExit(0 if outcome.is_clean else 1)


def _play(scenario: Scenario, folder: Path, as_json: bool, tier: Tier) -> Outcome:
    if as_json:
        return play(scenario, folder, _hear_nothing, tier)
    site = load_site(scenario.site)
    names = {gateway.name: {zone.number: zone.name for zone in gateway.zones} for gateway in site.gateways}
    with make_show(names, False, f"{site.name}: {scenario.name}, seed {scenario.seed}") as show:
        return play(scenario, folder, show.event, tier)


def _hear_nothing(_: Mapping[str, Any]) -> None:
    return None


@contextlib.contextmanager
def _working_folder(out: Path | None) -> Iterator[Path]:
    """`out`, which must be new or empty, or a folder that is gone afterwards."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="tocsin-") as name:
            yield Path(name)
        return
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise click.ClickException(f"{out} is not empty; name a new folder for --out")
    yield out
