"""docs/checkpoint.md by its vectors: tree, notes, leaves, checkpoints, proofs sound and unsound."""

import json
from pathlib import Path
from typing import Any

import pytest
from tocsin.record import seq_of
from tocsin_host.checkpoint import Checkpoint, open_checkpoint, row_leaf
from tocsin_host.consistency import compare, parse_consistency
from tocsin_host.inclusion import parse_inclusion, verify_inclusion
from tocsin_host.merkle import BatchProver, Frontier, batch_root, consistency_proof, is_consistent, leaf_hash, root_of
from tocsin_host.signed_note import NoteError, SigningKey, open_note, parse_signing_key, parse_verify_key

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/checkpoint.json").read_text("utf-8"))
TREE = VECTORS["tree"]
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in TREE["leaves"]]
KEY = parse_verify_key(VECTORS["key"]["vkey"])


def named(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case.get("name", "") for case in cases])


def test_roots_are_the_published_ones_of_rfc_6962() -> None:
    assert [root_of(LEAVES[:size]).hex() for size in range(9)] == TREE["roots"]


def test_a_tree_goes_on_from_its_frontier() -> None:
    for size in range(9):
        tree = Frontier()
        for leaf in LEAVES[:size]:
            tree.append(leaf)
        again = Frontier(size, tree.packed())
        for leaf in LEAVES[size:]:
            again.append(leaf)
        assert (again.size, again.root().hex()) == (8, TREE["roots"][8])


def test_consistency_proofs_of_every_pair() -> None:
    for case in TREE["consistency"]:
        old, new = case["old"], case["new"]
        proof = consistency_proof(old, new, lambda first, end: root_of(LEAVES[first:end]))
        assert [one.hex() for one in proof] == case["proof"]
        assert is_consistent(old, root_of(LEAVES[:old]), new, root_of(LEAVES[:new]), proof)
    assert len(TREE["consistency"]) == 36


def test_batch_proofs() -> None:
    for case in TREE["batch"]:
        prover = BatchProver()
        for place, leaf in enumerate(LEAVES[: case["size"]]):
            prover.append(leaf, place in case["leaves"])
        root, proof = prover.finish()
        assert root.hex() == TREE["roots"][case["size"]]
        assert [one.hex() for one in proof] == case["proof"]
        wanted = [(place, LEAVES[place]) for place in case["leaves"]]
        assert batch_root(case["size"], wanted, iter(proof)) == root


def test_note_of_the_go_package() -> None:
    go = VECTORS["note"]
    key = parse_signing_key(go["skey"])
    assert (key.text(), key.public().text()) == (go["skey"], go["vkey"])
    assert key.sign(go["text"]) == go["note"]
    assert open_note(go["note"], parse_verify_key(go["vkey"])) == go["text"]


def test_rows_and_checkpoints() -> None:
    key = SigningKey(VECTORS["key"]["name"], bytes.fromhex(VECTORS["key"]["secret"]))
    assert key.public() == KEY
    tree = Frontier()
    for row, note in zip(VECTORS["rows"], VECTORS["checkpoints"], strict=True):
        record, mac = bytes.fromhex(row["record"]), row["prev_mac"]
        leaf = row_leaf(row["gateway"], row["received_utc_ms"], bytes.fromhex(mac) if mac else None, record)
        assert leaf.hex() == row["leaf_hash"] == leaf_hash(bytes.fromhex(row["leaf_data"])).hex()
        assert seq_of(record) == row["seq"]
        tree.append(leaf)
        checkpoint = Checkpoint(KEY.name, tree.size, tree.root())
        assert key.sign(checkpoint.text()) == note
        assert open_checkpoint(note, KEY) == checkpoint


@named(VECTORS["inclusion"])
def test_inclusion(case: dict[str, Any]) -> None:
    log = bytes.fromhex(case["log"])
    if case["findings"] is None:
        with pytest.raises(NoteError):
            verify_inclusion(log, parse_inclusion(case["proof"]), KEY)
        return
    proof = parse_inclusion(case["proof"])
    assert proof.text() == case["proof"]
    report = verify_inclusion(log, proof, KEY)
    assert [finding.split(":")[0] for finding in report.findings] == case["findings"]


@named(VECTORS["comparison"])
def test_comparison(case: dict[str, Any]) -> None:
    one, other = open_checkpoint(case["one"], KEY), open_checkpoint(case["other"], KEY)
    proof = parse_consistency(case["proof"]) if case["proof"] else None
    if case["same"] is None:
        with pytest.raises(NoteError):
            compare(one, other, proof)
        return
    assert (compare(one, other, proof) == "") == case["same"]
    if proof:
        assert proof.text() == case["proof"]


SOUND = VECTORS["checkpoints"][8]


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("", "not a signed note"),
        (SOUND[:-1], "not a signed note"),
        (SOUND.replace("\n\n", "\n"), "not a signed note"),
        (SOUND.replace("\n9\n", "\n9\x00\n"), "control characters"),
        (SOUND.replace("— ", "- "), "a signature line is not"),
        (SOUND.replace("\n9\n", "\n10\n"), "the note was altered, or forged"),
        (SOUND + "— another.example AAAAAAAAAAAA\n", ""),
        (SOUND.replace("— museum.example/tocsin", "— museum.example/other"), "not signed by museum.example/tocsin"),
    ],
)
def test_notes_that_cannot_be_opened(note: str, said: str) -> None:
    if not said:
        assert open_checkpoint(note, KEY).size == 9
        return
    with pytest.raises(NoteError, match=said):
        open_checkpoint(note, KEY)


@pytest.mark.parametrize("size", ["-1", "09", "9.0", "nine", "", str(1 << 63)])
def test_signed_sizes_that_are_no_plain_numbers_are_refused(size: str) -> None:
    key = SigningKey(VECTORS["key"]["name"], bytes.fromhex(VECTORS["key"]["secret"]))
    text = Checkpoint(KEY.name, 9, bytes(32)).text().replace("\n9\n", f"\n{size}\n")
    with pytest.raises(NoteError, match="its size is no plain number"):
        open_checkpoint(key.sign(text), KEY)


@pytest.mark.parametrize("change", [("museum", "musuem"), ("+A", "+B"), ("+", "", 1), ("\n", ""), (" ", "")])
def test_vkeys_that_were_not_copied_whole_are_refused(change: tuple[Any, ...]) -> None:
    vkey = VECTORS["key"]["vkey"]
    text = vkey.replace(*change) if change[0] in vkey else vkey[:-4]
    with pytest.raises(NoteError):
        parse_verify_key(text)


def test_a_private_key_is_never_told() -> None:
    with pytest.raises(NoteError) as caught:
        parse_signing_key(VECTORS["note"]["skey"].replace("c74f", "0000"))
    assert "AYEKFALV" not in str(caught.value)
