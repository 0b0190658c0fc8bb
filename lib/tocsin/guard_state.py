"""What of a guard survives a power cut, as plain lists of numbers.

Role in the flow: stage 5. Shared: gateway and host (its tests). Context: task.
The mode is not among it: it survives by its records.
"""

from .event import MODES
from .excuses import TEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .guard import Guard


def snapshot(guard: "Guard", now_ms: int, utc_ms: int) -> "list[Any]":
    """What `resume` takes."""
    zones = [
        [zone.number, zone.state, zone.told, int(zone.pending), zone.sounds]
        for zone in guard.zones.values()
        if zone.state or zone.pending or zone.sounds
    ]
    exit_to = guard.exit_to if guard.exit_at else 0
    delays = [exit_to, int(guard.entry_at > 0)]
    return [zones, guard.excuses.snapshot(now_ms, utc_ms), delays, guard.memory.latched]


def resume(guard: "Guard", kept: "list[Any]", now_ms: int) -> None:
    """Take what `snapshot` gave before a restart. Delays begin anew, and excuses go on.

    Raises: ValueError, TypeError, IndexError for what it did not give; then the guard is as if there had been nothing.
    """
    zones, excuses, (exit_to, is_entry), latched = kept
    states = []
    for number, state, told, pending, sounds in zones:
        if number in guard.zones:
            states.append((guard.zones[number], range(4)[state], range(256)[told], bool(pending), sounds + 0))
    ends = [
        [key + 0, left_s + 0, utc_s + 0] for key, left_s, utc_s in excuses if key == TEST or key & 255 in guard.zones
    ]
    exit_to, latched = exit_to + 0, latched + 0
    for zone, state, told, is_pending, sounds in states:
        zone.state, zone.told, zone.pending, zone.sounds = state, told, is_pending, sounds
    for key, left_s, utc_s in ends:
        guard.excuses.resume(key, left_s, utc_s, now_ms)
    if exit_to & 255 in range(1, MODES):
        guard.begin_exit(exit_to, now_ms)
    if is_entry:
        guard.begin_entry(now_ms)
    guard.memory.latched = latched
    guard.set_testing(TEST in guard.excuses.ends)
