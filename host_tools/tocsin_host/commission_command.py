"""`tocsin commission`: from a box on the wall to a gateway that somebody answers for, and the record of it.

Role in the flow: before stage 1, at commissioning. Context: host. Reference for the user: docs/commission.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commission import Outcome, Override, Plan, commission
from .commission_console import CommissionConsole
from .commission_record import page_of, record_of, result_of
from .commission_steps import OK, Step
from .commission_talk import Terminal
from .diag_snapshot import Bounce
from .lib_hash import lib_hash
from .options import keys_folder, keys_option, plain_errors, read_site, store_option
from .site_compile import compile_gateway
from .site_model import Site
from .site_names import person_of
from .write_file import write_file

if TYPE_CHECKING:
    from .keys import GatewaySecrets

# The longest there is: a walk through a house takes its time.
_MINUTES = 120
_WAIT_S = 1800.0


@click.command("commission")
@click.argument("gateway")
@click.option("--site", type=click.Path(path_type=Path), required=True, help="Site description.")
@click.option("--port", required=True, metavar="URL", help="The gateway's USB serial port.")
@click.option("--as", "who", metavar="NAME", help="Who commissions it: name or number of a person of the site.")
@click.option("--key", type=click.Path(path_type=Path), help="Technician's key, instead of the host's keys.")
@store_option
@keys_option
@click.option("--override", "answers", metavar="NAME", help="Who answers for what is open; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why it may be left open.")
@click.option("--report", "page", type=click.Path(path_type=Path), help="Write the commissioning record there (HTML).")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write it there for programs (JSON).")
@click.option("--yes", is_flag=True, help="Ask nothing, for scripts; what a person must see is recorded as not seen.")
@click.option("--wait-s", type=click.FloatRange(0), help="How long to wait for zones. [default: 1800; with --yes 0]")
@plain_errors
def commission_command(
    gateway: str,
    site: Path,
    port: str,
    who: str | None,
    key: Path | None,
    store: str,
    keys: Path | None,
    answers: str | None,
    reason: str | None,
    page: Path | None,
    file: Path | None,
    yes: bool,
    wait_s: float | None,
) -> None:
    """Check GATEWAY at PORT from its key to its last zone, with a person who walks, and write the record of it.

    Exit code 0: commissioned. 1: something is open, and nobody answers for it; or it could not be checked.
    """
    described = read_site(site)
    override = _override(described, site, answers, reason)
    if wait_s is None:
        wait_s = 0.0 if yes else _WAIT_S
    folder = None if key else keys_folder(keys, store)
    who = who or _ask_who(yes)
    service_key, secrets = _keys(gateway, key, folder)
    plan = _plan(described, site, gateway, who, (service_key, secrets.link_key if secrets else None), wait_s)
    _check_hello(port, gateway, secrets)
    outcome, bounce = _carry_out(port, plan, Terminal(not yes))
    if outcome.failed and outcome.can_be_overridden:
        override = override or (None if yes else _ask_override(outcome, described, site))
        if override:
            outcome.answer_for(override)
    _Papers(page, file, folder, described.name).write(outcome, bounce)
    raise SystemExit(_say_result(outcome))


def _plan(described: Site, site: Path, gateway: str, who: str, keys: tuple[bytes, bytes | None], wait_s: float) -> Plan:
    service_key, link_key = keys
    try:
        chosen = described.gateway(gateway)
    except KeyError as error:
        raise click.ClickException(f"{site}: {error.args[0]}") from error
    config = compile_gateway(described, gateway, lib_hash())
    return Plan(chosen, config, service_key, person_of(described, site, who), wait_s, link_key)


def _ask_who(yes: bool) -> str:
    if yes:
        raise click.UsageError("say who commissions it: --as NAME")
    return str(click.prompt("Who commissions it? (name in the roster)"))


def _override(described: Site, site: Path, answers: str | None, reason: str | None) -> Override | None:
    if bool(answers) != bool(reason and reason.strip()):
        raise click.UsageError("--override NAME and --reason TEXT belong together: who answers for it, and why")
    return Override(person_of(described, site, answers), reason.strip()) if answers and reason else None


def _ask_override(outcome: Outcome, described: Site, site: Path) -> Override | None:
    click.echo(f"\nopen: {', '.join(step.title for step in outcome.failed)}")
    name = click.prompt("Who answers for that? (name in the roster; Enter: nobody)", default="", show_default=False)
    return _override(described, site, name, click.prompt("Why may it be left open?")) if name else None


def _keys(gateway: str, key: Path | None, folder: Path | None) -> tuple[bytes, GatewaySecrets | None]:
    """(service key, all secrets); a technician has the first alone."""
    from .keys import load_secrets, secrets_path
    from .service_keys import service_keys

    found = service_keys(key, folder)
    if gateway not in found:
        raise click.ClickException(f"{gateway}: no service key for it here; there are: {', '.join(found) or 'none'}")
    return found[gateway], load_secrets(secrets_path(folder, gateway)) if folder else None


def _check_hello(port: str, gateway: str, secrets: GatewaySecrets | None) -> None:
    """Is it the right board, of the same version as here? With the host's keys its hello is proven, too."""
    from .board_check import BoardError, check_hello, check_version, first_hello
    from .board_port import open_port
    from .service_session import PATIENCE_S

    with open_port(port) as opened:
        said = first_hello(opened, PATIENCE_S)
    if said is None:
        raise BoardError(
            "no gateway answers here; is a collector connected to this port, or is its console open "
            f"(tocsin service close --port {port})?"
        )
    hello, body = said
    if secrets is None:
        check_version(hello, gateway, bytes.fromhex(lib_hash()))
    else:
        check_hello(hello, body, secrets, bytes.fromhex(lib_hash()))


