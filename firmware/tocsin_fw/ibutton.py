"""iButtons at one-wire readers: the ROM id of what is held to a probe.

Role in the flow: stage 3. Context: task.
Source: DS1990A datasheet (Maxim 19-4893), "ROM Function Commands" (Read ROM, 33h), "Data Structure" (family 01h,
48 bits of serial number lowest byte first, CRC-8).

Where two are held to one probe at a time their bits mix, and the CRC tells. It takes 1 ms without one, 6 ms with one.
"""

import onewire
from machine import Pin

_READ_ROM = 0x33
_ROM_BYTES = 8
_EIO = 5

_buses: "dict[int, onewire.OneWire]" = {}


def read_rom(pin: int) -> "bytes | None":
    """The 8 bytes of the ROM id; None for none or a damaged one. Raises: OSError when the line is stuck low."""
    bus = _buses.get(pin)
    if bus is None:
        bus = _buses[pin] = onewire.OneWire(Pin(pin))
    if not bus.reset():
        return None
    bus.writebyte(_READ_ROM)
    rom = bytearray(_ROM_BYTES)
    bus.readinto(rom)
    if not any(rom):
        raise OSError(_EIO)
    return None if bus.crc8(rom) else bytes(rom)
