"""A guard goes on with what was kept of it over a restart.

Role in the flow: stage 5. Shared: gateway and host (its tests). Context: task, at a start only: then a gateway
lets go of it.
"""

from .event import MODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .guard import Guard

_TEST = 768  # the key of a walk test among the excuses


def resume(guard: "Guard", kept: "list[Any]", now_ms: int) -> None:
    """Take what `guard_state.snapshot` gave before a restart. Delays begin anew, and excuses go on.

    Raises: ValueError, TypeError, IndexError for what it did not give; then the guard is as if there had been nothing.
    """
    zones, excuses, (exit_to, is_entry), latched = kept
    states = []
    for number, state, told, pending, sounds in zones:
        if number in guard.zones:
            states.append((guard.zones[number], range(4)[state], range(256)[told], bool(pending), sounds + 0))
    ends = [
        [key + 0, left_s + 0, utc_s + 0] for key, left_s, utc_s in excuses if key == _TEST or key & 255 in guard.zones
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
    guard.set_testing(_TEST in guard.excuses.ends)
