"""docs/checkpoint.md says what the library does: its examples are those of the vectors, its layout that of the leaf."""

import json
import re
from pathlib import Path

from tocsin_host import consistency, inclusion

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/checkpoint.md").read_text("utf-8")
VECTORS = json.loads((ROOT / "tests/vectors/checkpoint.json").read_text("utf-8"))


def test_examples_are_those_of_the_vectors() -> None:
    blocks = PAGE.split("```\n")[1::2]
    assert blocks[0] == VECTORS["checkpoints"][8]
    assert blocks[1] == VECTORS["key"]["vkey"] + "\n"


def test_the_leaf_on_the_page_has_no_hole_and_the_length_of_the_vectors() -> None:
    fields = [(int(at), int(size)) for at, size in re.findall(r"^\| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)]
    assert [at for at, _ in fields] == [sum(size for _, size in fields[:n]) for n in range(len(fields))]
    lengths = {len(row["leaf_data"]) // 2 for row in VECTORS["rows"]}
    assert lengths == {sum(size for _, size in fields)} == {131}


def test_the_forms_of_the_files_are_named() -> None:
    assert f"\n{inclusion.FORMAT}\n" in PAGE
    assert f"\n{consistency.FORMAT}\n" in PAGE
