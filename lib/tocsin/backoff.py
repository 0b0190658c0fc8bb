"""How long to wait before the next attempt (docs/link.md, "A session", step 1).

Role in the flow: stage 8. Shared: gateway and host. Context: task.
"""

# A second at first, so that a plugged cable is back at once; never above ten, so that an outage's end is noticed
# well within the shortest reporting time we aim at (20 s, EN 50136-1 SP6).
_DELAYS_MS = (1000, 2000, 4000, 8000, 10000)


def backoff_ms(attempt: int) -> int:
    """Milliseconds to wait after failed attempt number `attempt` (0 is the first)."""
    return _DELAYS_MS[min(attempt, len(_DELAYS_MS) - 1)]
