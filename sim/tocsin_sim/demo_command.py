"""`tocsin demo`: a night in a museum, played before your eyes.

Role in the flow: all stages. Context: CPython.
"""

from pathlib import Path

import click
from tocsin_host.site import SiteError

from tocsin_sim.commands import run_and_report
from tocsin_sim.night import make_night
from tocsin_sim.scenario import ScenarioError

_MUSEUM = Path(__file__).parent.parent / "sites" / "museum.toml"


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes another night.")
@click.option("--site", type=click.Path(path_type=Path), default=_MUSEUM, help="Another site than the town museum.")
@click.option("--out", type=click.Path(path_type=Path), help="Leave the store, logs and keys in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print nothing but the summary, as one JSON object.")
def demo(seed: int, site: Path, out: Path | None, as_json: bool) -> None:
    """Play an eight-hour night: virtual gateways run the whole firmware, the real collector verifies what they seal.

    Exit code 0 only if every event that had to come did, verified, at its right time, and nothing else.
    """
    try:
        night = make_night(site, seed)
    except (SiteError, ScenarioError) as error:
        raise click.ClickException(str(error)) from error
    run_and_report(night, out, as_json)
