"""Records of people, modes, rounds and tests in words, with names where they are known."""

import pytest
from tocsin import event
from tocsin.record import Record
from tocsin_host.describe import record_text
from tocsin_host.describe_people import duration_text

NAMES = {1: "M. Adler", 3: "G. Celik"}
NEVER = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("kind", "value", "count", "text"),
    [
        (event.TYPE_MODE, 1, 0, "open → closed"),
        (event.TYPE_MODE, 2, 0x101, "closed → lockdown, by M. Adler"),
        (event.TYPE_MODE, 9, 0x701, "closed → 9, by person 7"),
        (event.TYPE_ACCESS, 3, 0, "G. Celik: taken"),
        (event.TYPE_ACCESS, 3, 2, "G. Celik: outside their time"),
        (event.TYPE_ACCESS, 0, 1, "unknown credential"),
        (event.TYPE_ACCESS, 0, 5, "unknown credentials again and again"),
        (event.TYPE_ACCESS, 9, 77, "person 9: 77"),
        (event.TYPE_ACCESS, 3, 6, "G. Celik: silenced what alarms made sound"),
        (event.TYPE_ACCESS, 0, 6, "nobody: silenced what alarms made sound"),
        (event.TYPE_TEST, 0, 3, "walk test begun by G. Celik"),
        (event.TYPE_TEST, 1, 2, "works, hit 2"),
        (event.TYPE_TEST, 2, 0, "walk test ended, every zone was hit"),
        (event.TYPE_TEST, 2, 4, "walk test ended, zones untested: 4"),
        (event.TYPE_TEST, 2, 0x100, "walk test ended by M. Adler, every zone was hit"),
        (event.TYPE_TEST, 2, 0x704, "walk test ended by person 7, zones untested: 4"),
        (event.TYPE_TEST, 3, 41, "untested, not tested for 41 days"),
        (event.TYPE_TEST, 3, NEVER, "untested, never tested"),
        (event.TYPE_TEST, 3, 0, "untested, tested earlier today"),
        (event.TYPE_TEST, 4, 41, "overdue: not tested for 41 days"),
        (event.TYPE_CONFIG, 1, 0xABC, "roster 00000abc"),
        (event.TYPE_CONFIG, 2, 0xABC, "part 2"),
        (event.TYPE_INHIBIT, 1, 28_800, "left out for 8 h by M. Adler"),
        (event.TYPE_INHIBIT, 0, 0, "no longer left out"),
        (event.TYPE_RELEASE, 1, 90, "may be moved for 90 s by M. Adler"),
        (event.TYPE_RELEASE, 1, 0, "guarded again by M. Adler"),
        (event.TYPE_DELAY, 1, 30, "exit delay of 30 s begun"),
        (event.TYPE_DELAY, 2, 1, "exit delay over"),
        (event.TYPE_DELAY, 4, 3, "entry delay ended by G. Celik"),
        (event.TYPE_SERVICE, 0, 30, "console open for 30 min, to a technician's key"),
        (event.TYPE_SERVICE, 0, 0x31E, "console open for 30 min, to a technician's key, G. Celik"),
        (event.TYPE_SERVICE, 1, 30, "console closed"),
        (event.TYPE_SERVICE, 2, 0x31E, "console closed: its 30 min are over, G. Celik"),
        (event.TYPE_SERVICE, 3, 0x71E, "console closed: cable out, person 7"),
        (event.TYPE_SERVICE, 4, 0x31E, "refused, 798 times: not the technician's key"),
        (event.TYPE_CONFIRMED, 4, 1500, "1.5 s after zone 4"),
        (event.TYPE_ROUND, 0, 0x200, "round 2: begun"),
        (event.TYPE_ROUND, 1, 0x203, "round 2: reached, G. Celik"),
        (event.TYPE_ROUND, 4, 0x200, "round 2: missed"),
        (event.TYPE_OUTPUT, 1, 0x902, "output 2 on: fire"),
        (event.TYPE_OUTPUT, 0, 2, "output 2 off: nothing more to show"),
        (event.TYPE_OUTPUT, 0, 0xF02, "output 2 off: it was on as long as it may be"),
        (event.TYPE_OUTPUT, 1, 0xB02, "output 2 on: 11"),
        (event.TYPE_REFUSAL, 1, 1, "not set for M. Adler: this zone is in alarm"),
        (event.TYPE_REFUSAL, 0, 3, "not set for nobody: this zone is in fault"),
        (event.TYPE_WARNING, 1200, 1, "resistors of the loop drift, reading 1200"),
        (event.TYPE_WARNING, event.NO_READING, 2 + 256, "the reading does not change, over"),
        (event.TYPE_WARNING, 0, 99, "99"),
    ],
)
def test_what_a_record_says(kind: int, value: int, count: int, text: str) -> None:
    assert record_text(Record(kind, 5, 0, 0, 1, 0, 0, value, count), NAMES) == text


def test_durations_in_the_largest_unit_that_is_exact() -> None:
    assert [duration_text(seconds) for seconds in (0, 59, 60, 5400, 3600, 86_400, 172_800)] == [
        "0 s",
        "59 s",
        "1 min",
        "90 min",
        "1 h",
        "24 h",
        "2 days",
    ]
