"""Tocsin's shared library: the same bytes on the device and on the host (stages 2 to 8), sans-IO.

Nothing here touches a pin, a file, a socket or a clock: time and random bytes are arguments.
"""

VERSION = "0.1.0"
