"""`tocsin bench`: measure a part of the product beside its peers, and hold it to its bars.

Role in the flow: all stages. Context: CPython; needs the development tools.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click

Tell = Callable[[str], None]


class Parts(NamedTuple):
    """What a bench consists of: `measure(mode, seed, folder, tell)` gives a run, the others report it."""

    modes: dict[str, Any]
    measure: Callable[[Any, int, Path, Tell], Any]
    figures: Callable[[Any], dict[str, object]]
    draw: Callable[[Any, Path], None]
    show: Callable[[Any], None]


@click.group()
def bench() -> None:
    """Measure a part of the product beside its peers."""


def _bench(quick_help: str, seed_help: str) -> Callable[[Callable[[], Parts]], click.Command]:
    """Make a command of a function that brings the parts of a bench; they are imported only when it is called."""

    def add(parts: Callable[[], Parts]) -> click.Command:
        def run(quick: bool, out: Path, seed: int) -> None:
            try:
                found = parts()
            except ImportError as error:
                raise click.ClickException(f"{error}; the benches need the development tools: make setup") from error
            _run(parts.__name__, found, "quick" if quick else "full", out, seed)

        options = (
            click.Option(["--quick"], is_flag=True, help=quick_help),
            click.Option(["--out"], type=click.Path(path_type=Path), default="build", show_default=True, metavar="DIR"),
            click.Option(["--seed"], type=int, default=1, show_default=True, help=seed_help),
        )
        name = parts.__name__
        leaves = f"Leaves bench-{name}.json and bench-{name}.png in DIR; exit code 1 when a bar falls short."
        command = click.Command(name, params=list(options), callback=run, help=f"{parts.__doc__}\n\n{leaves}")
        bench.add_command(command)
        return command

    return add


def _run(name: str, parts: Parts, mode: str, out: Path, seed: int) -> None:
    from tocsin_sim.bench.bars import exit_code

    out.mkdir(parents=True, exist_ok=True)
    run = parts.measure(parts.modes[mode], seed, out, lambda what: click.echo(f"{what} ...", err=True))
    (out / f"bench-{name}.json").write_text(json.dumps(parts.figures(run)) + "\n", "utf-8")
    parts.draw(run, out / f"bench-{name}.png")
    parts.show(run)
    click.echo(f"{mode} run; figures and picture: {out}/bench-{name}.json, {out}/bench-{name}.png")
    raise SystemExit(exit_code(run.bars))


def _by_workers(measure: Callable[[Any, int, int, Tell], Any]) -> Callable[[Any, int, Path, Tell], Any]:
    """A measurement that spreads over the processors, and needs no folder."""
    return lambda mode, seed, _, tell: measure(mode, seed, os.cpu_count() or 1, tell)


@_bench("Fewer cells, under a minute.", "Other contacts, other interference.")
def debounce() -> Parts:
    """Debounce a grid of contacts, in the model and on the emulated chip."""
    from tocsin_sim.bench import debounce_json, debounce_picture, debounce_run, debounce_table

    measure = _by_workers(debounce_run.measure)
    return Parts(debounce_run.MODES, measure, debounce_json.figures, debounce_picture.draw, debounce_table.show)


@_bench("Fewer cuts, about a minute.", "Other records, other torn bits.")
def powercut() -> Parts:
    """Cut the power at every flash operation of journal and keys, and again while they recover."""
    from tocsin_sim.bench import powercut_report, powercut_run

    measure = _by_workers(powercut_run.measure)
    return Parts(powercut_run.MODES, measure, powercut_run.Run.figures, powercut_report.draw, powercut_report.show)


@_bench("Fewer cuts, some minutes: the emulated chip has to boot after each.", "Other torn bits.")
def update() -> Parts:
    """Cut the power at every flash operation of an update, and see what runs then."""
    from tocsin_sim.bench import update_report, update_run

    measure = _by_workers(update_run.measure)
    return Parts(update_run.MODES, measure, update_run.Run.figures, update_report.draw, update_report.show)


@_bench("Fewer records, under a minute.", "Other bytes damaged, other mishaps.")
def link() -> Parts:
    """Send records over lines that damage, break and die, and kill both ends."""
    from tocsin_sim.bench import link_json, link_picture, link_run, link_table

    measure = _by_workers(link_run.measure)
    return Parts(link_run.MODES, measure, link_json.figures, link_picture.draw, link_table.show)


@_bench("Fewer calls and edges.", "Other moments for the edges.")
def gateway() -> Parts:
    """Measure what a gateway costs, on the emulated chip."""
    from tocsin_sim.bench import gateway_picture, gateway_report, gateway_run

    measure = _by_workers(gateway_run.measure)
    return Parts(gateway_run.MODES, measure, gateway_report.figures, gateway_picture.draw, gateway_report.show)


@_bench("Less of everything, under a minute.", "Other gateways burst.")
def host() -> Parts:
    """Verify, store, and collect from 1000 gateways at once, on the disk that DIR is on."""
    from tocsin_sim.bench import host_picture, host_run, host_table

    return Parts(host_run.MODES, host_run.measure, host_run.Run.figures, host_picture.draw, host_table.show)


@_bench("Fewer words, under a minute.", "Another stranger.")
def usb() -> Parts:
    """Let a stranger at the USB port say a million things, and see that nothing comes of it."""
    from tocsin_sim.bench import usb_report, usb_run

    measure = _by_workers(usb_run.measure)
    return Parts(usb_run.MODES, measure, usb_run.Run.figures, usb_report.draw, usb_report.show)
