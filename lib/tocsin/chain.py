"""Keys for any sequence number, and the verifier that takes records one by one as they arrive.

Role in the flow: stage 9. Shared: yes. Context: host.
Sources: docs/record.md, "Verifying records". The collector asks ChainVerifier before it stores; verify.py
judges files.
"""

from struct import unpack_from

from .compat import const, ct_equal, hmac_sha256
from .record import (
    MAC_AT,
    MAC_BYTES,
    MAC_END,
    MAC_NONE,
    RECORD_BYTES,
    SEALED_BYTES,
    SEQ_AT,
    is_intact,
    seq_of,
)
from .seal import evolve, is_sealed

# A hostile number must not buy hours of hashing: nobody derives keys further than this above what is proven.
# At 10,000 records a day it is more than a year, and about two seconds of work.
REACH = const(1 << 22)
_STEP = const(1 << 12)


class KeyLine:
    """K_seq for any seq. Keeps every 4096th key, so an old key costs at most 4095 hashes later on."""

    def __init__(self, k0: bytes, seq: int = 0, key: "bytes | None" = None) -> None:
        """`key` is K_seq when the caller kept it; it saves the way from K_0."""
        self._kept = [k0]
        self._seq, self._key = (0, k0) if key is None else (seq, key)

    def key(self, seq: int) -> bytes:
        """K_seq, 32 bytes. Cost: the distance from the last asked, or from the kept key below."""
        if seq == self._seq + 1 and seq % _STEP:
            self._seq, self._key = seq, evolve(self._key)
            return self._key
        kept = min(seq // _STEP, len(self._kept) - 1)
        at, key = kept * _STEP, self._kept[kept]
        if at < self._seq <= seq:
            at, key = self._seq, self._key
        while at < seq:
            key = evolve(key)
            at += 1
            if at == len(self._kept) * _STEP:
                self._kept.append(key)
        self._seq, self._key = at, key
        return key


class ChainVerifier:
    """Judges records in the order they arrive. `next_seq` and `mac` say where the proven chain ends.

    Whoever passes over a gap sets both.
    """

    def __init__(self, k0: bytes, next_seq: int = 0, key: "bytes | None" = None, mac: "bytes | None" = None) -> None:
        """`mac` is the last stored record's, left out only at the start; `key` is K_next_seq if known."""
        self._line = KeyLine(k0, next_seq, key)
        self.next_seq = next_seq
        self.mac = MAC_NONE if mac is None else mac

    def accept(self, data: bytes) -> str:
        """The verdict on a record's bytes; the chain advances on "verified" only.

        - "damaged": not an intact record
        - "verified": the next one, seal right
        - "ahead": it can be proven only by sealed(), when the mac of the record before it is known
        - "known?": seq is below next_seq; compare with the stored record, or ask sealed() when none is stored
        - "forged": the seal is wrong
        """
        if not is_intact(data):
            return "damaged"
        seq = unpack_from("<I", data, SEQ_AT)[0]
        if seq != self.next_seq:
            return "known?" if seq < self.next_seq else "ahead"
        # As accept_run() for one record; nearly all that arrive come this way.
        given = data[MAC_AT:MAC_END]
        if not ct_equal(hmac_sha256(self._line.key(seq), data[:SEALED_BYTES] + self.mac)[:MAC_BYTES], given):
            return "forged"
        self.next_seq, self.mac = seq + 1, bytes(given)
        return "verified"

    def accept_run(self, data: bytes, at: int, end: int) -> int:
        """Accept records that stand one after the other in data[at:end], as long as each is the next one and sealed.

        Returns where it stopped: `end` when all are. One loop over local names: a host verifies millions.
        """
        seq, mac, key = self.next_seq, self.mac, self._line.key(self.next_seq)
        for place in range(at, end, RECORD_BYTES):
            record = data[place : place + RECORD_BYTES]
            if not is_intact(record) or unpack_from("<I", record, SEQ_AT)[0] != seq:
                break
            given = record[MAC_AT:MAC_END]
            if not ct_equal(hmac_sha256(key, record[:SEALED_BYTES] + mac)[:MAC_BYTES], given):
                break
            key, mac, seq = evolve(key), given, seq + 1
            at = place + RECORD_BYTES
        self.next_seq, self.mac = seq, mac
        return at

    def sealed(self, data: bytes, prev_mac: bytes) -> bool:
        """Whether an intact record of any number is sealed after `prev_mac`: ahead of its turn, a fork, or late."""
        seq = seq_of(data)
        return seq <= self.next_seq + REACH and is_sealed(self._line.key(seq), data, prev_mac)
