"""`tocsin fsck`: is the store what it was when it was signed, and is every record what its gateway sealed?

Role in the flow: stage 10. Context: host. The work is in fsck.py.
"""

import json
import sys
import time
from pathlib import Path

import click

from .database import is_url, open_database
from .fsck import Fsck, FsckReport, Progress
from .keys import load_secrets
from .log_key import last_signed, read_verify_key
from .options import keys_option, plain_errors, store_option
from .signed_note import VerifyKey
from .store_errors import StoreError
from .verify_file import FOUND, UNUSABLE

_TELL_EVERY_S = 2.0


@click.command()
@store_option
@keys_option
@click.option("--vkey", metavar="KEY", help="Public key of the log, or a file with it. [default: log.vkey of --keys]")
@click.option(
    "--checkpoint",
    "notes",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A checkpoint that was kept elsewhere, to hold the store against; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@plain_errors
def fsck(store: str, keys: Path | None, vkey: str | None, notes: tuple[Path, ...], as_json: bool) -> None:
    """Check the whole store: its files, every record, every seal whose key is here, the tree and every checkpoint.

    Changes nothing, and may run beside a collector. Exit code 0: sound. 1: every finding is named, one a line. 2: the
    store cannot be opened at all. A gap that its gateway proved is told and is no finding: the store is not at fault.
    """
    folder = keys if keys is not None else (None if is_url(store) else Path(store) / "keys")
    kept = {str(path): path.read_text("utf-8") for path in notes}
    if folder is not None and (last := last_signed(folder)):
        kept["the checkpoint signed last (log.signed)"] = last
    secrets = [load_secrets(path) for path in sorted(folder.glob("*.secrets"))] if folder else []
    try:
        database = open_database(store, read_only=True)
    except StoreError as error:
        click.echo(json.dumps({"error": str(error)}) if as_json else f"error: {error}", err=not as_json)
        sys.exit(UNUSABLE)
    first_keys = {one.gateway: one.k0 for one in secrets}
    report = Fsck(database, first_keys, _verify_key(vkey, folder), kept, _teller()).run()
    database.close()
    click.echo(json.dumps(_figures(store, report)) if as_json else "\n".join(_lines(store, report)))
    sys.exit(FOUND if report.findings else 0)


def _verify_key(vkey: str | None, folder: Path | None) -> VerifyKey | None:
    if vkey is None and folder is not None and (folder / "log.vkey").exists():
        vkey = str(folder / "log.vkey")
    return None if vkey is None else read_verify_key(vkey)


def _teller() -> Progress:
    """Tells on standard error how far it is, every few seconds."""
    told_s = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= _TELL_EVERY_S:
            told_s = time.monotonic()
            click.echo(f"{what}: {done} of {total} records", err=True)

    return tell


def _lines(store: str, report: FsckReport) -> list[str]:
    lines = [finding.line() for finding in report.findings]
    for gateway, chain in report.chains.items():
        lines += [f"{gateway}: gap: records {first} to {last} never came" for first, last in chain.gaps]
        if chain.sealed is None:
            lines.append(f"{gateway}: seals not checked: its secrets are not here")
    if report.foreign_checkpoints:
        lines.append(f"{report.foreign_checkpoints} checkpoints: signature not checked: their key is not here")
    sealed = sum(chain.sealed or 0 for chain in report.chains.values())
    what = (
        f"{report.records} records of {len(report.chains)} gateways, {sealed} seals, {report.checkpoints} checkpoints"
    )
    return [*lines, f"{store}: {f'{len(report.findings)} findings' if report.findings else 'sound'}: {what}"]


def _figures(store: str, report: FsckReport) -> dict[str, object]:
    return {
        "store": store,
        "sound": not report.findings,
        "records": report.records,
        "checkpoints": report.checkpoints,
        "checkpoints_of_unknown_keys": report.foreign_checkpoints,
        "gateways": {
            gateway: {"records": chain.records, "sealed": chain.sealed, "gaps": chain.gaps}
            for gateway, chain in report.chains.items()
        },
        "findings": [
            {"kind": one.kind, "gateway": one.gateway, "seq": None if one.seq < 0 else one.seq, "detail": one.detail}
            for one in report.findings
        ],
    }
