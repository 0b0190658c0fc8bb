"""docs/modes.md says of every kind what site_kinds.py does."""

import re
from pathlib import Path

from tocsin_host.site_kinds import (
    FIRE,
    KINDS,
    NO_CONFIRM,
    NO_INHIBIT,
    NO_WALK_TEST,
    RELEASABLE,
    SILENT,
    Facts,
)

PAGE = (Path(__file__).parents[2] / "docs/modes.md").read_text("utf-8")
WORDS = {
    "silent": SILENT,
    "can be released": RELEASABLE,
    "no inhibit": NO_INHIBIT,
    "fire": FIRE,
    "confirms nothing": NO_CONFIRM,
    "no walk test": NO_WALK_TEST,
}


def rows() -> dict[str, list[str]]:
    """Kind -> the other cells of its row."""
    section = PAGE.split("## Every kind of zone\n", 1)[1].split("\n## ", 1)[0]
    return {
        match[1]: [cell.strip() for cell in match[2].split("|")]
        for match in re.finditer(r"^\| `([a-z-]+)` \|(.*)\|$", section, re.MULTILINE)
    }


def beside(facts: Facts) -> set[str]:
    """What the last cell must say."""
    said = {word for word, bit in WORDS.items() if facts.does & bit}
    return said | ({"fast"} if facts.layer == "fast" else set())


def test_every_kind_has_its_row_with_its_responses_and_flags() -> None:
    assert list(rows()) == list(KINDS)
    for kind, facts in KINDS.items():
        _, responses, flags = rows()[kind]
        assert responses == ", ".join(facts.responses), kind
        assert set(filter(None, flags.split(", "))) == beside(facts), kind
