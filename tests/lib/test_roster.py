"""The roster: who is let in by which credential, when; a table that is damaged lets nobody in."""

from binascii import crc32
from hashlib import sha256
from io import BytesIO
from struct import pack

from tocsin import local_time, roster
from tocsin.errors import ConfigError
from tocsin.event import ACCESS_NO_CLOCK, ACCESS_OUTSIDE, ACCESS_TAKEN, ACCESS_UNKNOWN

SALT = b"saltsalt"
MAYER, NIGHT, GUEST = (bytes((1, n, 0, 0, 0, 0, 0, n)) for n in (1, 2, 3))
# 2 March 2026 was a Monday.
MONDAY = 20514
ALWAYS = (0, 0xFFFF, 127, 0, 1440)


def hashed(rom):
    for _ in range(256):
        rom = sha256(SALT + rom).digest()
    return rom[:8]


def a_table(*entries):
    """A table of (person, role, rom or None, first day, last day, days, from, until)."""
    body = b"TR" + pack("<BH", 1, len(entries)) + SALT
    for person, role, rom, first, last, days, start, end in entries:
        body += pack("<BB", person, role) + (hashed(rom) if rom else bytes(8))
        body += pack("<HHBHH", first, last, days, start, end)
    return body + pack("<I", crc32(body))


def judged(table, rom, at_min, person=0):
    """(person, role, verdict)."""
    return roster.judge(BytesIO(table).read, rom, person, at_min)[:3]


def at(day, hour, minute=0):
    return (MONDAY + day) * 1440 + hour * 60 + minute


TABLE = a_table(
    (7, roster.MANAGER, MAYER) + ALWAYS,
    (9, roster.GUARD, NIGHT, 0, 0xFFFF, 0b0011111, 22 * 60, 6 * 60),
    (9, roster.GUARD, NIGHT, 0, 0xFFFF, 0b1000000, 10 * 60, 12 * 60),
    (12, roster.STAFF, GUEST, MONDAY, MONDAY + 4, 127, 0, 1440),
    (13, roster.TECHNICIAN, None) + ALWAYS,
)


def test_a_credential_tells_the_person_and_the_role():
    assert judged(TABLE, MAYER, at(0, 12)) == (7, roster.MANAGER, ACCESS_TAKEN)
    assert judged(TABLE, bytes(8), at(0, 12)) == (0, 0, ACCESS_UNKNOWN)
    assert judged(a_table(), MAYER, at(0, 12)) == (0, 0, ACCESS_UNKNOWN)


def test_a_keyswitch_tells_the_person_by_number():
    assert judged(TABLE, b"", at(0, 12), 13) == (13, roster.TECHNICIAN, ACCESS_TAKEN)
    assert judged(TABLE, b"", at(0, 12), 14) == (0, 0, ACCESS_UNKNOWN)


def test_hours_over_midnight_belong_to_the_day_they_begin_on():
    for day, hour, minute, verdict in (
        (0, 21, 59, ACCESS_OUTSIDE),
        (0, 22, 0, ACCESS_TAKEN),
        (1, 5, 59, ACCESS_TAKEN),
        (1, 6, 0, ACCESS_OUTSIDE),
        (4, 22, 0, ACCESS_TAKEN),
        (5, 5, 59, ACCESS_TAKEN),
        (5, 22, 0, ACCESS_OUTSIDE),
        (0, 5, 0, ACCESS_OUTSIDE),
        (6, 10, 0, ACCESS_TAKEN),
        (6, 12, 0, ACCESS_OUTSIDE),
    ):
        assert judged(TABLE, NIGHT, at(day, hour, minute)) == (9, roster.GUARD, verdict), (day, hour, minute)


def test_the_last_day_counts_as_a_whole():
    for day, hour, verdict in ((-1, 23, ACCESS_OUTSIDE), (0, 0, ACCESS_TAKEN), (4, 23, ACCESS_TAKEN), (5, 0, 2)):
        assert judged(TABLE, GUEST, at(day, hour)) == (12, roster.STAFF, verdict), (day, hour)


def test_without_a_clock_only_people_without_limits_are_let_in():
    assert judged(TABLE, MAYER, -1) == (7, roster.MANAGER, ACCESS_TAKEN)
    assert judged(TABLE, NIGHT, -1) == (9, roster.GUARD, ACCESS_NO_CLOCK)


def test_any_damage_lets_nobody_in():
    for position in range(len(TABLE)):
        for wrong in (TABLE[:position] + bytes((TABLE[position] ^ 1,)) + TABLE[position + 1 :], TABLE[:position]):
            try:
                found = roster.judge(BytesIO(wrong).read, MAYER, 0, at(0, 12))
            except ConfigError:
                continue
            raise AssertionError((position, found))
    try:
        roster.judge(BytesIO(TABLE + b"\0").read, MAYER, 0, at(0, 12))
    except ConfigError:
        return
    raise AssertionError("longer")


def test_the_version_is_the_crc_at_the_end():
    version = roster.judge(BytesIO(TABLE).read, b"", 0, -1)[3]
    assert pack("<I", version) == TABLE[-4:]


def test_local_time_follows_the_offsets():
    offsets = [0, 60, 29_579_100, 120, 29_881_500, 60]
    spring_ms, autumn_ms = 29_579_100 * 60_000, 29_881_500 * 60_000
    assert local_time.local_min(0, offsets) == -1
    assert local_time.local_min(spring_ms - 1, offsets) == 29_579_099 + 60
    assert local_time.local_min(spring_ms, offsets) == 29_579_100 + 120
    assert local_time.local_min(autumn_ms, offsets) == 29_881_500 + 60
    assert local_time.local_min(spring_ms, []) == 29_579_100


def test_weekdays():
    assert [local_time.weekday(day) for day in (0, 4, MONDAY, MONDAY + 6)] == [3, 0, 0, 6]
