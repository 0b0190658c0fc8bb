"""Taking an update: into the slot that does not run, judged there, and tried at the next start (docs/update.md).

Role in the flow: beside stage 8. Context: task. Imported when somebody sends one. It must never write to the slot that
runs, nor have one tried whose signature is not right.
"""

import asyncio
import os
import struct
from hashlib import sha256

from tocsin.bundle_head import (
    FILES_MAX,
    HASH_BYTES,
    HEAD,
    HEAD_BYTES,
    MAGIC,
    RECEIVING,
    REFUSED_CONTENTS,
    REFUSED_FLASH,
    REFUSED_NO_KEY,
    REFUSED_NOT_BEGUN,
    REFUSED_ON_TRIAL,
    REFUSED_SIGNATURE,
    REFUSED_SIZE,
    REFUSED_VERSION,
    SIGNATURE_BYTES,
    SIGNED_PREFIX,
    TAKEN,
)
from tocsin.event import SOURCE_GATEWAY, TYPE_UPDATE, UPDATE_BEGUN, UPDATE_REFUSED, UPDATE_TRIED
from tocsin.messages import UPDATE_BEGIN, UPDATE_STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedReader, BufferedWriter

    from .hal import Hal
    from .recorder import Recorder

BUNDLE_MAX_BYTES = 192 * 1024
_PIECE_BYTES = 512
# Until the records of it have had a chance to leave.
RESTART_AFTER_MS = 2000


class Update:
    """Receives one bundle after another."""

    def __init__(self, hal: "Hal", recorder: "Recorder") -> None:
        self._hal = hal
        self._recorder = recorder
        self._folder = hal.storage + "/slots/"
        self._slot = "b" if hal.slot == "a" else "a"
        self._file: "BufferedWriter | None" = None
        self._status = REFUSED_NOT_BEGUN
        self._at = 0
        self._size = 0
        self._task: "asyncio.Task[None] | None" = None

    def take(self, body: bytes) -> bytes:
        """A *begin* or *data* frame whose tag is right; the body of the *update state* that answers it."""
        number = int.from_bytes(body[1:5], "little")
        try:
            if body[0] == UPDATE_BEGIN:
                self._begin(number)
            elif self._file is not None and number == self._at:
                self._append(body[5:])
        except (OSError, MemoryError):
            self._refuse(REFUSED_FLASH)
        return bytes((UPDATE_STATE, self._status)) + self._at.to_bytes(4, "little")

    def _begin(self, size: int) -> None:
        is_known = self._at == 0 and size == self._size and self._status in (RECEIVING, REFUSED_SIZE)
        if self._status == TAKEN or is_known or (self._hal.is_trial and self._status == REFUSED_ON_TRIAL):
            return
        self._at, self._size = 0, size
        if self._hal.is_trial:
            self._refuse(REFUSED_ON_TRIAL)
        elif not HEAD_BYTES + SIGNATURE_BYTES <= size <= BUNDLE_MAX_BYTES:
            self._refuse(REFUSED_SIZE)
        else:
            self._close()
            self._status = RECEIVING
            self._record(UPDATE_BEGUN, size)
            self._file = open(self._path(), "wb")

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        if self._at + len(data) > self._size:
            self._refuse(REFUSED_SIZE)
            return
        self._file.write(data)
        self._at += len(data)
        if self._at == self._size:
            self._close()
            with open(self._path(), "rb") as bundle:
                why, version = self._judge(bundle)
            if why:
                self._refuse(why)
            else:
                self._try_next(version)

    def _judge(self, bundle: "BufferedReader") -> "tuple[int, int]":
        """(why it is refused, 0 for not at all; its version)."""
        head = bundle.read(HEAD_BYTES)
        magic, version, from_version, _, _, size, index_at, index_bytes, count, board_bytes = struct.unpack(HEAD, head)
        manifest_bytes = index_at + index_bytes + HASH_BYTES * count
        is_whole = magic == MAGIC and size == self._size and count <= FILES_MAX
        if not is_whole or manifest_bytes + SIGNATURE_BYTES > size:
            return REFUSED_CONTENTS, version
        key = self._key()
        if not key:
            return REFUSED_NO_KEY, version
        if not _is_signed(key, bundle, manifest_bytes):
            return REFUSED_SIGNATURE, version
        bundle.seek(HEAD_BYTES)
        running = self._running_version()
        if bundle.read(board_bytes) != self._hal.board.encode() or not from_version <= running < version:
            return REFUSED_VERSION, version
        bundle.seek(index_at)
        is_right = _are_contents(bundle, bundle.read(index_bytes), index_at + index_bytes)
        return 0 if is_right else REFUSED_CONTENTS, version

    def _key(self) -> bytes:
        try:
            with open(self._hal.storage + "/keys/update.key", "rb") as file:
                return file.read()
        except OSError:
            return b""

    def _running_version(self) -> int:
        with open(self._folder + self._hal.slot + ".tocsin", "rb") as file:
            return int.from_bytes(file.read(12)[8:], "little")

    def _try_next(self, version: int) -> None:
        with open(self._folder + "trial", "w") as file:
            file.write(self._slot)
        self._status = TAKEN
        self._record(UPDATE_TRIED, version)
        self._task = asyncio.create_task(self._restart())

    async def _restart(self) -> None:
        await asyncio.sleep_ms(RESTART_AFTER_MS)
        # With the time of the last sample, for whoever tells how long there was none (trial.py).
        utc_ms = self._recorder.clock.utc_ms(self._hal.sampler.count())
        with open(self._folder + "trial", "w") as file:
            file.write(self._slot + str(utc_ms))
        self._hal.restart()

    def _refuse(self, why: int) -> None:
        self._status = why
        self._record(UPDATE_REFUSED, why)
        self._close()
        try:
            os.remove(self._path())
        except OSError:
            return  # there was none

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _path(self) -> str:
        return self._folder + self._slot + ".tocsin"

    def _record(self, what: int, count: int) -> None:
        self._recorder.record(TYPE_UPDATE, SOURCE_GATEWAY, value=what, count=count)


def _is_signed(key: bytes, bundle: "BufferedReader", manifest_bytes: int) -> bool:
    from tocsin.lms import is_signed

    digest = _digest(bundle, 0, manifest_bytes)
    return is_signed(key, SIGNED_PREFIX + digest, bundle.read(SIGNATURE_BYTES))


def _are_contents(bundle: "BufferedReader", index: bytes, hashes_at: int) -> bool:
    """Whether every file is the one that the manifest means."""
    at = 0
    while at < len(index):
        at += 1 + index[at]
        first, size = struct.unpack("<II", index[at : at + 8])
        at += 8
        bundle.seek(hashes_at)
        expected = bundle.read(HASH_BYTES)
        hashes_at += HASH_BYTES
        if _digest(bundle, first, size) != expected:
            return False
    return True


def _digest(bundle: "BufferedReader", first: int, size: int) -> bytes:
    """SHA-256 of a part of the bundle."""
    hashed = sha256()
    bundle.seek(first)
    while size > 0:
        piece = bundle.read(min(size, _PIECE_BYTES))
        if not piece:
            break  # cut short: another hash
        hashed.update(piece)
        size -= len(piece)
    return hashed.digest()
