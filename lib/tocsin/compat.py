"""What MicroPython and CPython do not share, in one place: `const` and a comparison in constant time.

Role in the flow: all stages. Shared: yes. Context: task and host. The only place in lib/ that asks which one it runs
on: by name, because CPython may have a package called `micropython` too (Adafruit Blinka brings one).
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hmac import compare_digest as _compare_digest
    from typing import TypeVar

    _T = TypeVar("_T")

    def const(value: "_T") -> "_T": ...

elif sys.implementation.name == "micropython":
    from micropython import const

    def _compare_digest(a, b):
        if len(a) != len(b):
            return False
        difference = 0
        for i in range(len(a)):
            difference |= a[i] ^ b[i]
        return difference == 0

else:
    from hmac import compare_digest as _compare_digest

    def const(value):
        return value


def ct_equal(a: bytes, b: bytes) -> bool:
    """Whether two byte strings are equal, in a time that does not tell a forger where they differ."""
    return _compare_digest(a, b)
