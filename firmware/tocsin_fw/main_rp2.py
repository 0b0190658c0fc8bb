"""The board's /main.py: starts the firmware, and keeps the board within reach when that fails.

Role in the flow: before stage 1. Context: task. Copied to the board as the text it is. It needs nothing of ours,
because it must also tell that our packages cannot be imported.

The error goes into /last-error.txt and to the port. Whoever answers the challenge beside it with the gateway's service
key (docs/service.md) gets the console, for as long as it takes; on a board without such a key Ctrl-C is enough.
Otherwise the board starts again, so that what passes heals; the start that works tells how often it failed
(`failed_start.py`).
"""

import micropython

# MicroPython switches Ctrl-C on for each program it starts; who floods the port with it must not get a console.
try:
    micropython.kbd_intr(-1)
    for _ in range(4):  # one that came before is raised here at the latest
        pass
except KeyboardInterrupt:
    pass

import gc
import io
import os
import select
import sys
import time
from array import array
from binascii import hexlify
from hashlib import sha256

import machine
import vfs

RETRY_S = 30
# While our modules are imported. Without it they lie scattered all over the heap, among what importing left behind:
# nothing large fits in any more, and allocations search long.
COLLECT_EVERY_BYTES = 32768
_TELL_EVERY_S = 5  # a terminal attached in between wants to see why
_CTRL_C = 3
# The watchdog, once started, would end a technician's session. Bit 30 of its CTRL register starts it (RP2040 datasheet
# 4.7.6); writing to the register's third alias clears bits (2.1.2).
_WATCHDOG_CTRL_CLEAR = 0x4005B000
_WATCHDOG_ENABLE = 1 << 30


# Where firmware lies (docs/update.md): a.tocsin, b.tocsin, and which of them runs.
SLOTS = "/slots/"
_TRIAL_WATCHDOG_MS = 8000
_ENOENT, _EINVAL = 2, 22
_FOLDER, _FILE = (0x4000,) + (0,) * 9, (0x8000,) + (0,) * 9


class Pack:
    """An update bundle as a file system to import from, and nothing else.

    Looked up a few hundred times while a gateway starts: a byte for each name says where to look. It rests when the
    gateway has started, and then opens and reads anew for each of the few modules that are imported later.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.is_resting = False
        count = self.wake()
        self.hints = bytearray(count)
        self.places = array("H", bytes(2 * count))
        self.folders = [""]
        index, at = self.index, 0
        for number in range(count):
            end = at + 1 + index[at]
            self.hints[number] = hint(index[at + 1 : end])
            self.places[number] = at
            folder = index[at + 1 : end].decode().rpartition("/")[0]
            if folder not in self.folders:
                self.folders.append(folder)
            at = end + 8

    def wake(self) -> int:
        """Open the file and read its index; how many files that has. Raises: OSError, MemoryError."""
        file = open(self.path, "rb")
        head = file.read(35)
        if head[:8] != b"TOCSINU1":
            raise OSError(_EINVAL)
        file.seek(int.from_bytes(head[29:31], "little"))
        index = file.read(int.from_bytes(head[31:33], "little"))
        self.file, self.index = file, index  # both or none: the next attempt begins anew
        return int.from_bytes(head[33:35], "little")

    def rest(self) -> None:
        """Let go of both, 3 KB of heap, until a module is asked for."""
        self.is_resting = True
        self.file = self.index = None

    def mount(self, _is_readonly: bool, _wants_new: bool) -> None:
        """Nothing to do."""

    def umount(self) -> None:
        """Nothing to do."""

    def stat(self, path: str) -> "tuple[int, ...]":
        """As os.stat, but for the size. Raises: OSError."""
        if path[1:] in self.folders:
            return _FOLDER
        if path.endswith(".mpy"):
            self.find(path)
            return _FILE
        raise OSError(_ENOENT)

    def open(self, path: str, _mode: str) -> io.BytesIO:
        """A file's content. Raises: OSError."""
        at = self.find(path)
        self.file.seek(int.from_bytes(self.index[at : at + 4], "little"))
        data = self.file.read(int.from_bytes(self.index[at + 4 : at + 8], "little"))
        if self.is_resting:
            self.rest()
        return io.BytesIO(data)

    def find(self, path: str) -> int:
        """Where place and size of a file stand in the index. Raises: OSError."""
        name = path[1:].encode()
        if b"/" not in name:
            raise OSError(_ENOENT)  # what is MicroPython's own is asked for here, too
        if self.file is None:
            self.wake()
        number = self.hints.find(bytes((hint(name),)))
        while number >= 0:
            at = self.places[number]
            if self.index[at + 1 : at + 1 + self.index[at]] == name:
                return at + 1 + len(name)
            number = self.hints.find(bytes((hint(name),)), number + 1)
        raise OSError(_ENOENT)


