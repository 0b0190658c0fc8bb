"""docs/record.md says what the library does: its example, its numbers, its names."""

import json
import re
from pathlib import Path

from tocsin import event, event_names, wall_clock
from tocsin.record import unpack

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/record.md").read_text("utf-8")
VECTORS = json.loads((ROOT / "tests/vectors/record.json").read_text("utf-8"))
KINDS = ("damaged", "forged", "gap", "unproven", "replay", "fork", "reorder", "truncated", "wrong key")


def section(title: str) -> str:
    """The text of one section, up to the next heading."""
    return PAGE.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def table(title: str) -> dict[int, str]:
    """Number -> name of the table in a section."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", section(title), re.MULTILINE)
    return {int(number): name for number, name in rows}


def test_example_is_the_first_vector() -> None:
    lines = section("Example").split("```")[1].strip().splitlines()
    example = "".join(re.match(r"([0-9a-f]{2} ?)+", line)[0] for line in lines).replace(" ", "")  # type: ignore[index]
    assert example == VECTORS["records"][0]["hex"]
    record = unpack(bytes.fromhex(example))
    assert (record.type, record.seq, record.uptime_ms) == (event.TYPE_BOOT, 0, 250)


def test_types_are_those_of_the_library() -> None:
    assert table("Types") == dict(enumerate(event_names.TYPE_NAMES[1:], start=1))


def test_trouble_codes_are_those_of_the_library() -> None:
    codes = {getattr(event, name) for name in dir(event) if name.startswith("TROUBLE_")}
    assert set(table("Trouble codes")) == codes


def test_states_qualities_and_verdicts_are_those_of_the_library() -> None:
    text = " ".join(PAGE.split())
    assert "States: 0 normal, 1 alarm, 2 tamper, 3 fault." in text
    assert event_names.STATE_NAMES == ("normal", "alarm", "tamper", "fault")
    assert "Time quality: 0 none, 1 drifting, 2 set by the host, 3 NTP, 4 signed by the host;" in text
    assert len(event_names.QUALITY_NAMES) == 5
    assert f"the estimated error is at most {wall_clock.SIGNED_WITHIN_MS} ms" in text
    told = ", ".join(f"{number} {name}" for number, name in enumerate(event_names.VERDICT_NAMES))
    assert f"Command verdicts: {told}." in text


def test_every_kind_of_finding_stands_on_the_page_and_in_the_vectors() -> None:
    in_vectors = {kind for log in VECTORS["logs"] for _, _, kind in log["findings"]}
    assert in_vectors == set(KINDS)
    for kind in KINDS:
        assert f"**{kind}**" in PAGE