def _carry_out(port: str, plan: Plan, talk: Terminal) -> tuple[Outcome, Bounce]:
    """Through the service console, which is closed again however this ends."""
    with CommissionConsole(port, {plan.gateway.name: plan.service_key}, _MINUTES) as console:
        try:
            outcome = commission(console, plan, talk)
        finally:
            talk.close()
    closed = Step("service", "service console", OK, "closed again; begin and end are sealed records")
    outcome.steps.append(closed)
    talk.told(closed)
    return outcome, console.bounce


def _say_result(outcome: Outcome) -> int:
    words = {
        "commissioned": "commissioned",
        "overridden": "commissioned, left open by name",
        "refused": "NOT commissioned",
    }
    result, override = result_of(outcome), outcome.override
    click.echo(f"\n{outcome.snapshot.name}: {words[result]}, by {outcome.plan.person.name}")
    if override:
        click.echo(f"  {override.person.name} answers for what was open: {override.reason}")
    if outcome.unseen:
        click.echo(f"  nobody confirmed what a person must see: {', '.join(step.title for step in outcome.unseen)}")
    if outcome.failed:
        mend = "mend it, or name who answers for it: --override NAME --reason TEXT"
        only = "it cannot be left open" if not outcome.can_be_overridden else mend
        click.echo(f"  open: {', '.join(step.title for step in outcome.failed)}; {only}", err=True)
    return 1 if outcome.failed else 0


@dataclass(frozen=True)
class _Papers:
    """What is left behind: the page, the JSON, a line in the trail of the folder of keys, where that is here."""

    page: Path | None
    file: Path | None
    folder: Path | None
    site: str

    def write(self, outcome: Outcome, bounce: Bounce) -> None:
        """Write what was asked for. Raises: OSError."""
        at = datetime.now().astimezone()
        record = record_of(outcome, self.site, at)
        if self.page:
            write_file(self.page, page_of(outcome, self.site, at, bounce).encode())
        if self.file:
            write_file(self.file, json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n")
        if self.folder and not outcome.failed:
            self._add_to_trail(outcome, self.folder)

    def _add_to_trail(self, outcome: Outcome, folder: Path) -> None:
        from .trail import add_to_trail

        facts = {"person": outcome.plan.person.name}
        if outcome.override:
            left = ", ".join(step.key for step in outcome.steps if step.status == "overridden")
            facts |= {"left_open": left, "answers": outcome.override.person.name, "reason": outcome.override.reason}
        if outcome.unseen:
            facts["not_seen"] = ", ".join(step.key for step in outcome.unseen)
        add_to_trail(folder, "commissioned", outcome.snapshot.name, **facts)
