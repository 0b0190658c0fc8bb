"""`tocsin sim`: play a scenario file, or attach to an emulated board.

Role in the flow: all stages. Context: CPython.
"""

from pathlib import Path

import click

from tocsin_sim.commands import run_and_report
from tocsin_sim.scenario import ScenarioError, load_scenario


@click.group()
def sim() -> None:
    """Run scenarios on virtual or emulated gateways."""


@sim.command("board", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def attach(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Run an emulated board that mpremote or a collector can attach to."""
    # Imported now: only this command needs the emulator.
    from tocsin_sim.emulator.board_command import board

    board.main(list(arguments), prog_name=ctx.command_path)


@sim.command("rehearse", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def rehearsal(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Do everything a technician does with a gateway, on an emulated board."""
    from tocsin_sim.rehearsal.command import rehearse

    rehearse.main(list(arguments), prog_name=ctx.command_path)


@sim.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--seed", type=int, help="Bounce and keys from another seed than the scenario's.")
@click.option("--tier", type=click.Choice(["virtual", "emulated"]), default="virtual", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Leave the store, logs and keys in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print nothing but the summary, as one JSON object.")
def run(scenario: Path, seed: int | None, tier: str, out: Path | None, as_json: bool) -> None:
    """Play SCENARIO (TOML) and judge it: exit code 0 only if what it expects came, verified, and nothing else."""
    try:
        loaded = load_scenario(scenario, seed)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
    run_and_report(loaded, out, as_json, tier)
