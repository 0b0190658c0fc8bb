"""Who is known, by which credential, and when: the table in the file /roster.

Role in the flow: stage 5, before anybody sets or unsets. Shared: gateway and host (its tests). Context: task.
Source: docs/people.md, "The roster". The host makes the table (`roster_table.py` there).

The table is read piece by piece from its file, and believed only when its CRC is right at the end: it never lies in the
heap, and a damaged one lets nobody in.
"""

from binascii import crc32
from hashlib import sha256
from struct import calcsize, unpack

from .compat import const
from .errors import ConfigError
from .event import ACCESS_NO_CLOCK, ACCESS_OUTSIDE, ACCESS_TAKEN, ACCESS_UNKNOWN
from .local_time import DAY_MIN, weekday

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

GUARD = const(1)
STAFF = const(2)
MANAGER = const(3)
TECHNICIAN = const(4)

MAGIC = b"TR"
LAYOUT = const(1)
# Magic, layout, entries, salt.
HEAD = "<2sBH8s"
# Person, role, hash of the credential, first and last day since 1970, days of the week, from and until minute.
ENTRY = "<BB8sHHBHH"
HEAD_BYTES = calcsize(HEAD)
ENTRY_BYTES = calcsize(ENTRY)
CRC_BYTES = const(4)
# What a gateway takes; the table is held in memory while it is replaced.
TABLE_MAX_BYTES = const(8192)
NO_CREDENTIAL = bytes(8)
ALWAYS = (0, 0xFFFF, 0x7F, 0, DAY_MIN)
# Who steals the flash must try some 2**47 numbers, each of them this often.
HASH_ROUNDS = const(256)


def hash_rom(salt: bytes, rom: bytes) -> bytes:
    """What stands in the table for a credential: 8 bytes."""
    for _ in range(HASH_ROUNDS):
        rom = sha256(salt + rom).digest()
    return rom[:8]


def judge(read: "Callable[[int], bytes]", rom: bytes, person: int, now_min: int) -> "tuple[int, int, int, int]":
    """(person, role, ACCESS_…, CRC of the table) for a credential, or, with an empty `rom`, for a person by number.

    `read(n)` gives the next n bytes of the table, `now_min` is the local minute since 1970 or -1. An unknown one is
    person 0. Raises: ConfigError for a damaged table.
    """
    head = read(HEAD_BYTES)
    if len(head) != HEAD_BYTES:
        raise ConfigError("roster: cut short; make it again with tocsin roster push")
    magic, layout, count, salt = unpack(HEAD, head)
    if magic != MAGIC or layout != LAYOUT:
        raise ConfigError("roster: not a table of this layout; make it again with tocsin roster push")
    wanted = hash_rom(salt, rom) if rom else b""
    who, role, verdict = 0, 0, ACCESS_UNKNOWN
    crc = crc32(head)
    for _ in range(count):
        entry = read(ENTRY_BYTES)
        crc = crc32(entry, crc)
        is_it = len(entry) == ENTRY_BYTES and (entry[2:10] == wanted if rom else entry[0] == person)
        if is_it and verdict != ACCESS_TAKEN:
            who, role, verdict = entry[0], entry[1], _within(unpack(ENTRY, entry), now_min)
    if read(CRC_BYTES + 1) != crc.to_bytes(CRC_BYTES, "little"):
        raise ConfigError("roster: damaged; make it again with tocsin roster push")
    return who, role, verdict, crc


def _within(entry: "tuple[int, ...]", now_min: int) -> int:
    """Whether an entry holds now."""
    first, last, days, from_min, until_min = entry[3:]
    if entry[3:] == ALWAYS:
        return ACCESS_TAKEN
    if now_min < 0:
        return ACCESS_NO_CLOCK
    day, minute = divmod(now_min, DAY_MIN)
    if from_min >= until_min and minute < until_min:
        day -= 1  # it began the evening before
        minute += DAY_MIN
    end_min = until_min if from_min < until_min else until_min + DAY_MIN
    holds = first <= day <= last and days >> weekday(day) & 1 and from_min <= minute < end_min
    return ACCESS_TAKEN if holds else ACCESS_OUTSIDE
