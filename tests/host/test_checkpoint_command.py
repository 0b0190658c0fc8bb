"""`tocsin checkpoint` and `verify --checkpoint`, as a museum and a stranger use them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin_host.cli import tocsin
from tocsin_host.keys import GatewaySecrets, secrets_path, write_secrets
from tocsin_host.store import Store, StoredRecord

Rows = Callable[..., list[StoredRecord]]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(tocsin, [str(argument) for argument in arguments])


class Museum:
    """A store with a log key, in `folder`; `where` is the store."""

    def __init__(self, folder: Path, where: str | Path, rows_of: Rows) -> None:
        self.folder, self.where, self.rows_of = folder, where, rows_of
        self.keys = folder / "keys"
        self.vkey = run("checkpoint", "init", "museum.example/tocsin", "--keys", self.keys).stdout.strip()
        for name in ("gallery", "attic"):
            write_secrets(secrets_path(self.keys, name), GatewaySecrets(name, bytes(32), bytes(32)))

    def append(self, rows: list[StoredRecord]) -> None:
        with Store(self.where) as store:
            store.append(rows)

    def sign(self, name: str) -> Path:
        path = self.folder / name
        result = run("checkpoint", "--store", self.where, "--keys", self.keys, "-o", path)
        assert result.exit_code == 0, result.output
        assert result.stdout == path.read_text()
        return path

    def export(self, gateway: str = "gallery") -> tuple[Path, Path]:
        log, proof = self.folder / f"{gateway}.tlog", self.folder / f"{gateway}.proof"
        result = run("export", gateway, "--store", self.where, "--keys", self.keys, "-o", log, "--proof", proof)
        assert result.exit_code == 0, result.output
        return log, proof


@pytest.fixture
def museum(where: str | Path, tmp_path: Path, rows_of: Rows) -> Museum:
    made = Museum(tmp_path, where, rows_of)
    gallery, attic = rows_of("gallery", 20), rows_of("attic", 9)
    made.append([gallery[0], attic[0], *gallery[1:7], *attic[1:5], *gallery[7:], *attic[5:]])
    return made


def test_a_stranger_verifies_an_export_with_the_public_key_alone(museum: Museum) -> None:
    museum.sign("note")
    log, proof = museum.export()
    result = run("verify", log, "--checkpoint", proof, "--vkey", museum.vkey)
    said = f"{log}: included: 20 records of gateway gallery are in the log museum.example/tocsin of 29 records\n"
    assert (result.exit_code, result.stdout) == (0, said)
    from_file = run("verify", log, "--checkpoint", proof, "--vkey", museum.keys / "log.vkey", "--json")
    assert json.loads(from_file.stdout)["included"] is True
    assert json.loads(from_file.stdout)["records"] == 20


def test_an_export_with_proof_holds_what_the_checkpoint_covers_and_no_more(museum: Museum) -> None:
    museum.sign("note")
    museum.append(museum.rows_of("gallery", 25)[20:])
    log, proof = museum.export()
    assert "included: 20 records" in run("verify", log, "--checkpoint", proof, "--vkey", museum.vkey).stdout
    museum.sign("later")
    museum.export()
    assert "included: 25 records" in run("verify", log, "--checkpoint", proof, "--vkey", museum.vkey).stdout


def test_an_altered_record_is_found_with_the_public_key_alone(museum: Museum) -> None:
    museum.sign("note")
    log, proof = museum.export()
    with Store(museum.folder / "forged") as store:  # the host, which holds the keys, writes the past anew
        rows = museum.rows_of("gallery", 20)
        store.append([row._replace(received_utc_ms=1) for row in rows[:5]])
    data = log.read_bytes()
    log.write_bytes(data[:64] + museum.rows_of("gallery", 40)[30].record + data[128:])
    result = run("verify", log, "--checkpoint", proof, "--vkey", museum.vkey)
    assert result.exit_code == 1
    assert "seq 0: missing" in result.stdout
    assert "seq 30: not covered" in result.stdout


def test_seals_and_inclusion_together(museum: Museum) -> None:
    museum.sign("note")
    log, proof = museum.export()
    key_file = museum.folder / "gallery.keys"
    run("export", "gallery", "--store", museum.where, "--keys", museum.keys, "-o", log, "--key-file", key_file)
    result = run("verify", log, "--keys", key_file, "--checkpoint", proof, "--vkey", museum.vkey)
    assert result.exit_code == 0, result.output
    assert [line.split(": ")[1] for line in result.stdout.splitlines()] == ["clean", "included"]


def test_two_histories_are_caught_by_whoever_holds_two_checkpoints(museum: Museum, tmp_path: Path) -> None:
    """A collector shows the insurer one history and the police another, both well signed."""
    honest = museum.sign("insurer")
    _, proof = museum.export()
    (museum.keys / "log.signed").unlink()  # its operator makes it forget, on another store
    other = Museum.__new__(Museum)
    other.__dict__.update(museum.__dict__ | {"where": tmp_path / "second"})
    other.append([*museum.rows_of("gallery", 20)[:12], *museum.rows_of("attic", 17)])
    forged = other.sign("police")
    told = run("checkpoint", "compare", honest, forged, "--vkey", museum.vkey)
    assert (told.exit_code, told.stdout) == (1, "fork: two histories of 29 records were signed\n")
    told = run("checkpoint", "compare", proof, forged, "--vkey", museum.vkey)
    assert told.exit_code == 1  # the checkpoint in an inclusion proof does as well
    other.append(museum.rows_of("attic", 20)[17:])
    later = other.sign("police later")
    told = run("checkpoint", "prove", honest, "--store", other.where, "-o", tmp_path / "c")
    assert told.exit_code == 1
    assert "fork: the first 29 records of the store are not those" in told.output
    run("checkpoint", "prove", forged, "--store", other.where, "-o", tmp_path / "c")
    told = run("checkpoint", "compare", honest, later, "--vkey", museum.vkey, "--proof", tmp_path / "c")
    assert told.exit_code == 1
    assert told.stdout.startswith("fork, or a wrong proof: ")
    told = run("checkpoint", "compare", forged, later, "--vkey", museum.vkey, "--proof", tmp_path / "c")
    assert (told.exit_code, told.stdout) == (
        0,
        "consistent: 29 and 32 records of one history of museum.example/tocsin\n",
    )


def test_a_log_that_grew_is_proven_to_have_only_grown(museum: Museum) -> None:
    old = museum.sign("old")
    museum.append(museum.rows_of("gallery", 33)[20:])
    new = museum.sign("new")
    proof = museum.folder / "consistency"
    told = run("checkpoint", "prove", old, "--store", museum.where, "-o", proof)
    assert told.exit_code == 0, told.output
    for pair in ((old, new), (new, old)):
        assert run("checkpoint", "compare", *pair, "--vkey", museum.vkey, "--proof", proof).exit_code == 0
    unproven = run("checkpoint", "compare", old, new, "--vkey", museum.vkey)
    assert unproven.exit_code == 2
    assert "give --proof (made by: tocsin checkpoint prove OLD)" in unproven.output


def test_what_cannot_be_used_is_exit_code_two_and_says_why(museum: Museum) -> None:
    museum.sign("note")
    log, proof = museum.export()
    attic, attic_proof = museum.export("attic")
    strange = run("checkpoint", "init", "museum.example/tocsin", "--keys", museum.folder / "other").stdout.strip()
    cut = museum.folder / "cut"
    cut.write_text(proof.read_text()[:300])
    binary = museum.folder / "binary"
    binary.write_bytes(b"\xff\xfe")
    cases: list[tuple[object, object, object, str]] = [
        (log, proof, strange, "not signed by museum.example/tocsin"),
        (log, proof, museum.vkey[:-3], "copy it whole, on one line"),
        (log, proof, binary, "it is no text"),
        (log, cut, museum.vkey, "was not copied whole"),
        (log, binary, museum.vkey, "it is no text"),
        (log, museum.folder / "note", museum.vkey, "does not begin with tocsin-inclusion-1"),
        (log, museum.folder / "none", museum.vkey, "No such file"),
        (log, attic_proof, museum.vkey, "the log is of gateway gallery, the proof of attic"),
        (attic, proof, museum.vkey, "the log is of gateway attic, the proof of gallery"),
        (proof, proof, museum.vkey, "does not begin with TOCSINLG"),
    ]
    for file, given, vkey, said in cases:
        result = run("verify", file, "--checkpoint", given, "--vkey", vkey)
        assert (result.exit_code, said in result.stderr) == (2, True), result.output
    for arguments in (["--vkey", museum.vkey], ["--checkpoint", proof], []):
        result = run("verify", log, *arguments)
        assert result.exit_code == 2
        assert "belong together" in result.output or "give --keys, or" in result.output


def test_export_with_proof_before_any_checkpoint_says_what_to_do(museum: Museum) -> None:
    arguments = ["export", "gallery", "--store", museum.where, "--keys", museum.keys, "-o", museum.folder / "x"]
    result = run(*arguments, "--proof", museum.folder / "y")
    assert result.exit_code == 1
    assert "no checkpoint yet; sign one with: tocsin checkpoint" in result.output
    museum.sign("note")
    museum.append(museum.rows_of("cellar", 2))
    write_secrets(secrets_path(museum.keys, "cellar"), GatewaySecrets("cellar", bytes(32), bytes(32)))
    result = run(*["cellar" if one == "gallery" else one for one in arguments], "--proof", museum.folder / "y")
    assert "the newest checkpoint covers no record of cellar" in result.output


def test_checkpoint_without_a_key_says_how_to_make_one(museum: Museum) -> None:
    result = run("checkpoint", "--store", museum.where, "--keys", museum.folder / "nowhere")
    assert result.exit_code == 1
    assert "make the log's key with: tocsin checkpoint init NAME" in result.output
