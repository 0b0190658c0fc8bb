"""Frames: COBS with a CRC-32, bounded, resynchronising (docs/link.md, "Frames").

Role in the flow: stage 8 and 9, bytes on the wire to frame bodies and back.
Shared: gateway and host. Context: task.
Sources: Cheshire and Baker, "Consistent Overhead Byte Stuffing" (1999); CRC-32 of IEEE 802.3.
"""

from binascii import crc32
from struct import pack_into

from .compat import stuff, unstuff
from .errors import FrameError
from .record import CRC_RESIDUE

# Longest body: a record with its predecessor's mac takes 81 bytes, a hello with the longest name 84. The cap keeps
# a sender of endless garbage from filling the heap, and every COBS run below 254, where the code needs no 0xFF.
BODY_MAX_BYTES = 160
_CRC_BYTES = 4
_ENCODED_MAX_BYTES = BODY_MAX_BYTES + _CRC_BYTES + 1

DELIMITER = b"\x00"


def encode_frame(body: bytes) -> bytes:
    """Return the frame of `body` (1 … 160 bytes), delimiter included.

    Raises: FrameError when the body is empty or too long.
    """
    if not 1 <= len(body) <= BODY_MAX_BYTES:
        raise FrameError("frame body of %d bytes; 1 to %d fit" % (len(body), BODY_MAX_BYTES))
    end = len(body) + 1
    frame = bytearray(end + _CRC_BYTES + 1)
    frame[1:end] = body
    pack_into("<I", frame, end, crc32(body))
    stuff(frame, end + _CRC_BYTES)
    return bytes(frame)


def decode_frame(encoded: bytes) -> bytes:
    """Return the body of one encoded frame, given without its delimiter.

    Raises: FrameError for wrong COBS, length or CRC.
    """
    end = len(encoded)
    frame = bytearray(encoded)
    if unstuff(frame, end) != end:
        raise FrameError("frame with wrong byte stuffing")
    if not _CRC_BYTES + 1 < end <= _ENCODED_MAX_BYTES:
        raise FrameError("frame of %d bytes" % (end - 1))
    checked = frame[1:]
    if crc32(checked) != CRC_RESIDUE:
        raise FrameError("frame with a wrong CRC")
    return bytes(checked[:-_CRC_BYTES])


class FrameReader:
    """Turn a byte stream, cut anywhere, into frame bodies.

    `damaged_count` counts frames dropped since the start. Bounded: never keeps more than one frame.
    """

    def __init__(self) -> None:
        self.damaged_count = 0
        self._partial = b""
        self._skipping = False

    def receive(self, data: bytes) -> "list[bytes]":
        """Take the next bytes of the stream and return the bodies they complete, in order."""
        bodies: list[bytes] = []
        at = 0
        end = data.find(DELIMITER)
        while end >= 0:
            self._collect(data[at:end])
            self._finish(bodies)
            at = end + 1
            end = data.find(DELIMITER, at)
        self._collect(data[at:])
        return bodies

    def restart(self) -> None:
        """Forget the frame that has begun: its line was cut. The count stays."""
        self._partial = b""
        self._skipping = False

    def _collect(self, piece: bytes) -> None:
        if self._skipping:
            return
        if len(self._partial) + len(piece) > _ENCODED_MAX_BYTES:
            self._partial = b""
            self._skipping = True
            self.damaged_count += 1
        else:
            self._partial += piece

    def _finish(self, bodies: "list[bytes]") -> None:
        encoded = self._partial
        self._partial = b""
        if self._skipping:
            self._skipping = False
        elif encoded:
            try:
                bodies.append(decode_frame(encoded))
            except FrameError:
                self.damaged_count += 1
