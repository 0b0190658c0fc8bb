"""What a power cut in the middle of a flash operation may leave, in several models.

Role in the flow: under stage 7, in the power-cut bench. Context: the MicroPython VM. Bytes in, bytes out.
Bits are handled as one big number: a sector has 32,768 of them.
"""

import random

from .nor import BLOCK_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .nor import Nor

NOTHING, PREFIX, HALF, NEARLY, UNSTABLE = range(5)
# In words, for the tables.
NAMES = (
    "not begun",
    "the first bytes are done",
    "every bit done or not, at random",
    "all but some bits done",
    "bits that read differently at the next start",
)


class Noise:
    """Random bits, the same for a seed. Cut from a pool: a model needs 4096 bytes at a time."""

    _POOL_BYTES = 1 << 16

    def __init__(self, seed: int) -> None:
        random.seed(seed)
        self._pool = b"".join([random.getrandbits(30).to_bytes(4, "little") for _ in range(self._POOL_BYTES // 4)])
        # The top two bits of each word above are zero: mixing two places evens that out.

    def bits(self, count_bytes: int) -> int:
        """As many random bytes as one number."""
        numbers = []
        for _ in range(3):
            at = random.getrandbits(16) % (self._POOL_BYTES - count_bytes)
            numbers.append(int.from_bytes(self._pool[at : at + count_bytes], "little"))
        return numbers[0] ^ numbers[1] ^ numbers[2]


def torn(model: int, before: bytes, wanted: bytes, noise: Noise) -> bytes:
    """What stands there after the cut; `before` and `wanted` have the same length."""
    size = len(before)
    if model == NOTHING:
        return before
    if model == PREFIX:
        done = random.getrandbits(16) % (size + 1)
        return wanted[:done] + before[done:]
    if model == UNSTABLE:
        # Weak bits may read as if nothing had begun, or as if all were done, and fall only later.
        reads = random.getrandbits(2)
        if reads < 2:
            return wanted if reads else before
    mask = noise.bits(size)
    if model == NEARLY:
        for _ in range(5):
            mask |= noise.bits(size)
    old, new = int.from_bytes(before, "little"), int.from_bytes(wanted, "little")
    return (old ^ ((old ^ new) & mask)).to_bytes(size, "little")


class Loose:
    """Bits that a cut caught between two states; each falls anew at every start until somebody programs it."""

    def __init__(self, whole: bytes, at: int, wanted: bytes) -> None:
        self._at = at
        self._size = len(wanted)
        self._before = whole[at : at + self._size]
        self._wanted = wanted
        self._bits = int.from_bytes(self._before, "little") ^ int.from_bytes(wanted, "little")

    def programmed(self, block: int, offset: int, data: "bytes | None") -> None:
        """A later operation: zeros that it programs, and all that it erases, are firm."""
        start = block * BLOCK_BYTES + offset - self._at
        size = BLOCK_BYTES if data is None else len(data)
        if start >= self._size or start + size <= 0:
            return
        ones = bytes(size) if data is None else data
        piece = ones[max(0, -start) : self._size - start]
        mask = b"\xff" * max(0, start) + piece
        mask += b"\xff" * (self._size - len(mask))
        self._bits &= int.from_bytes(mask, "little")

    def shake(self, chip: "Nor", noise: Noise) -> None:
        """The next start: they read differently."""
        now = int.from_bytes(chip.data[self._at : self._at + self._size], "little")
        torn_anew = torn(UNSTABLE, self._before, self._wanted, noise)
        fallen = int.from_bytes(self._wanted if random.getrandbits(1) else torn_anew, "little")
        now ^= (now ^ fallen) & self._bits
        chip.data[self._at : self._at + self._size] = now.to_bytes(self._size, "little")
