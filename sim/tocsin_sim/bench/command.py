"""`tocsin bench`: measure a part of the product beside its peers, and hold it to its bars.

Role in the flow: all stages. Context: CPython; needs the development tools.
"""

import json
import os
from pathlib import Path

import click


@click.group()
def bench() -> None:
    """Measure a part of the product beside its peers."""


@bench.command()
@click.option("--quick", is_flag=True, help="Fewer cells, under a minute.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build"), show_default=True, metavar="DIR")
@click.option("--seed", type=int, default=1, show_default=True, help="Other contacts, other interference.")
def debounce(quick: bool, out: Path, seed: int) -> None:
    """Debounce a grid of contacts, in the model and on the emulated chip; exit code 1 when a bar falls short.

    Leaves bench-debounce.json and bench-debounce.png in DIR.
    """
    try:
        from tocsin_sim.bench import debounce_json, debounce_picture, debounce_run, debounce_table
        from tocsin_sim.bench.bars import exit_code
    except ImportError as error:
        raise click.ClickException(f"{error}; the benches need the development tools: make setup") from error
    mode = debounce_run.MODES["quick" if quick else "full"]
    run = debounce_run.measure(mode, seed, os.cpu_count() or 1, lambda what: click.echo(f"{what} ...", err=True))
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench-debounce.json").write_text(json.dumps(debounce_json.figures(run)) + "\n", "utf-8")
    debounce_picture.draw(run, out / "bench-debounce.png")
    debounce_table.show(run)
    click.echo(f"{mode.name} run; figures and picture: {out}/bench-debounce.json, {out}/bench-debounce.png")
    raise SystemExit(exit_code(run.bars))


@bench.command()
@click.option("--quick", is_flag=True, help="Less of everything, under a minute.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build"), show_default=True, metavar="DIR")
@click.option("--seed", type=int, default=1, show_default=True, help="Other gateways burst.")
def host(quick: bool, out: Path, seed: int) -> None:
    """Verify, store, and collect from 1000 gateways at once; exit code 1 when a bar falls short.

    Leaves bench-host.json and bench-host.png in DIR, and measures the disk that DIR is on.
    """
    try:
        from tocsin_sim.bench import host_picture, host_run, host_table
        from tocsin_sim.bench.bars import exit_code
    except ImportError as error:
        raise click.ClickException(f"{error}; the benches need the development tools: make setup") from error
    out.mkdir(parents=True, exist_ok=True)
    mode = host_run.MODES["quick" if quick else "full"]
    run = host_run.measure(mode, seed, out, lambda what: click.echo(f"{what} ...", err=True))
    (out / "bench-host.json").write_text(json.dumps(run.figures()) + "\n", "utf-8")
    host_picture.draw(run, out / "bench-host.png")
    host_table.show(run)
    click.echo(f"{mode.name} run; figures and picture: {out}/bench-host.json, {out}/bench-host.png")
    raise SystemExit(exit_code(run.bars))


@bench.command()
@click.option("--quick", is_flag=True, help="Fewer records, under a minute.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build"), show_default=True, metavar="DIR")
@click.option("--seed", type=int, default=1, show_default=True, help="Other bytes damaged, other mishaps.")
def link(quick: bool, out: Path, seed: int) -> None:
    """Send records over lines that damage, break and die, and kill both ends; exit code 1 when a bar falls short.

    Leaves bench-link.json and bench-link.png in DIR.
    """
    try:
        from tocsin_sim.bench import link_json, link_picture, link_run, link_table
        from tocsin_sim.bench.bars import exit_code
    except ImportError as error:
        raise click.ClickException(f"{error}; the benches need the development tools: make setup") from error
    mode = link_run.MODES["quick" if quick else "full"]
    run = link_run.measure(mode, seed, os.cpu_count() or 1, lambda what: click.echo(f"{what} ...", err=True))
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench-link.json").write_text(json.dumps(link_json.figures(run)) + "\n", "utf-8")
    link_picture.draw(run, out / "bench-link.png")
    link_table.show(run)
    click.echo(f"{mode.name} run; figures and picture: {out}/bench-link.json, {out}/bench-link.png")
    raise SystemExit(exit_code(run.bars))


@bench.command()
@click.option("--quick", is_flag=True, help="Fewer calls and edges.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build"), show_default=True, metavar="DIR")
@click.option("--seed", type=int, default=1, show_default=True, help="Other moments for the edges.")
def gateway(quick: bool, out: Path, seed: int) -> None:
    """Measure what a gateway costs, on the emulated chip; exit code 1 when a bar falls short.

    Leaves bench-gateway.json and bench-gateway.png in DIR.
    """
    try:
        from tocsin_sim.bench import gateway_picture, gateway_report, gateway_run
        from tocsin_sim.bench.bars import exit_code
    except ImportError as error:
        raise click.ClickException(f"{error}; the benches need the development tools: make setup") from error
    mode = gateway_run.MODES["quick" if quick else "full"]
    run = gateway_run.measure(mode, seed, os.cpu_count() or 1, lambda what: click.echo(f"{what} ...", err=True))
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench-gateway.json").write_text(json.dumps(gateway_report.figures(run)) + "\n", "utf-8")
    gateway_picture.draw(run, out / "bench-gateway.png")
    gateway_report.show(run)
    click.echo(f"{mode.name} run; figures and picture: {out}/bench-gateway.json, {out}/bench-gateway.png")
    raise SystemExit(exit_code(run.bars))
