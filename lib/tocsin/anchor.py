"""The anchor: the state of the seal at one moment, enough to go on after a power cut by evolving over the journal.

Role in the flow: stage 6, the layout of what lies in the key area. Shared: gateway (writes and reads it) and host
(makes the first one when it provisions a gateway). Context: task.
"""

import struct
from binascii import crc32

from .event import MODE_CLOSED
from .record import MAC_NONE

_LAYOUT = "<8sIIIB32s16s"
_MAGIC = b"TOCSINK1"
_CRC_AT = 69
ANCHOR_BYTES = 73


class Anchor:
    """Before record `seq`: `key` (32 bytes) seals it, `mac` (16 bytes) is its predecessor's; `boot` is the boot number,
    `counter` that of the last command accepted, `mode` the mode."""

    def __init__(self, seq: int, boot: int, counter: int, mode: int, key: bytes, mac: bytes) -> None:
        self.seq = seq
        self.boot = boot
        self.counter = counter
        self.mode = mode
        self.key = key
        self.mac = mac

    def encode(self) -> bytes:
        """73 bytes, little-endian: magic 8, seq 4, boot 4, counter 4, mode 1, key 32, mac 16, CRC-32 of all that 4."""
        body = struct.pack(_LAYOUT, _MAGIC, self.seq, self.boot, self.counter, self.mode, self.key, self.mac)
        return body + struct.pack("<I", crc32(body))


def first_anchor(k0: bytes) -> Anchor:
    """The anchor a gateway is provisioned with: no boot yet, closed until told otherwise."""
    return Anchor(0, 0, 0, MODE_CLOSED, k0, MAC_NONE)


def decode_anchor(data: bytes) -> "Anchor | None":
    """The anchor in `data`, or None when it is torn, zeroed or absent."""
    if len(data) != ANCHOR_BYTES or crc32(data[:_CRC_AT]) != struct.unpack("<I", data[_CRC_AT:])[0]:
        return None
    magic, seq, boot, counter, mode, key, mac = struct.unpack(_LAYOUT, data[:_CRC_AT])
    return Anchor(seq, boot, counter, mode, key, mac) if magic == _MAGIC else None
