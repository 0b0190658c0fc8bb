"""The key that signs updates: 1024 one-time keys in a tree, of which none is ever used twice.

Role in the flow: before stage 1, for firmware that comes later. Context: host.
Sources: RFC 8554, sections 4.3, 4.5, 5.3 and 5.4.1, and appendix A; NIST SP 800-208, section 8, for the care.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import NamedTuple

from tocsin.bundle_head import PUBLIC_TYPES
from tocsin.lms import D_INTR, D_LEAF, D_PBLC, HEIGHTS, WINTERNITZ, chain, message_digits

_LMS_TYPE, _OTS_TYPE = PUBLIC_TYPES[:4], PUBLIC_TYPES[4:]
HEIGHT = HEIGHTS[int.from_bytes(_LMS_TYPE, "big")]
_DIGITS = WINTERNITZ[int.from_bytes(_OTS_TYPE, "big")]
SIGNATURES = 1 << HEIGHT
_SEED_BYTES, _NAME_BYTES, _NONCE_BYTES = 32, 16, 32


class LmsKey(NamedTuple):
    """`name` is RFC 8554's I, 16 bytes that are public; `seed` is the secret, 32 bytes."""

    name: bytes
    seed: bytes

    def tree(self) -> dict[int, bytes]:
        """Every node of the tree by its number, 1 for the root. A million hashes: a second or two."""
        nodes = {SIGNATURES + number: self._leaf(number) for number in range(SIGNATURES)}
        for node in range(SIGNATURES - 1, 0, -1):
            pair = nodes[2 * node] + nodes[2 * node + 1]
            nodes[node] = sha256(self.name + node.to_bytes(4, "big") + D_INTR + pair).digest()
        return nodes

    def public(self, tree: dict[int, bytes]) -> bytes:
        """The 56 bytes of the public key."""
        return PUBLIC_TYPES + self.name + tree[1]

    def sign(self, number: int, message: bytes, tree: dict[int, bytes], nonce: bytes | None = None) -> bytes:
        """The signature with one-time key `number`, which the caller has reserved: twice would give it away."""
        nonce = os.urandom(_NONCE_BYTES) if nonce is None else nonce
        prefix = self.name + number.to_bytes(4, "big")
        values = [
            chain(prefix + place.to_bytes(2, "big"), self._secret(prefix, place), 0, digit)
            for place, digit in enumerate(message_digits(prefix, message, nonce, _DIGITS))
        ]
        path, node = [], SIGNATURES + number
        while node > 1:
            path.append(tree[node ^ 1])
            node >>= 1
        return b"".join([number.to_bytes(4, "big"), _OTS_TYPE, nonce, *values, _LMS_TYPE, *path])

    def _leaf(self, number: int) -> bytes:
        prefix = self.name + number.to_bytes(4, "big")
        hashed = sha256(prefix + D_PBLC)
        for place in range(_DIGITS[1]):
            start = self._secret(prefix, place)
            hashed.update(chain(prefix + place.to_bytes(2, "big"), start, 0, (1 << _DIGITS[0]) - 1))
        node = (SIGNATURES + number).to_bytes(4, "big")
        return sha256(self.name + node + D_LEAF + hashed.digest()).digest()

    def _secret(self, prefix: bytes, place: int) -> bytes:
        return sha256(prefix + place.to_bytes(2, "big") + b"\xff" + self.seed).digest()


def make_lms_key() -> LmsKey:
    """A new key of the operating system's randomness."""
    return LmsKey(os.urandom(_NAME_BYTES), os.urandom(_SEED_BYTES))
