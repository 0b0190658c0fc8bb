"""docs/attacks.md names tests and vectors that are there."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/attacks.md").read_text("utf-8")
VECTORS = {log["name"] for log in json.loads((ROOT / "tests/vectors/record.json").read_text("utf-8"))["logs"]}
ROW = re.compile(r"^\| (?!attack|---)[^|]+\|[^|]+\|([^|]+)\|$", re.MULTILINE)


def test_every_attack_has_a_test_that_is_there() -> None:
    cells = ROW.findall(PAGE)
    assert len(cells) >= 30
    for cell in cells:
        names = re.findall(r"`([^`]+)`", cell)
        assert names, cell
        for name in names:
            path, _, function = name.partition("::")
            assert name in VECTORS or f"def {function}(" in (ROOT / path).read_text("utf-8"), name
