"""The roster as the host makes it and the gateway reads it, beside a plain account in dates and hours."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from tocsin import roster
from tocsin.errors import ConfigError
from tocsin.event import ACCESS_NO_CLOCK, ACCESS_OUTSIDE, ACCESS_TAKEN
from tocsin_host.roster_table import build_table, entries_of, rom_bytes, version_of
from tocsin_host.site_people import DAYS, ROLES, Person

KEY = bytes(range(32))
TIMES = st.integers(0, 1439)


@st.composite
def windows(draw: st.DrawFn) -> str:
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    start = draw(TIMES)
    end = draw(st.integers(1, 1440).filter(lambda minute: minute != start))
    return f"{','.join(days)} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


@st.composite
def people(draw: st.DrawFn) -> Person:
    first = draw(st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1)))
    last = draw(st.none() | st.dates(first or date(2020, 1, 1), date(2041, 1, 1)))
    return Person(
        number=draw(st.integers(1, 250)),
        name="somebody",
        role=draw(st.sampled_from(ROLES)),
        credentials=draw(st.lists(st.from_regex(r"01-[0-9a-f]{12}", fullmatch=True), min_size=1, max_size=2)),
        valid_from=first,
        valid_until=last,
        hours=draw(st.none() | st.lists(windows(), min_size=1, max_size=2)),
    )


def is_let_in(person: Person, at: datetime) -> bool:
    """Written apart from the table on purpose: by dates, and minute by minute for what passes midnight."""
    for days, start, end in person.windows:
        for back in (0, 1):
            evening = (at - timedelta(days=back)).date()
            begin = datetime(evening.year, evening.month, evening.day, tzinfo=UTC) + timedelta(minutes=start)
            length = (end - start) % 1440 or 1440
            is_day = days >> evening.weekday() & 1
            is_valid = (person.valid_from or date.min) <= evening <= (person.valid_until or date.max)
            if is_day and is_valid and begin <= at < begin + timedelta(minutes=length):
                return True
    return False


@settings(max_examples=60)
@given(people(), st.datetimes(datetime(2020, 1, 2), datetime(2041, 1, 2)).map(lambda at: at.replace(tzinfo=UTC)))
def test_table_lets_in_whom_the_site_lets_in(person: Person, at: datetime) -> None:
    table = build_table(entries_of([person]), KEY)
    rom = rom_bytes(person.credentials[-1])
    who, role, verdict, version = roster.judge(BytesIO(table).read, rom, 0, int(at.timestamp()) // 60)
    assert (who, ROLES[role - 1], version) == (person.number, person.role, version_of(table))
    assert verdict == (ACCESS_TAKEN if is_let_in(person, at.replace(second=0, microsecond=0)) else ACCESS_OUTSIDE)
    without_clock = roster.judge(BytesIO(table).read, rom, 0, -1)[2]
    is_limited = any((person.valid_from, person.valid_until, person.windows != [(127, 0, 1440)]))
    assert without_clock == (ACCESS_NO_CLOCK if is_limited else ACCESS_TAKEN)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise_than_by_refusing(data: bytes) -> None:
    try:
        roster.judge(BytesIO(data).read, b"12345678", 0, 0)
    except ConfigError:
        return
    assert len(data) >= roster.HEAD_BYTES + roster.CRC_BYTES


def test_no_credential_stands_in_the_table() -> None:
    person = Person(number=1, name="somebody", role="manager", credentials=["01-00001a2b3c4d"])
    table = build_table(entries_of([person]), KEY)
    rom = rom_bytes("01-00001a2b3c4d")
    assert rom[1:7] == bytes.fromhex("4d3c2b1a0000")
    assert rom[1:7] not in table
    assert rom[1:7][::-1] not in table
    assert build_table(entries_of([person]), bytes(32)) != table
