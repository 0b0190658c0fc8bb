"""What of a guard survives a power cut, as plain lists of numbers.

Role in the flow: stage 5. Shared: gateway and host (its tests). Context: task.
The mode is not among it: it survives by its records.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .guard import Guard


def snapshot(guard: "Guard", now_ms: int, utc_ms: int) -> "list[Any]":
    """What `guard_resume.resume` takes."""
    zones = [
        [zone.number, zone.state, zone.told, int(zone.pending), zone.sounds]
        for zone in guard.zones.values()
        if zone.state or zone.pending or zone.sounds
    ]
    exit_to = guard.exit_to if guard.exit_at else 0
    delays = [exit_to, int(guard.entry_at > 0)]
    return [zones, guard.excuses.snapshot(now_ms, utc_ms), delays, guard.memory.latched]
