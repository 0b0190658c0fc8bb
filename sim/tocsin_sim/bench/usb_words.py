"""What a stranger at a gateway's USB port says: everything that is not the words of somebody with a key.

Role in the flow: bench USB-1, before stage 8. Context: CPython. The same seed says the same.
"""

import struct
from collections import Counter
from collections.abc import Callable
from random import Random

from tocsin import messages
from tocsin.framing import BODY_MAX_BYTES, DELIMITER, decode_frame, encode_frame
from tocsin.messages import sealed
from tocsin.service_door import ANSWER_BYTES

# A read takes 257 bytes of what came (link_rp2.py).
PIECE_BYTES = 256
_KINDS = (*range(0x01, 0x08), 0x7E, 0x7F, *range(0x81, 0x8B))
# Lengths of bodies that are right for some kind, and those beside them.
_BORDERS = sorted(
    {n + d for n in (1, 2, 5, 9, 13, 18, 25, 29, 33, 65, 81, 141, 160) for d in (-1, 0, 1)} & {*range(161)}
)
_KEYS_TYPED = (
    b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x03\x03", b"\r\x03\x03", b"\r\x01", b"\x02\x03\r",
    b"\x05A\x01",  # raw paste, as mpremote asks for it
    b"\r\x03\x03\r\x01\x04",  # mpremote: interrupt, raw REPL, soft reset
    b"\x01import machine;machine.reset()\x04",
    b"\x01print(open('/keys/link.key','rb').read())\x04",
    b"\x05A\x01\x20\x00import os\nos.remove('/site.json')\n\x04",
    b"\r\n>>> import os\r\n>>> os.listdir('/keys')\r\n", b"\r\nMicroPython v1.25.0\r\n>>> ", b"close_service()\r\n",
    b"\x1b[A\r\n", b"\x18C", b"+++ATH0\r",
)  # fmt: skip
_LIKING = 0.7
_JUST_HEARD = 6
_RUNS = (b"\x00", b"\xc0", b"\xff", b"\x01", b"\x03", b"\x04")


class Stranger:
    """`recorded`: frames of a host that it listened to, and may go on listening to. `said` counts its words by kind."""

    def __init__(self, seed: str, recorded: list[bytes]) -> None:
        self.recorded = recorded
        self.said: Counter[str] = Counter()
        self._random = Random(seed)
        self._left = b""
        self._another_key = self._random.randbytes(32)
        self._ways: dict[str, Callable[[], bytes]] = {
            "random bytes": lambda: self._random.randbytes(self._random.randint(1, 48)),
            "frames with random bodies": self._any_frame,
            "sealed with another key": self._sealed,
            "recorded, said again": lambda: self._random.choice(self.recorded),
            "just heard, said again": lambda: self._random.choice(self.recorded[-_JUST_HEARD:]),
            "recorded, changed": self._changed,
            "recorded, damaged": self._damaged,
            "at the service door": self._knock,
            "console keys": lambda: self._random.choice(_KEYS_TYPED) + self._random.choice((b"", DELIMITER)),
            "runs of one byte": lambda: self._random.choice(_RUNS) * self._random.randint(1, 40),
            "without an end": self._endless,  # the last one: it is never liked best, because it leaves no room
        }
        self._likes = ""
        self._until = 0

    def piece(self) -> bytes:
        """The next 256 bytes."""
        while len(self._left) < PIECE_BYTES:
            way = self._way()
            self.said[way] += 1
            self._left += self._ways[way]()
        piece, self._left = self._left[:PIECE_BYTES], self._left[PIECE_BYTES:]
        return piece

    def _way(self) -> str:
        """For a while it likes one way better than all others: some only work where nothing else is said."""
        if self.said.total() >= self._until:
            self._until = self.said.total() + self._random.choice((5, 50, 500))
            self._likes = self._random.choice(list(self._ways)[:-1])
        return self._likes if self._random.random() < _LIKING else self._random.choice(list(self._ways))

    def _any_frame(self) -> bytes:
        kind = self._random.choice(_KINDS) if self._random.random() < 0.8 else self._random.randrange(256)
        length = self._random.choice(_BORDERS) if self._random.random() < 0.7 else self._random.randrange(40)
        return encode_frame((bytes((kind,)) + self._random.randbytes(length))[:BODY_MAX_BYTES])

    def _sealed(self) -> bytes:
        """A frame right in all but its key."""
        random = self._random
        number = random.choice((0, 1, 2, random.randrange(1 << 32)))
        bodies = (
            struct.pack("<BIB8sI8s", messages.WELCOME, number, 3, bytes(8), random.randrange(1 << 32), bytes(8)),
            struct.pack("<BIIII", messages.ACK, number, random.randrange(1 << 32), 0, 0xFFFFFFFF),
            struct.pack("<BIQQ", messages.TIME, number, random.randrange(1 << 20), random.randrange(1 << 42)),
            struct.pack("<BIBi", messages.COMMAND, random.randrange(1 << 32), random.randrange(12), 0),
            struct.pack("<BI", messages.UPDATE_BEGIN, random.randrange(1 << 18)),
            struct.pack("<BI", messages.UPDATE_DATA, 0) + random.randbytes(random.randint(1, 128)),
        )
        return encode_frame(sealed(self._another_key, random.choice(bodies)))

    def _changed(self) -> bytes:
        """A recorded body with one byte another, one cut off or one more, and a right CRC."""
        body = bytearray(decode_frame(self._random.choice(self.recorded)[:-1]))
        at = self._random.randrange(len(body))
        how = self._random.randrange(3)
        if how == 0:
            body[at] ^= 1 << self._random.randrange(8)
        elif how == 1 and len(body) > 1:
            del body[at]
        else:
            body.insert(at, self._random.randrange(256))
        return encode_frame(bytes(body[:BODY_MAX_BYTES]))

    def _damaged(self) -> bytes:
        """A recorded frame on a bad line: a bit, a piece, its end, or another frame in the middle."""
        frame = bytearray(self._random.choice(self.recorded))
        at = self._random.randrange(len(frame))
        how = self._random.randrange(4)
        if how == 0:
            frame[at] ^= 1 << self._random.randrange(8)
        elif how == 1:
            del frame[at : at + self._random.randint(1, 8)]
        elif how == 2:
            del frame[at:]
        else:
            frame[at:at] = self._random.choice(self.recorded)
        return bytes(frame)

    def _knock(self) -> bytes:
        if self._random.random() < 0.4:
            return encode_frame(bytes((messages.SERVICE_ASK,)))
        length = self._random.choice((ANSWER_BYTES - 1, ANSWER_BYTES, ANSWER_BYTES, ANSWER_BYTES + 1))
        minutes = self._random.choice((0, 1, 20, 120, 121, 255))
        return encode_frame(bytes((messages.SERVICE_OPEN, minutes)) + self._random.randbytes(length))

    def _endless(self) -> bytes:
        return bytes(self._random.randrange(1, 256) for _ in range(self._random.randint(150, 1200)))
