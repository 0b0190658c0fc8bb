"""The seal: a record gets its mac, the key evolves, the old key is gone.

Role in the flow: stage 6. Shared: yes. Context: task and host.
Sources: docs/record.md, "Seal".
"""

from hashlib import sha256

from .compat import const, ct_equal, micropython
from .compat import hmac_sha256 as hmac_sha256
from .errors import RecordError
from .record import MAC_BYTES, MAC_NONE, SEALED_BYTES, finish, mac_of, pack_sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES = const(32)


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


def set_pads(step: bytearray, inner: bytearray, outer: bytearray) -> None:
    """Put the key in bytes 1 to 32 of `step`, masked as HMAC wants it, at the beginning of both its messages."""
    for i in range(KEY_BYTES):
        byte = step[i + 1]
        inner[i] = byte ^ 0x36
        outer[i] = byte ^ 0x5C


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
        set_pads: "Callable[[bytearray, bytearray, bytearray], None]" = set_pads,
    ) -> None:
        """`set_pads` stands in for the one above, and must do the same."""
        if len(key) != KEY_BYTES or len(mac) != MAC_BYTES:
            raise RecordError("sealer: a key has 32 bytes and a mac 16, not %d and %d" % (len(key), len(mac)))
        self.seq = seq
        self.mac = bytes(mac)
        # What the next key is the hash of; HMAC's inner message, with room for the sealed part and the mac before;
        # its outer one, with room for the hash of the inner.
        self._step = bytearray(b"\x01" + key)
        self._inner = bytearray(b"\x36" * 64 + bytes(SEALED_BYTES + MAC_BYTES))
        self._outer = bytearray(b"\x5c" * 64 + bytes(32))
        self._set_pads = set_pads
        set_pads(self._step, self._inner, self._outer)

    @property
    def key(self) -> bytes:
        """A copy of the next record's key."""
        return bytes(self._step[1:])

    @micropython.native
    def seal(
        self,
        type: int,
        source: int,
        flags: int,
        boot: int,
        uptime_ms: int,
        utc_ms: int,
        value: int,
        count: int,
    ) -> bytes:
        """The next record, 64 bytes; afterwards its key is overwritten by the next one's.

        Raises: RecordError for a field out of range or when the numbers are used up; then nothing has
        changed.
        """
        sealed = pack_sealed(type, source, flags, self.seq, boot, uptime_ms, utc_ms, value, count)
        step, inner, outer = self._step, self._inner, self._outer
        inner[64:100] = sealed
        inner[100:] = self.mac
        outer[64:] = sha256(inner).digest()
        self.mac = mac = sha256(outer).digest()[:MAC_BYTES]
        step[1:] = sha256(step).digest()
        self._set_pads(step, inner, outer)
        self.seq += 1
        return finish(sealed, mac)
