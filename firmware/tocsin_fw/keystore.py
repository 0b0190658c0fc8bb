"""The keys on the device: anchors of the evolving seal key, and the link key.

Role in the flow: stage 6. Context: task.

Two files take turns, so that a torn write leaves the other. The older anchor is overwritten with zeros once the newer
one is written. On a file system that copies on write the zeros may land elsewhere: a raw key area takes this module's
place behind the same calls.
"""

import os

from tocsin.anchor import ANCHOR_BYTES, Anchor, decode_anchor

_NAMES = ("anchor.a", "anchor.b")


class Keystore:
    """The two anchor files and the link key in `folder`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._turn = 0

    def load(self) -> "tuple[Anchor | None, bool]":
        """(newest intact anchor or None, whether a file was damaged)."""
        best = None
        damaged = False
        for turn, name in enumerate(_NAMES):
            data = self._read(name)
            anchor = decode_anchor(data)
            if anchor is None:
                damaged = damaged or any(data)
            elif best is None or (anchor.seq, anchor.boot) > (best.seq, best.boot):
                best = anchor
                self._turn = 1 - turn
        return best, damaged

    def save(self, anchor: Anchor) -> None:
        """Write `anchor`, then destroy the one before. Raises: OSError."""
        self._write(_NAMES[self._turn], anchor.encode())
        self._turn = 1 - self._turn
        self._write(_NAMES[self._turn], bytes(ANCHOR_BYTES))

    def link_key(self) -> bytes:
        """The 32-byte link key; zeros when there is none, which no host accepts."""
        key = self._read("link.key")
        return key if len(key) == 32 else bytes(32)

    def key_id(self) -> bytes:
        """The 8 bytes that name this gateway's first key, written at provisioning."""
        name = self._read("key.id")
        return name if len(name) == 8 else bytes(8)

    def _read(self, name: str) -> bytes:
        try:
            with open(self._folder + "/" + name, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder + "/" + name
        # Overwritten in place, not truncated first: a cut in between must not leave an empty file and no anchor.
        with open(path, "r+b" if name in os.listdir(self._folder) else "wb") as file:
            file.write(data)
            file.flush()
