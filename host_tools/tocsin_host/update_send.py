"""Sending a bundle to a gateway over its USB port.

Role in the flow: beside stage 8. Context: host.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from tocsin import messages
from tocsin.framing import FrameReader, encode_frame
from tocsin.messages import Hello, sealed, update_key

from .board_check import BoardError, Port, first_hello

PATIENCE_S = 20.0
_PIECE_BYTES = 128
# On their way at a time; the gateway writes a flash sector now and then.
_WINDOW_BYTES = 8 * _PIECE_BYTES
_READ_BYTES = 256
_AGAIN_AFTER_S = 1.0
RECEIVING, TAKEN = 0, 1
REFUSALS = {
    2: "its size is none that fits",
    3: "the gateway was provisioned without a key for updates: copy update.pub to the keys, and flash it",
    4: "it is for another board, or its version is not above the one that runs, or the one that runs is too old for it",
    5: "its signature is not that of the key that the gateway knows",
    6: "it came damaged: send it again",
    7: "the gateway's flash did not take it",
    8: "another one is on trial there; wait until that is confirmed, or ten minutes",
    9: "the gateway restarted meanwhile: send it again",
}


def send_bundle(
    port: Port, gateway: str, link_key: bytes, bundle: bytes, on_progress: Callable[[int], None], patience_s: float
) -> Hello:
    """Send `bundle` and wait until the gateway has judged it; its hello before. Raises: BoardError saying why not."""
    said = first_hello(port, patience_s)
    if said is None:
        raise BoardError("no gateway answers here; is a collector connected to this port?")
    hello, body = said
    if hello.name != gateway or not messages.is_sealed(link_key, body):
        raise BoardError(f"the gateway at this port is not {gateway}, or has other keys")
    transfer = _Transfer(port, update_key(link_key, hello.nonce), bundle)
    until_s, shown = time.monotonic() + patience_s, -1
    while transfer.status != TAKEN:
        transfer.go_on()
        if transfer.at > shown:
            shown, until_s = transfer.at, time.monotonic() + patience_s
            on_progress(shown)
        if transfer.status not in (RECEIVING, TAKEN):
            raise BoardError(f"{gateway} refused the bundle: {REFUSALS.get(transfer.status, transfer.status)}")
        if time.monotonic() > until_s:
            raise BoardError(f"{gateway}: it answers no more, {transfer.at} of {len(bundle)} bytes came; send it again")
    return hello


class _Transfer:
    """`at`: how far the gateway is; `status`: what it says of it."""

    def __init__(self, port: Port, key: bytes, bundle: bytes) -> None:
        self.at = 0
        self.status = RECEIVING
        self._port = port
        self._key = key
        self._bundle = bundle
        self._reader = FrameReader()
        self._sent = 0
        self._again_at_s = time.monotonic() + _AGAIN_AFTER_S
        self._has_begun = False
        self._say(messages.UPDATE_BEGIN, len(bundle))

    def go_on(self) -> None:
        """Send what fits the window, hear what the gateway says."""
        if self._has_begun:
            while self._sent < min(len(self._bundle), self.at + _WINDOW_BYTES):
                self._say(messages.UPDATE_DATA, self._sent, self._bundle[self._sent : self._sent + _PIECE_BYTES])
                self._sent += _PIECE_BYTES
        for body in self._reader.receive(self._port.read(_READ_BYTES)):
            if body[0] == messages.UPDATE_STATE and len(body) == 6:
                self._hear(body[1], int.from_bytes(body[2:], "little"))
        if time.monotonic() > self._again_at_s:
            self._again()

    def _hear(self, status: int, at: int) -> None:
        self.status = status
        if at > self.at or not self._has_begun:
            self._again_at_s = time.monotonic() + _AGAIN_AFTER_S
        self._has_begun = True
        self.at = at

    def _again(self) -> None:
        """Nothing came for a while: a frame was lost."""
        self._again_at_s = time.monotonic() + _AGAIN_AFTER_S
        self._sent = self.at
        if not self._has_begun:
            self._say(messages.UPDATE_BEGIN, len(self._bundle))

    def _say(self, kind: int, number: int, data: bytes = b"") -> None:
        self._port.write(encode_frame(sealed(self._key, struct.pack("<BI", kind, number) + data)))
