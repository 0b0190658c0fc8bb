"""The seal: a record gets its mac, the key evolves, the old key is gone.

Role in the flow: stage 6. Shared: yes. Context: task and host.
Sources: docs/record.md, "Seal".
"""

from binascii import crc32
from hashlib import sha256
from struct import pack_into

from .compat import const, ct_equal, micropython
from .compat import hmac_sha256 as hmac_sha256
from .errors import RecordError
from .record import MAC_BYTES, MAC_NONE, RECORD_BYTES, SEALED_BYTES, mac_of, pack_sealed_into

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES = const(32)
# Where a record's parts stand behind the 64 bytes of masked key.
_SEALED_AT = const(64)
_MAC_AT = const(100)
_MAC_END = const(116)
_CRC_AT = const(124)


def evolve(key: "bytes | bytearray") -> bytes:
    """K_{i+1} of K_i: SHA-256(0x01 || K_i). There is no way back."""
    step = sha256(b"\x01")
    step.update(key)
    return step.digest()


def key_id(k0: bytes) -> bytes:
    """The 8 bytes that name a gateway's first key without telling it."""
    return sha256(b"tocsin key id" + k0).digest()[:8]


def record_mac(key: "bytes | bytearray", data: bytes, previous_mac: bytes) -> bytes:
    """mac_i (16 bytes) of a record's bytes under K_i, after a record whose mac was `previous_mac`."""
    return hmac_sha256(key, data[:SEALED_BYTES] + previous_mac)[:MAC_BYTES]


def is_sealed(key: bytes, data: bytes, previous_mac: bytes) -> bool:
    """Whether the mac in a record's 64 bytes is right under K_seq and its predecessor's mac."""
    return ct_equal(record_mac(key, data, previous_mac), mac_of(data))


def set_key(key: "bytes | bytearray", step: bytearray, message: bytearray, outer: bytearray) -> None:
    """Put `key` in bytes 1 to 32 of `step`, and masked as HMAC wants it at the beginning of both its messages."""
    step[1:] = key
    for i in range(KEY_BYTES):
        message[i] = key[i] ^ 0x36
        outer[i] = key[i] ^ 0x5C


class Sealer:
    """Seals one record after the other. `seq` and `key` are the next one's, `mac` is its predecessor's.

    Everything that is hashed lies ready in buffers, because a gateway spends most of a record's time here. They are
    overwritten, the key too, so that past keys do not stay behind in them.
    """

    def __init__(
        self,
        key: "bytes | bytearray",
        seq: int = 0,
        mac: bytes = MAC_NONE,
        set_key: "Callable[[bytes | bytearray, bytearray, bytearray, bytearray], None]" = set_key,
    ) -> None:
        """`set_key` stands in for the one above, and must do the same."""
        if len(key) != KEY_BYTES or len(mac) != MAC_BYTES:
            raise RecordError("sealer: a key has 32 bytes and a mac 16, not %d and %d" % (len(key), len(mac)))
        self.seq = seq
        self.mac = bytes(mac)
        # What the next key is the hash of; HMAC's outer message, with room for the hash of the inner one.
        self._step = bytearray(b"\x01" + key)
        self._outer = bytearray(b"\x5c" * 64 + bytes(32))
        # HMAC's inner message: 64 bytes of masked key, the sealed part, the mac of the record before. When the new mac
        # takes the place of that one, the record stands here behind the key, but for its last twelve bytes.
        self._message = bytearray(b"\x36" * 64 + bytes(RECORD_BYTES))
        self._message[_MAC_AT:_MAC_END] = mac
        view = memoryview(self._message)
        self._hashed, self._checked, self._record = view[:_MAC_END], view[_SEALED_AT:_CRC_AT], view[_SEALED_AT:]
        self._set_key = set_key
        set_key(key, self._step, self._message, self._outer)

    # No property: in a class that has one, MicroPython takes ten times as long to set anything.
    def key(self) -> bytes:
        """A copy of the next record's key."""
        return bytes(self._step[1:])

    def seal(
        self, type: int, source: int, flags: int, boot: int, uptime_ms: int, utc_ms: int, value: int, count: int
    ) -> bytes:
        """The next record, 64 bytes; afterwards its key is overwritten by the next one's.

        Raises: RecordError for a field out of range or when the numbers are used up; then nothing has
        changed.
        """
        return bytes(self.seal_in_place(type, source, flags, boot, uptime_ms, utc_ms, value, count))

    @micropython.native
    def seal_in_place(
        self, type: int, source: int, flags: int, boot: int, uptime_ms: int, utc_ms: int, value: int, count: int
    ) -> memoryview:
        """As `seal`, but without a copy: the next record overwrites it."""
        message, outer, step = self._message, self._outer, self._step
        pack_sealed_into(message, _SEALED_AT, type, source, flags, self.seq, boot, uptime_ms, utc_ms, value, count)
        outer[64:] = sha256(self._hashed).digest()
        self.mac = message[_MAC_AT:_MAC_END] = sha256(outer).digest()[:MAC_BYTES]
        self._set_key(sha256(step).digest(), step, message, outer)
        self.seq += 1
        pack_into("<I", message, _CRC_AT, crc32(self._checked))
        return self._record
