"""The keys on the device: anchors of the evolving seal key in raw flash, and the link key.

Role in the flow: stage 6. Context: task.
Sources: docs/journal.md, "The key area".

Anchors are written slot after slot. The one before is destroyed as soon as the next one reads back: flash
programs ones to zeros without an erase, so it becomes zeros where it stands, and no copy is left.
It must never: destroy an anchor before a newer one is safe, or leave one behind that is older than the newest.
"""

from tocsin.anchor import ANCHOR_BYTES, Anchor, decode_anchor
from tocsin.slot import BLANK, SLOT_BYTES, SLOTS, WIPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flash import ReservedFlash

KEY_AREA = 3
_EIO = 5
_TRIES = 3
_PADDING = BLANK[ANCHOR_BYTES:]


class Keystore:
    """The key area of `flash`, and the files of keys that never change in `folder`."""

    def __init__(self, flash: "ReservedFlash", folder: str) -> None:
        self._flash = flash
        self._folder = folder
        self._first, self._count = flash.areas[KEY_AREA]
        self._slot = bytearray(SLOT_BYTES)
        # Where the next anchor goes, and what has to be wiped once it is there.
        self._sector = self._next = 0
        self._remains: "list[tuple[int, int]]" = []

    def load(self) -> "Anchor | None":
        """The newest intact anchor, None when there is none. Raises: OSError."""
        best = None
        self._sector, self._next, self._remains = 0, SLOTS, []
        for sector in range(self._count):
            used = 0
            for slot in range(SLOTS):
                self._flash.read(self._first + sector, slot, self._slot)
                if self._slot == BLANK:
                    continue
                used = slot + 1
                if self._slot == WIPED:
                    continue
                # Torn or intact: part of a key in any case.
                self._remains.append((sector, slot))
                anchor = decode_anchor(bytes(self._slot[:ANCHOR_BYTES]))
                if anchor and (best is None or (anchor.seq, anchor.boot) > (best.seq, best.boot)):
                    best = anchor
                    self._sector = sector
            if sector == self._sector:
                self._next = used
        if self._next < SLOTS:
            # A program that a power cut stopped may have left bits here that still read as blank.
            self._flash.program(self._first + self._sector, self._next, WIPED)
            self._next += 1
        return best

    def save(self, anchor: Anchor) -> None:
        """Write `anchor`, then destroy every one before. Raises: OSError; then the one before may still be there."""
        place = self._write(anchor.encode() + _PADDING)
        remains, self._remains = self._remains, [place]
        for sector, slot in remains:
            try:
                self._flash.wipe(self._first + sector, slot)
            except OSError:
                self._remains.append((sector, slot))
        if len(self._remains) > 1:
            raise OSError(_EIO)

    def link_key(self) -> bytes:
        """The 32-byte link key; zeros when there is none, which no host accepts."""
        key = self._read("link.key")
        return key if len(key) == 32 else bytes(32)

    def key_id(self) -> bytes:
        """The 8 bytes that name this gateway's first key, written at provisioning."""
        name = self._read("key.id")
        return name if len(name) == 8 else bytes(8)

    def _write(self, data: bytes) -> "tuple[int, int]":
        """Program `data` into the next slot that takes it; (sector, slot)."""
        for _ in range(_TRIES):
            if self._next >= SLOTS:
                self._open_sector()
            place = (self._sector, self._next)
            self._next += 1
            if self._flash.program(self._first + place[0], place[1], data):
                return place
            self._flash.program(self._first + place[0], place[1], WIPED)
        raise OSError(_EIO)

    def _open_sector(self) -> None:
        """Go on in the next sector that erases. The newest anchor is not there; remains of older ones go with it."""
        for step in range(1, self._count):
            sector = (self._sector + step) % self._count
            try:
                self._flash.erase(self._first + sector)
            except OSError:
                continue
            self._remains = [place for place in self._remains if place[0] != sector]
            self._sector, self._next = sector, 0
            return
        raise OSError(_EIO)

    def _read(self, name: str) -> bytes:
        try:
            with open(self._folder + "/" + name, "rb") as file:
                return file.read()
        except OSError:
            return b""
