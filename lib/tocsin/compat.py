"""What MicroPython and CPython do not share: `const`, `micropython`, comparing in constant time, HMAC, byte stuffing.

Role in the flow: all stages. Shared: yes. Context: task and host. The only place in lib/ that asks which one it runs
on: by name, because CPython may have a package called `micropython` too (Adafruit Blinka brings one). MicroPython has
no hmac, and its hashes cannot be copied; CPython's hmac costs the host more than the two hashes that it makes.
"""

import sys
from hashlib import sha256

# HMAC under a key of 32 bytes: the other half of a block of SHA-256 never changes.
_INNER_REST = b"\x36" * 32
_OUTER_REST = b"\x5c" * 32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hmac import compare_digest as _compare_digest
    from typing import TypeVar

    _T = TypeVar("_T")
    _F = TypeVar("_F")

    def const(value: "_T") -> "_T": ...

    class micropython:  # noqa: N801 - the name that the compiler looks for
        """`@micropython.native`: machine code on a board, nothing elsewhere."""

        @staticmethod
        def native(function: "_F") -> "_F": ...

    def hmac_sha256(key: "bytes | bytearray", message: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104) under a key of exactly 32 bytes: 32 bytes."""

    def stuff(frame: bytearray, last: int) -> None:
        """Put in the place of each zero before `last` how far it is to the next one; one stands at 0 and at `last`."""

    def unstuff(frame: bytearray, end: int) -> int:
        """Undo it in what comes before `end`: `end` again when that was possible."""

elif sys.implementation.name == "micropython":
    import micropython
    from micropython import const

    def _compare_digest(a, b):
        if len(a) != len(b):
            return False
        difference = 0
        for i in range(len(a)):
            difference |= a[i] ^ b[i]
        return difference == 0

    # The key is xored as one big integer: 32 bytes at once instead of a loop.
    _INNER = int.from_bytes(b"\x36" * 32, "little")
    _OUTER = int.from_bytes(b"\x5c" * 32, "little")

    def hmac_sha256(key, message):
        number = int.from_bytes(key, "little")
        inner = sha256((number ^ _INNER).to_bytes(32, "little"))
        inner.update(_INNER_REST)
        inner.update(message)
        outer = sha256((number ^ _OUTER).to_bytes(32, "little"))
        outer.update(_OUTER_REST)
        outer.update(inner.digest())
        return outer.digest()

    @micropython.viper
    def stuff(frame, last: int):
        place = ptr8(frame)  # noqa: F821 - known to the compiler of viper code
        at = 0
        i = 1
        while i < last:
            if place[i] == 0:
                place[at] = i - at
                at = i
            i += 1
        place[at] = last - at

    @micropython.viper
    def unstuff(frame, end: int) -> int:
        place = ptr8(frame)  # noqa: F821
        at = 0
        while at < end:
            step = int(place[at])
            if step == 0:
                return -1
            place[at] = 0
            at += step
        return at

else:
    from hmac import compare_digest as _compare_digest

    _XOR_INNER = bytes(byte ^ 0x36 for byte in range(256))
    _XOR_OUTER = bytes(byte ^ 0x5C for byte in range(256))

    def const(value):
        return value

    class micropython:  # noqa: N801 - the name that the compiler looks for
        @staticmethod
        def native(function):
            return function

    def hmac_sha256(key, message):
        inner = sha256(key.translate(_XOR_INNER) + _INNER_REST + message).digest()
        return sha256(key.translate(_XOR_OUTER) + _OUTER_REST + inner).digest()

    def stuff(frame, last):
        at = 0
        while at < last:
            zero = frame.find(0, at + 1)
            frame[at] = zero - at
            at = zero

    def unstuff(frame, end):
        at = 0
        while at < end:
            step = frame[at]
            if step == 0:
                return -1
            frame[at] = 0
            at += step
        return at


def ct_equal(a: bytes, b: bytes) -> bool:
    """Whether two byte strings are equal, in a time that does not tell a forger where they differ."""
    return _compare_digest(a, b)
