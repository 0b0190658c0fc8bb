"""The anchor: the state of the seal at one moment, enough to go on after a power cut by evolving over the journal.

Role in the flow: stage 6, the layout of what lies in the key area. Shared: gateway (writes and reads it) and host
(makes the first one when it provisions a gateway). Context: task.
"""

import struct
from binascii import crc32

from .event import MODE_CLOSED
from .record import MAC_NONE

_LAYOUT = "<8sIIIIB32s16s"
_MAGIC = b"TOCSINK2"
_CRC_AT = 73
ANCHOR_BYTES = 77


class Anchor:
    """Before record `seq`: `key` (32 bytes) seals it, `mac` (16 bytes) is its predecessor's; `boot` is the boot number,
    `counter` that of the last command accepted, `mode` the mode; the host has all below `acked_seq`."""

    def __init__(
        self, seq: int, boot: int, counter: int, mode: int, key: bytes, mac: bytes, acked_seq: int = 0
    ) -> None:
        self.seq = seq
        self.boot = boot
        self.counter = counter
        self.mode = mode
        self.key = key
        self.mac = mac
        self.acked_seq = acked_seq

    def encode(self) -> bytes:
        """77 bytes, little-endian (docs/journal.md, "The key area")."""
        body = struct.pack(
            _LAYOUT, _MAGIC, self.seq, self.boot, self.counter, self.acked_seq, self.mode, self.key, self.mac
        )
        return body + struct.pack("<I", crc32(body))


def first_anchor(k0: bytes) -> Anchor:
    """The anchor a gateway is provisioned with: no boot yet, closed until told otherwise."""
    return Anchor(0, 0, 0, MODE_CLOSED, k0, MAC_NONE)


def decode_anchor(data: bytes) -> "Anchor | None":
    """The anchor in `data`, or None when it is torn, zeroed or absent."""
    if len(data) != ANCHOR_BYTES or crc32(data[:_CRC_AT]) != struct.unpack("<I", data[_CRC_AT:])[0]:
        return None
    magic, seq, boot, counter, acked_seq, mode, key, mac = struct.unpack(_LAYOUT, data[:_CRC_AT])
    return Anchor(seq, boot, counter, mode, key, mac, acked_seq) if magic == _MAGIC else None
