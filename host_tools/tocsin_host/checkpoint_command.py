"""`tocsin checkpoint`: sign what is stored, prove that it only grew, and compare what was signed.

Role in the flow: stage 10 and whoever doubts it. Context: host.
"""

import sys
from pathlib import Path

import click

from .checkpoint import Checkpoint, open_checkpoint
from .checkpoint_signer import CheckpointSigner
from .consistency import compare, parse_consistency
from .host_clock import wall_clock
from .inclusion import FORMAT as INCLUSION_FORMAT
from .inclusion import parse_inclusion
from .log_key import make_log_key, read_verify_key
from .options import keys_folder, keys_option, plain_errors, store_option, vkey_option
from .prover import newest_checkpoint, prove_consistency, read_checkpoint
from .signed_note import NoteError, VerifyKey
from .store import Store
from .verify_file import FOUND, UNUSABLE
from .write_file import write_file

_ROWS = 1 << 16


@click.group(invoke_without_command=True)
@store_option
@keys_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the checkpoint there too.")
@click.pass_context
@plain_errors
def checkpoint(ctx: click.Context, store: str, keys: Path | None, output: Path | None) -> None:
    """Sign how many records are stored and what they are, and print it: three lines and a signature.

    Give it to others or print it in the newspaper: whoever has one and the public key (log.vkey) can tell for ever
    after whether a record that it covers was changed, removed or put in.
    """
    if ctx.invoked_subcommand is not None:
        return
    with Store(store) as opened:
        signer = CheckpointSigner(opened, keys_folder(keys, store), wall_clock)
        while not signer.catch_up(_ROWS):
            pass
        note = signer.sign()
    _print(note, output)


@checkpoint.command()
@click.argument("name")
@store_option
@keys_option
@plain_errors
def init(name: str, store: str, keys: Path | None) -> None:
    """Make the key of the log NAME, such as museum.example/tocsin, and print its public half."""
    folder = keys_folder(keys, store)
    click.echo(make_log_key(folder, name).text())
    click.echo(f"{folder}: log.skey signs and stays here; log.vkey verifies, give it to everyone", err=True)


@checkpoint.command()
@click.argument("old", type=click.Path(path_type=Path))
@store_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the proof there too.")
@plain_errors
def prove(old: Path, store: str, output: Path | None) -> None:
    """Prove to someone who holds the checkpoint OLD that the store's newest one only added to it."""
    with Store(store, read_only=True) as opened:
        new = read_checkpoint(newest_checkpoint(opened))
        proof = prove_consistency(opened, read_checkpoint(_note_in(old)), new)
    _print(proof.text(), output)


@checkpoint.command("compare")
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@vkey_option
@click.option("--proof", type=click.Path(path_type=Path), help="Consistency proof, where their sizes differ.")
def compare_command(one: Path, other: Path, vkey: str, proof: Path | None) -> None:
    """Tell whether the checkpoints ONE and OTHER can be of one history. Needs nothing but the public key.

    Takes inclusion proofs, too, for the checkpoint in them. Exit code 0: they can. 1: they cannot, two histories were
    signed. 2: a file cannot be used.
    """
    try:
        key = read_verify_key(vkey)
        first, second = _open(one, key), _open(other, key)
        found = compare(first, second, parse_consistency(proof.read_text("utf-8")) if proof else None)
    except (NoteError, OSError, UnicodeDecodeError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(UNUSABLE)
    click.echo(found or f"consistent: {first.size} and {second.size} records of one history of {first.origin}")
    sys.exit(FOUND if found else 0)


def _open(path: Path, key: VerifyKey) -> Checkpoint:
    try:
        return open_checkpoint(_note_in(path), key)
    except NoteError as error:
        raise NoteError(f"{path}: {error}") from error


def _note_in(path: Path) -> str:
    """The note in a file, which may be an inclusion proof with its checkpoint at the end."""
    text = path.read_text("utf-8")
    return parse_inclusion(text).note if text.startswith(INCLUSION_FORMAT) else text


def _print(text: str, output: Path | None) -> None:
    if output:
        write_file(output, text.encode())
    click.echo(text, nl=False)
