"""`tocsin verify`: is this log what the gateway wrote, whole and in order?

Role in the flow: stage 10 and whoever doubts it. Context: host. The work is in verify_file.py.
"""

import sys

import click

from .verify_file import UNUSABLE, verify_file


@click.command()
@click.argument("file")
@click.option("--keys", required=True, metavar="KEYFILE", help="Verification key file (.keys) of the gateway.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def verify(file: str, keys: str, as_json: bool) -> None:
    """Verify the log FILE (.tlog) of one gateway.

    Exit code 0: every record is proven and none is missing. 1: every finding is named, one a line. 2: a file
    cannot be used at all.
    """
    code, text = verify_file(file, keys, as_json)
    click.echo(text, err=code == UNUSABLE and not as_json)
    sys.exit(code)
