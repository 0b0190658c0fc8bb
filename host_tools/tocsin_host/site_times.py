"""When a time zone changes its offset: worked out here, so that no gateway needs data on time zones.

Role in the flow: before stage 1. Context: host. `tocsin.local_time` reads the result.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# From the year of the first gateways to ten years from now.
FIRST_YEAR = 2026
YEARS_AHEAD = 10


def utc_offsets(timezone: str, last_year: int | None = None) -> list[int]:
    """Pairs, one after the other: UTC minute since 1970, offset in minutes from then on; the first holds from 0."""
    zone = ZoneInfo(timezone)
    if last_year is None:
        last_year = max(FIRST_YEAR, datetime.now(UTC).year) + YEARS_AHEAD
    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    offset = _offset_min(zone, at)
    found = [0, offset]
    while at < end:
        after = at + timedelta(days=1)
        if _offset_min(zone, after) != offset:
            at = _change(zone, at, after)
            offset = _offset_min(zone, at)
            found += [int(at.timestamp()) // 60, offset]
        else:
            at = after
    return found


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The minute of the change between two moments."""
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // 2
        middle = middle.replace(second=0, microsecond=0)
        if middle in (before, after):
            break
        if _offset_min(zone, middle) == _offset_min(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset_min(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) // 60
