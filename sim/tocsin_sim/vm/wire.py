"""What the virtual board and the conductor say to each other, over the VM's standard input and output.

Context: both ends; this module imports nothing but struct, so that both read the same layout.

Every message is `kind` 1 byte, `at_ms` 8 bytes, length 4 bytes, payload; integers little-endian. Times are ms since
power-up.

| kind | to | payload | meaning |
| --- | --- | --- | --- |
| R | board | | run until `at_ms`, or stop earlier as soon as the link has something to say |
| P | board | word 4 | the pins have these levels from `at_ms` on |
| A | board | channel 1, mV 4 signed | ADC reading from `at_ms` on; -1: it cannot be read |
| T | board | reading 4 signed, sensor name | what a sensor says from `at_ms` on; of a counter the pulses in 1000 s |
| I | board | pin 1, ROM id 8 or nothing | what is held to the reader at a pin from `at_ms` on; nothing: no iButton |
| L | board | bytes | bytes from the host arrive on the link |
| U | board | 1 byte | 1: a host is there, 0: the cable is out |
| F | board | | the power is cut now: keep what the flash holds, and end |
| O | conductor | bytes | the board has sent these bytes |
| D | conductor | pin 1, level 1 | the board drives a pin to this level from `at_ms` on |
| S | conductor | | the board has stopped at `at_ms` and waits |
| X | conductor | | the board restarts at `at_ms` |
"""

import struct

HEAD = "<BQI"
HEAD_BYTES = 13
RUN = 0x52
PINS = 0x50
ADC = 0x41
READING = 0x54
LINK = 0x4C
ROM = 0x49
PLUG = 0x55
POWER_OFF = 0x46
OUTPUT = 0x4F
DRIVE = 0x44
STOPPED = 0x53
RESTART = 0x58

# Readings that are none: the sensor is gone, its answer is damaged, it has lost its power since the last conversion.
SENSOR_GONE = 0x7FFFFFFF
DAMAGED = 0x7FFFFFFE
POWER_ON_VALUE = 0x7FFFFFFD
ADC_DEAD = -1


def pack(kind: int, at_ms: int, payload: bytes = b"") -> bytes:
    """One message."""
    return struct.pack(HEAD, kind, at_ms, len(payload)) + payload


def unpack_head(head: bytes) -> "tuple[int, int, int]":
    """(kind, at_ms, payload length) of the 13 bytes before a payload."""
    kind, at_ms, length = struct.unpack(HEAD, head)
    return kind, at_ms, length
