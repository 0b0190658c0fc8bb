"""`tocsin verify`: is this log what the gateway wrote, whole and in order, and what the host once signed?

Role in the flow: stage 10 and whoever doubts it. Context: host. The work is in verify_file.py and verify_inclusion.py.
"""

import sys

import click

from .verify_file import UNUSABLE, verify_file


@click.command()
@click.argument("file")
@click.option("--keys", metavar="KEYFILE", help="Verification key file (.keys) of the gateway: checks the seals.")
@click.option("--checkpoint", metavar="PROOF", help="Inclusion proof that `tocsin export --proof` wrote.")
@click.option("--vkey", metavar="KEY", help="Public key of the host's log for it: NAME+ID+KEY, or a file with it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines; one for each kind of proof.")
def verify(file: str, keys: str | None, checkpoint: str | None, vkey: str | None, as_json: bool) -> None:
    """Verify the log FILE (.tlog) of one gateway.

    With --keys: every seal, the order, and that nothing is missing. With --checkpoint and --vkey: that the host had
    stored every record when it signed the checkpoint; that needs no secret. Both may be given.

    Exit code 0: every record is proven and none is missing. 1: every finding is named, one a line. 2: a file
    cannot be used at all.
    """
    if (checkpoint is None) != (vkey is None):
        raise click.UsageError("--checkpoint and --vkey belong together")
    if keys is None and checkpoint is None:
        raise click.UsageError("give --keys, or --checkpoint and --vkey")
    outcomes = [] if keys is None else [verify_file(file, keys, as_json)]
    if checkpoint is not None and vkey is not None:
        from .verify_inclusion import verify_inclusion_file  # needs cryptography, which the seals do not

        outcomes.append(verify_inclusion_file(file, checkpoint, vkey, as_json))
    for code, text in outcomes:
        click.echo(text, err=code == UNUSABLE and not as_json)
    sys.exit(max(code for code, _ in outcomes))
