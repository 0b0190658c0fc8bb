"""The radio of the Pico W.

Role in the flow: below stage 8. Context: task. Imported only where the site has a network.
"""

import time

import network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Joining and an address take some seconds. A radio that says for longer that it is at it hangs: it begins anew.
HANGS_AFTER_MS = 15_000
_began_ms: "Any" = -1  # ticks


def join(ssid: str, password: str) -> bool:
    """See `hal.Hal.join`."""
    global _began_ms
    wlan = network.WLAN(network.STA_IF)
    if not wlan.active():
        wlan.active(True)
    if wlan.isconnected():
        _began_ms = -1
        return True
    now_ms = time.ticks_ms()
    # Else idle, or the last try failed: no such network, a wrong password, out of reach.
    if wlan.status() > network.STAT_IDLE:
        if _began_ms < 0:
            _began_ms = now_ms
        if time.ticks_diff(now_ms, _began_ms) < HANGS_AFTER_MS:
            return False
        wlan.disconnect()
    _began_ms = now_ms
    wlan.connect(ssid, password)
    return False
