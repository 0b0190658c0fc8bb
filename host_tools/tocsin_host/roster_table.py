"""The roster of a site as the table that a gateway keeps in /roster.

Role in the flow: before stage 1, and on the way back when it is replaced. Context: host. Source: docs/people.md, "The
roster". `tocsin.roster` reads it.
"""

from binascii import crc32
from collections.abc import Iterator
from datetime import date
from struct import pack

from tocsin.messages import tag
from tocsin.roster import (
    CRC_BYTES,
    ENTRY,
    ENTRY_BYTES,
    HEAD,
    HEAD_BYTES,
    LAYOUT,
    MAGIC,
    NO_CREDENTIAL,
    TABLE_MAX_BYTES,
    hash_rom,
)

from .site_people import ROLES, Hours, Person

ENTRIES_MAX = (TABLE_MAX_BYTES - HEAD_BYTES - CRC_BYTES) // ENTRY_BYTES
_EPOCH = date(1970, 1, 1)
_LAST_DAY = 0xFFFF


def rom_bytes(credential: str) -> bytes:
    """The 8 bytes that an iButton says, of "01-000012345678": family, serial number lowest byte first, CRC."""
    family, _, serial = credential.partition("-")
    rom = bytes.fromhex(family) + bytes.fromhex(serial)[::-1]
    crc = 0
    for byte in rom:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return rom + bytes((crc,))


def entries_of(people: list[Person]) -> list[str]:
    """What `build_table` makes a table of, as text that stands in JSON: one entry for each credential and window."""
    return [
        f"{credential} {person.number} {ROLES.index(person.role) + 1} {first} {last} {' '.join(map(str, window))}"
        for person in sorted(people, key=lambda one: one.number)
        for first, last in [_days(person)]
        for credential in person.credentials or [""]
        for window in person.windows
    ]


def build_table(entries: list[str], link_key: bytes) -> bytes:
    """The table; the salt follows from the gateway's link key, so that the same roster gives the same bytes."""
    salt = tag(link_key, b"tocsin roster")
    head = pack(HEAD, MAGIC, LAYOUT, len(entries), salt)
    body = head + b"".join(_entry(entry, salt) for entry in entries)
    return body + crc32(body).to_bytes(CRC_BYTES, "little")


def version_of(table: bytes) -> int:
    """What a gateway calls this roster in its records: the CRC at the table's end."""
    return int.from_bytes(table[-CRC_BYTES:], "little")


def overlaps(windows: list[Hours]) -> Iterator[tuple[int, int]]:
    """Pairs of windows that say the same twice for some minute of the week."""
    minutes = [set(_minutes(window)) for window in windows]
    for second in range(len(windows)):
        for first in range(second):
            if minutes[first] & minutes[second]:
                yield first, second


def _minutes(window: Hours) -> Iterator[int]:
    length = (window.until_min - window.from_min) % 1440 or 1440
    for day in range(7):
        if window.days >> day & 1:
            begin = day * 1440 + window.from_min
            yield from (minute % (7 * 1440) for minute in range(begin, begin + length))


def _days(person: Person) -> tuple[int, int]:
    first = (person.valid_from - _EPOCH).days if person.valid_from else 0
    last = (person.valid_until - _EPOCH).days if person.valid_until else _LAST_DAY
    return first, last


def _entry(entry: str, salt: bytes) -> bytes:
    credential, *numbers = entry.split(" ")
    person, role, *limits = map(int, numbers)
    hashed = hash_rom(salt, rom_bytes(credential)) if credential else NO_CREDENTIAL
    return pack(ENTRY, person, role, hashed, *limits)
