"""The radio of the Pico W.

Role in the flow: below stage 8. Context: task. Imported only where the site has a network.
"""

import network

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


def join(ssid: str, password: str) -> bool:
    """See `hal.Hal.join`."""
    wlan = network.WLAN(network.STA_IF)
    if not wlan.active():
        wlan.active(True)
    if wlan.isconnected():
        return True
    # Idle, or the last try failed: no such network, a wrong password, out of reach.
    if wlan.status() <= network.STAT_IDLE:
        wlan.connect(ssid, password)
    return False
