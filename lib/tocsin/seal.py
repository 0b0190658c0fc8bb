"""The seal: a record gets its mac, the key evolves, the old key is gone.

Role in the flow: stage 6. Shared: yes. Context: task and host.
Sources: docs/record.md, "Seal".
"""

from hashlib import sha256

from .compat import const, ct_equal
from .compat import hmac_sha256 as hmac_sha256
from .errors import RecordError
from .record import MAC_BYTES, MAC_NONE, SEALED_BYTES, Record, finish, mac_of, pack_head

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


class Sealer:
    """Seals one record after the other. `seq` and `key` are the next one's, `mac` is its predecessor's."""

    def __init__(self, key: "bytes | bytearray", seq: int = 0, mac: bytes = MAC_NONE) -> None:
        if len(key) != KEY_BYTES or len(mac) != MAC_BYTES:
            raise RecordError("sealer: a key has 32 bytes and a mac 16, not %d and %d" % (len(key), len(mac)))
        # A copy in one place that is overwritten, so that the past keys do not stay behind in it.
        self.key = bytearray(key)
        self.seq = seq
        self.mac = bytes(mac)

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
        data = pack_head(Record(type, source, flags, self.seq, boot, uptime_ms, utc_ms, value, count))
        self.mac = record_mac(self.key, bytes(data), self.mac)
        self.key[:] = evolve(self.key)
        self.seq += 1
        return finish(data, self.mac)
