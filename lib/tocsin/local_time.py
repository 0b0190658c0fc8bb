"""Local time from UTC, without any data on time zones: the host worked out the offsets for years ahead.

Role in the flow: stage 5, where hours of people and rounds count. Shared: gateway and host (its tests). Context: task.
Minutes since 1970 fit a small integer of MicroPython, milliseconds do not.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_MIN = 1440
# 1 January 1970 was a Thursday; Monday is 0.
_FIRST_WEEKDAY = 3


def local_min(utc_ms: int, offsets: "Sequence[int]") -> int:
    """Minutes since 1970 by the local clock; -1 while `utc_ms` is 0, unknown.

    `offsets`: pairs of (UTC minute since 1970, offset in minutes from then on), rising, one after the other.
    """
    if not utc_ms:
        return -1
    utc_min = utc_ms // 60_000
    offset_min = 0
    for at in range(0, len(offsets), 2):
        if offsets[at] <= utc_min:
            offset_min = offsets[at + 1]
    return utc_min + offset_min


def weekday(day: int) -> int:
    """0 Monday … 6 Sunday of a day since 1970."""
    return (day + _FIRST_WEEKDAY) % 7
