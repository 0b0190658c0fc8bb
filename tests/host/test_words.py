"""Every type and value of a record that the library or its page knows has words; a new one without any fails here."""

import re
from pathlib import Path

import pytest
from tocsin import command, event, event_names
from tocsin.record import Record
from tocsin_host.describe import record_text

DOCS = Path(__file__).parents[2] / "docs"
RECORD_PAGE = (DOCS / "record.md").read_text("utf-8")
MODES_PAGE = (DOCS / "modes.md").read_text("utf-8")
UNKNOWN = 99


def text(kind: int, value: int, count: int) -> str:
    return record_text(Record(kind, 255, 0, 0, 1, 0, 0, value, count))


def constants(module: object, prefix: str) -> set[int]:
    return {getattr(module, name) for name in dir(module) if name.startswith(prefix)}


def in_row(kind: int) -> set[int]:
    """The values that the row of a type lists, as in "0 begun, 1 reached"."""
    row = next(
        line for line in RECORD_PAGE.splitlines() if line.startswith(f"| {kind} | {event_names.type_name(kind)} |")
    )
    return {int(number) for number in re.findall(r"(?:^|[ ,;])(\d+) [a-z]", row.split("|")[3])}


def in_sentence(start: str) -> set[int]:
    """The numbers that a list in a sentence gives names to."""
    sentence = RECORD_PAGE.split(f"\n{start}: ", 1)[1].split(".\n", 1)[0]
    return {int(number) for number in re.findall(r"(?:^|, |\n)(\d+) [a-z]", sentence)}


def test_the_page_is_read_as_meant() -> None:
    assert in_row(event.TYPE_DELAY) == {1, 2, 3, 4, 5}
    assert in_row(event.TYPE_ROUND) == {0, 1, 2, 3, 4, 5}
    assert in_row(event.TYPE_TEST) == {0, 1, 2, 3, 4}
    assert in_sentence("Warnings") == set(range(1, 10))
    assert in_sentence("Access") == constants(event, "ACCESS_") == set(range(7))


@pytest.mark.parametrize("kind", sorted(constants(event, "TYPE_")))
def test_every_type_says_more_than_two_numbers(kind: int) -> None:
    assert event_names.type_name(kind) != f"type-{kind}"
    assert text(kind, 1, 7) != text(200, 1, 7) == "value 1, count 7"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (event.TYPE_TROUBLE, constants(event, "TROUBLE_")),
        (event.TYPE_SERVICE, constants(event, "SERVICE_") | in_row(event.TYPE_SERVICE)),
        (event.TYPE_UPDATE, constants(event, "UPDATE_") | in_row(event.TYPE_UPDATE)),
        (event.TYPE_CONFIG, constants(event, "CONFIG_")),
        (event.TYPE_BOOT, constants(event, "RESET_")),
        (event.TYPE_MODE, constants(event, "MODE_") | in_row(event.TYPE_MODE)),
        (event.TYPE_COMMAND, {code for name, code in vars(command).items() if name.isupper()}),
        (event.TYPE_DELAY, in_row(event.TYPE_DELAY)),
        (event.TYPE_ROUND, in_row(event.TYPE_ROUND)),
        (event.TYPE_TEST, in_row(event.TYPE_TEST)),
    ],
)
def test_every_value_has_words(kind: int, values: set[int]) -> None:
    assert values
    nameless = text(kind, UNKNOWN, 0)
    assert str(UNKNOWN) in nameless
    for value in values:
        assert text(kind, value, 0) != nameless.replace(str(UNKNOWN), str(value)), value


def test_every_verdict_has_words() -> None:
    for verdict in constants(event, "VERDICT_"):
        assert not text(event.TYPE_COMMAND, verdict << 8 | command.SET_MODE, 0).endswith(str(verdict))


@pytest.mark.parametrize(
    ("kind", "counts", "shift"),
    [
        (event.TYPE_ACCESS, constants(event, "ACCESS_"), 0),
        (event.TYPE_WARNING, in_sentence("Warnings"), 0),
        (event.TYPE_REFUSAL, constants(event, "STATE_"), 0),
        (event.TYPE_OUTPUT, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15}, 8),
    ],
)
def test_every_count_that_is_a_code_has_words(kind: int, counts: set[int], shift: int) -> None:
    said = {count: text(kind, 1, count << shift) for count in counts}
    for count, words in said.items():
        assert str(count) not in words.replace("output 0", "").replace("person 1", "").replace("reading 1", ""), words
    assert len(set(said.values())) == len(counts)


def test_every_reason_of_an_output_is_a_row_of_the_page() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \| `", MODES_PAGE, re.MULTILINE)
    assert {int(number) for row in rows for number in row.split(",")} == set(range(1, 11))


def test_every_refusal_of_an_update_has_words() -> None:
    rows = re.findall(r"^\| (\d) \| ", (DOCS / "update.md").read_text("utf-8"), re.MULTILINE)
    for reason in {int(row) for row in rows} - {0, 1}:
        assert "reason" not in text(event.TYPE_UPDATE, event.UPDATE_REFUSED, reason)
