"""`tocsin site check`: is a site description right?

Role in the flow: before stage 1. Context: host. Exit status: 0 right, 1 problems found, 2 file unreadable.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click


@click.group()
def site() -> None:
    """Check a site description."""


@site.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def check_file(file: Path, as_json: bool) -> None:
    """Check the site description FILE; each problem is told with its line and its mend."""
    from .site import check, load_site

    problems = check(file)
    if as_json:
        click.echo(json.dumps({"file": str(file), "problems": [asdict(problem) for problem in problems]}))
    else:
        for problem in problems:
            click.echo(str(problem), err=True)
    if problems:
        sys.exit(1 if problems[0].line else 2)
    if not as_json:
        gateways = load_site(file).gateways
        zones = sum(len(gateway.zones) for gateway in gateways)
        click.echo(f"{file}: right: {_count(len(gateways), 'gateway')}, {_count(zones, 'zone')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
