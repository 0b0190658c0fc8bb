"""A bundle on its way to a gateway, without any I/O: what to send, and when to send it again.

Role in the flow: beside stage 8. Context: host. Source: docs/update.md, "The transfer". Time is an argument.
"""

from __future__ import annotations

import struct

from tocsin.bundle_head import (
    RECEIVING,
    REFUSED_CONTENTS,
    REFUSED_FLASH,
    REFUSED_NO_KEY,
    REFUSED_NOT_BEGUN,
    REFUSED_ON_TRIAL,
    REFUSED_SIGNATURE,
    REFUSED_SIZE,
    REFUSED_VERSION,
)
from tocsin.framing import encode_frame
from tocsin.messages import UPDATE_BEGIN, UPDATE_DATA, sealed

REFUSALS = {
    REFUSED_SIZE: "its size is none that fits",
    REFUSED_NO_KEY: "the gateway was provisioned without a key for updates: copy update.pub to the keys, and flash it",
    REFUSED_VERSION: (
        "it is for another board, or its version is not above the one that runs, or the one that runs is too old for it"
    ),
    REFUSED_SIGNATURE: "its signature is not that of the key that the gateway knows",
    REFUSED_CONTENTS: "it came damaged: send it again",
    REFUSED_FLASH: "the gateway's flash, or its memory, did not take it",
    REFUSED_ON_TRIAL: "another one is on trial there; wait until that is confirmed, or ten minutes",
    REFUSED_NOT_BEGUN: "the gateway restarted meanwhile: send it again",
}
PIECE_BYTES = 128
# On their way at a time. Their frames are one piece of MQTT, and leave room for acknowledgements in what a gateway
# keeps unread (docs/mqtt.md).
WINDOW_BYTES = 6 * PIECE_BYTES
# What is not answered is sent again after two round trips, but not sooner than this; then after twice the time, and so
# on: what a slow gateway has not come to yet must not pile up. Nor must each loss on a bad line cost minutes.
AGAIN_AFTER_MS = 1000
_AGAIN_MOST_MS = 60_000
_DOUBLINGS_MAX = 5


class Transfer:
    """Of one bundle to one gateway, over one session after another.

    `at`: bytes that the gateway has; `status`: what it says of them; `moved_at_ms`: when that last changed; `tries`:
    sessions, and beginnings in them, since it had more than ever before.
    """

    def __init__(self, bundle: bytes) -> None:
        self.at = 0
        self.status = RECEIVING
        self.moved_at_ms = 0
        self.tries = 0
        self._bundle = bundle
        self._key = b""
        self._has_begun = False
        self._sent = 0
        self._most_sent = 0
        self._most_at = -1
        # The round trip of the byte before this one is being timed; it was sent then, and once only.
        self._timed_to = 0
        self._timed_from_ms = 0
        self._again_at_ms = 0
        self._round_trip_ms = 0  # until one is measured
        self._unanswered = 0
        self._window_bytes = WINDOW_BYTES

    @property
    def patience_ms(self) -> int:
        """How long a gateway as slow as this one may take for a step."""
        return 4 * self._round_trip_ms

    def connect(self, key: bytes, now_ms: int) -> None:
        """A session began, whose key for updates this is; it goes on where the last one ended."""
        self._key = key
        # A gateway that has all of it has judged, and takes a new one from its beginning.
        self._start(self.at if self.status == RECEIVING and self._has_begun else -1, now_ms)

    def transmit(self, now_ms: int) -> bytes:
        """Frames to send now, of at most WINDOW_BYTES; b"" while the gateway must answer, or when it has judged."""
        if self.status != RECEIVING:
            return b""
        if now_ms >= self._again_at_ms:
            self._sent = self.at
            self._wait(now_ms)
            # One piece, to see whether it is heard: the others may well be waiting there.
            self._unanswered, self._window_bytes = min(self._unanswered + 1, _DOUBLINGS_MAX), PIECE_BYTES
            self._timed_to = 0  # whose answer it will be cannot be told
            if not self._has_begun:
                return self._frame(UPDATE_BEGIN, len(self._bundle))
        frames = b""
        end = min(len(self._bundle), self.at + self._window_bytes) if self._has_begun else 0
        while self._sent < end:
            piece_end = min(self._sent + PIECE_BYTES, end)
            frames += self._frame(UPDATE_DATA, self._sent, self._bundle[self._sent : piece_end])
            self._sent = piece_end
        if self._sent > self._most_sent and self._timed_to <= self.at:
            self._timed_to, self._timed_from_ms = self._most_sent + 1, now_ms
        self._most_sent = max(self._most_sent, self._sent)
        return frames

    def hear(self, status: int, at: int, now_ms: int) -> None:
        """What the gateway said: its status, and how far it is."""
        if status == REFUSED_NOT_BEGUN or (status == RECEIVING and at > self._most_sent):
            if self._has_begun:
                self._start(-1, now_ms)  # it restarted, or took somebody else's meanwhile
        elif status != RECEIVING:
            self.status, self.at, self.moved_at_ms = status, at, now_ms
        elif self._has_begun or at == 0:
            if at != self.at or not self._has_begun:
                self._move(at, now_ms)
            self._has_begun = True

    def _start(self, at: int, now_ms: int) -> None:
        """Go on at `at`, or begin anew at -1."""
        self.tries += 1
        self.status, self._has_begun, self._unanswered = RECEIVING, at >= 0, 0
        self.at = self._sent = max(0, at)
        self.moved_at_ms = self._again_at_ms = now_ms

    def _move(self, at: int, now_ms: int) -> None:
        if self.at < self._timed_to <= at:
            took_ms = now_ms - self._timed_from_ms
            self._round_trip_ms = (3 * (self._round_trip_ms or took_ms) + took_ms) // 4
            self._unanswered = 0
        if at > self._most_at:
            self._most_at, self.tries = at, 0
        self.at, self._sent, self.moved_at_ms = at, max(self._sent, at), now_ms
        self._window_bytes = min(2 * self._window_bytes, WINDOW_BYTES)
        self._wait(now_ms)

    def _wait(self, now_ms: int) -> None:
        wait_ms = max(AGAIN_AFTER_MS, 2 * self._round_trip_ms) << self._unanswered
        self._again_at_ms = now_ms + min(wait_ms, _AGAIN_MOST_MS)

    def _frame(self, kind: int, number: int, data: bytes = b"") -> bytes:
        return encode_frame(sealed(self._key, struct.pack("<BI", kind, number) + data))
