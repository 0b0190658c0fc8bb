"""Is this signed? LMS, a signature made of hashes alone, that a chip verifies in a tenth of a second.

Role in the flow: before stage 1, for firmware that comes later. Shared: yes; a gateway imports it when an update came.
Context: task and host. Source: RFC 8554, sections 4.6 and 5.4.2; SHA-256, all heights, Winternitz 4 and 8 bits.
"""

from hashlib import sha256

from .compat import const, ct_equal

PUBLIC_KEY_BYTES = const(56)
_HASH_BYTES = const(32)
D_PBLC = b"\x80\x80"
D_MESG = b"\x81\x81"
D_LEAF = b"\x82\x82"
D_INTR = b"\x83\x83"
# Type: height of the tree.
HEIGHTS = {5: 5, 6: 10, 7: 15, 8: 20, 9: 25}
# Type: (bits of a digit, number of digits, shift of the checksum).
WINTERNITZ = {3: (4, 67, 4), 4: (8, 34, 0)}


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` under the 56 bytes of an LMS public key. False for what is malformed."""
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) < 8:
        return False
    height = HEIGHTS.get(_u32(public_key, 0))
    digits = WINTERNITZ.get(_u32(public_key, 4))
    if height is None or digits is None or signature[4:8] != public_key[4:8]:
        return False
    path_at = 8 + _HASH_BYTES * (1 + digits[1])
    if len(signature) != path_at + 4 + _HASH_BYTES * height or signature[path_at : path_at + 4] != public_key[:4]:
        return False
    number = _u32(signature, 0)
    if number >= 1 << height:
        return False
    prefix = public_key[8:24]
    key = _one_time_key(prefix + signature[:4], message, signature, digits)
    return ct_equal(_root(prefix, number + (1 << height), key, signature, path_at + 4), public_key[24:])


def message_digits(prefix: bytes, message: bytes, nonce: bytes, digits: "tuple[int, int, int]") -> "list[int]":
    """What is signed of a message: the digits of its hash, and those of their checksum (RFC 8554, algorithm 3)."""
    bits, count, shift = digits
    hashed = sha256(prefix + D_MESG + nonce + message).digest()
    found = split(hashed, bits)
    checksum = sum([(1 << bits) - 1 - digit for digit in found]) << shift
    return (found + split(checksum.to_bytes(2, "big"), bits))[:count]


def split(data: bytes, bits: int) -> "list[int]":
    """The digits of `data`, highest first."""
    if bits == 8:
        return list(data)
    found = []
    for byte in data:
        found += [byte >> 4, byte & 15]
    return found


def chain(prefix: bytes, value: bytes, first: int, end: int) -> bytes:
    """The value of one digit's hash chain `end - first` steps on; `prefix` is I, q and the number of the digit."""
    for step in range(first, end):
        value = sha256(prefix + bytes((step,)) + value).digest()
    return value


def _one_time_key(prefix: bytes, message: bytes, signature: bytes, digits: "tuple[int, int, int]") -> bytes:
    """The one-time public key that would give this signature (algorithm 4b)."""
    last = (1 << digits[0]) - 1
    hashed = sha256(prefix + D_PBLC)
    at = 8 + _HASH_BYTES
    for number, digit in enumerate(message_digits(prefix, message, signature[8:at], digits)):
        value = signature[at : at + _HASH_BYTES]
        hashed.update(chain(prefix + number.to_bytes(2, "big"), value, digit, last))
        at += _HASH_BYTES
    return hashed.digest()


def _root(prefix: bytes, node: int, key: bytes, signature: bytes, at: int) -> bytes:
    """The root of the tree over a leaf with this one-time key and the path in the signature (algorithm 6a)."""
    value = sha256(prefix + node.to_bytes(4, "big") + D_LEAF + key).digest()
    while node > 1:
        beside = signature[at : at + _HASH_BYTES]
        pair = beside + value if node & 1 else value + beside
        node >>= 1
        value = sha256(prefix + node.to_bytes(4, "big") + D_INTR + pair).digest()
        at += _HASH_BYTES
    return value


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
