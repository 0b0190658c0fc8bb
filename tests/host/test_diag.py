"""What `tocsin diag` makes of what the probe told: words, histograms, the page."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from tocsin_host.diag_report import report
from tocsin_host.diag_snapshot import Bounce, DiagError, Snapshot, parse

KNOWN = {1: ("front door", "door"), 3: ("side <door>", "door"), 4: ("shelves", "temperature")}
TOLD: dict[str, Any] = json.loads(Path(__file__).with_name("diag_told.json").read_text())


def seen(**changes: Any) -> Snapshot:
    return parse(json.dumps({**TOLD, **changes}), KNOWN)


def test_zones_have_names_states_readings_and_marks() -> None:
    door, side, shelves, unknown = seen().zones
    assert (door.name, door.state, door.reading, door.level, door.marks) == ("front door", "normal", "", 0, "inhibited")
    assert (side.state, side.reading, side.marks) == ("tamper", "3290 mV", "the resistors of the loop drift")
    assert (shelves.kind, shelves.state, shelves.reading, shelves.errors) == ("temperature", "fault", "none", 2)
    assert (unknown.name, unknown.kind, unknown.reading) == ("zone 9", "quantity", "19.44 ")


def test_each_zone_tells_when_it_was_last_tested() -> None:
    assert [zone.tested for zone in seen().zones] == ["2026-11-25", "never", "", "day not known"]
    assert [zone.number for zone in seen(testing=True).unhit] == [3]


def test_facts_are_told_for_people() -> None:
    facts = dict(seen().facts)
    assert facts["start"] == "no. 3, 1.50 h ago, by power"
    assert facts["records"] == "next no. 5120, 2 not at the host yet"
    assert facts["journal"] == "security from no. 4000, evidence none, routine from no. 3522"
    assert facts["clock"] == "within 8 ms"
    assert dict(seen(utc_ms=0).facts)["clock"] == "never set"


@pytest.mark.parametrize("text", ["", "{}", "[]", json.dumps({**TOLD, "mode": 9}), json.dumps({**TOLD, "zones": [{}]})])
def test_an_answer_of_another_firmware_is_refused(text: str) -> None:
    with pytest.raises(DiagError, match="cannot be read"):
        parse(text, KNOWN)


def test_bounce_counts_what_is_too_short_for_a_movement_by_its_length() -> None:
    bounce = Bounce()
    levels = [0] * 10 + [1] + [0] * 2 + [1] * 4 + [0] * 5 + [1] * 100 + [0] * 3
    bounce.feed(0, [level << 2 for level in levels], [2])
    assert bounce.counts == {2: [1, 1, 1, 1, 0, 0]}  # 1, 2, 4, 5 ms; neither the first rest nor the 100 ms


def test_samples_that_overlap_count_once_and_a_gap_begins_anew() -> None:
    bounce = Bounce()
    levels = [0] * 20 + [1] * 3 + [0] * 20
    words = [level << 2 for level in levels]
    bounce.feed(0, words[:30], [2])
    bounce.feed(10, words[10:], [2])
    assert bounce.counts == {2: [0, 0, 1, 0, 0, 0]}
    bounce.feed(1000, [4, 4, 0], [2])  # how long it was at rest, or is now, nobody saw
    assert bounce.counts == {2: [0, 0, 1, 0, 0, 0]}


def test_the_ring_of_the_sampler_is_read_from_its_oldest_sound_sample() -> None:
    size = 512
    words = [0] * size
    next_sample = 1000  # so the newest lies at place 487
    for number in (600, 601, 602):
        words[number % size] = 4
    text = b64encode(b"".join(word.to_bytes(4, "little") for word in words)).decode()
    bounce = Bounce()
    bounce.feed_ring((next_sample, text), [2])
    assert bounce.counts == {2: [0, 0, 1, 0, 0, 0]}
    bounce.feed_ring(None, [2])


def test_the_page_needs_nothing_else_and_takes_names_for_text() -> None:
    bounce = Bounce({2: [3, 0, 1, 0, 0, 0]})
    page = report(seen(), bounce, "as it was on 25 November 2026, 14:05")
    assert "side &lt;door&gt;" in page
    assert 'aria-label="4 short pulses"' in page
    assert '<td data-label="last tested">2026-11-25</td>' in page
    assert '<b class="never">never</b>' in page
    assert "inhibited" in page and "412 of the most used sector" in page  # noqa: PT018
    assert not any(word in page for word in ("http:", "https:", "src=", "<script"))