def hint(name: bytes) -> int:
    """One byte that tells most names apart."""
    return len(name) * 29 + name[len(name) // 2] * 3 + name[-5] & 255


def choose_slot() -> "tuple[str, bool]":
    """(slot to run, whether it is on trial). A trial is begun once, whatever comes of it."""
    try:
        os.rename(SLOTS + "trial", SLOTS + "tried")
        return text_of(SLOTS + "tried")[:1], True
    except OSError:
        return text_of(SLOTS + "active"), False


def text_of(path: str) -> str:
    """What stands in a file; "" where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def mount_slot(slot: str) -> "tuple[str, Pack]":
    """Make a slot's modules those in /lib: (the slot, or the other one where it is damaged; its bundle).

    Raises: OSError.
    """
    try:
        pack = Pack(SLOTS + slot + ".tocsin")
    except OSError:
        slot = "b" if slot == "a" else "a"
        pack = Pack(SLOTS + slot + ".tocsin")
    vfs.mount(pack, "/lib")
    return slot, pack


def note(error: Exception) -> None:
    """Keep the text, and count the failure."""
    try:
        with open("/last-error.txt", "w") as file:
            sys.print_exception(error, file)
        with open("/failed-starts", "a") as file:
            file.write("!")
    except OSError as refused:
        sys.print_exception(refused)


def wait(error: Exception) -> None:
    """Tell why until the next attempt, or until somebody may have the console: then this does not return."""
    machine.mem32[_WATCHDOG_CTRL_CLEAR] = _WATCHDOG_ENABLE
    key = service_key()
    if not key:
        micropython.kbd_intr(_CTRL_C)
    for left_s in range(RETRY_S, 0, -_TELL_EVERY_S):
        sys.print_exception(error)
        print("Tocsin cannot start; see /last-error.txt. It tries again in", left_s, "s.")
        if not key:
            print("Ctrl-C opens the console.")
            time.sleep(_TELL_EVERY_S)
            continue
        challenge = os.urandom(16)
        print("service challenge", hexlify(challenge).decode())
        if typed_line() == hexlify(answer(key, challenge)):
            raise KeyboardInterrupt  # as Ctrl-C would: main.py ends, and the console is there


def service_key() -> bytes:
    """The gateway's service key; b"" when there is none, and so nothing to keep from whoever is at the port."""
    try:
        with open("/keys/service.key", "rb") as file:
            return file.read()
    except OSError:
        return b""


def answer(key: bytes, challenge: bytes) -> bytes:
    """As in docs/service.md, for no minutes."""
    inner = sha256(bytes([byte ^ 0x36 for byte in key + bytes(32)]) + b"tocsin service" + challenge + b"\0").digest()
    return sha256(bytes([byte ^ 0x5C for byte in key + bytes(32)]) + inner).digest()[:16]


def typed_line() -> bytes:
    """The next line from the port, b"" when none came for a while."""
    port = select.poll()
    port.register(sys.stdin, select.POLLIN)
    typed = b""
    until_ms = time.ticks_add(time.ticks_ms(), 1000 * _TELL_EVERY_S)
    while time.ticks_diff(until_ms, time.ticks_ms()) > 0:
        if port.poll(100):
            byte = sys.stdin.buffer.read(1)
            if byte in b"\r\n" and typed:
                return typed
            typed = (typed + byte.strip())[-32:]
    return b""


is_trial, pack = False, None
try:
    gc.threshold(COLLECT_EVERY_BYTES)
    slot, is_trial = choose_slot()
    if is_trial:
        machine.WDT(timeout=_TRIAL_WATCHDOG_MS)  # what hangs is over, too
    if "slots" in os.listdir("/"):
        chosen = slot
        slot, pack = mount_slot(slot)
        is_trial = is_trial and slot == chosen
    from tocsin_fw import hal_rp2, start

    hal_rp2.SLOT, hal_rp2.IS_TRIAL, hal_rp2.PACK = slot, is_trial, pack
    start.run(hal_rp2.open_hal)
except Exception as error:  # noqa: BLE001 - whatever it is, a gateway that stands still helps nobody
    note(error)
    if not is_trial:
        wait(error)
    machine.reset()
