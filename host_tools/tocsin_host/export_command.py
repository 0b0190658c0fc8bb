"""`tocsin export`: one gateway's records as a log file, with the key file that opens it and a proof of inclusion.

Role in the flow: stage 10. Context: host.
"""

from pathlib import Path

import click

from .export import export_log, log_of
from .keys import load_secrets, secrets_path, write_key_file
from .options import keys_folder, keys_option, plain_errors, store_option
from .store import Store
from .write_file import write_file


@click.command()
@click.argument("gateway")
@store_option
@keys_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Log file to write. [default: GATEWAY.tlog]")
@click.option("--key-file", type=click.Path(path_type=Path), help="Write the verification key file there too.")
@click.option(
    "--proof",
    type=click.Path(path_type=Path),
    help="Write there the proof that the newest checkpoint covers every record; leaves out those it does not cover.",
)
@plain_errors
def export(
    gateway: str, store: str, keys: Path | None, output: Path | None, key_file: Path | None, proof: Path | None
) -> None:
    """Write the sealed log of GATEWAY to a file that `tocsin verify` takes."""
    secrets = load_secrets(secrets_path(keys_folder(keys, store), gateway))
    output = output or Path(f"{gateway}.tlog")
    with Store(store, read_only=True) as opened:
        if gateway not in opened.gateways():
            known = ", ".join(opened.gateways()) or "none"
            raise click.ClickException(f"the store has no records of {gateway}; it has those of: {known}")
        if proof:
            from .prover import prove_inclusion  # needs cryptography

            rows, inclusion = prove_inclusion(opened, gateway)
            write_file(output, log_of(rows, gateway, secrets))
            write_file(proof, inclusion.text().encode())
        else:
            write_file(output, export_log(opened, gateway, secrets))
    if key_file:
        write_key_file(key_file, secrets)
    click.echo(f"{output}: written; prove it with: tocsin verify {output} --keys {key_file or 'KEYFILE'}")
    if proof:
        click.echo(f"{proof}: written; prove it with: tocsin verify {output} --checkpoint {proof} --vkey KEY")
