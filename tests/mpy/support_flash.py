"""A board's flash for tests: LittleFS in RAM, mounted at STORAGE, that can refuse to be written."""

import gc
import os

from tocsin.anchor import first_anchor
from tocsin.seal import Sealer, evolve, is_sealed
from tocsin_fw.journal import Journal
from tocsin_fw.keystore import Keystore
from tocsin_fw.recorder import Recorder

STORAGE = "/flash"
JOURNAL = STORAGE + "/journal"
KEYS = STORAGE + "/keys"
K0 = bytes(range(32))
_BLOCK_BYTES = 4096
_BLOCKS = 96
# One memory for all of them, and none is ever freed: a file that is closed late must find its own.
_mounted = []
_data = bytearray(_BLOCKS * _BLOCK_BYTES)


class Flash:
    """A block device in RAM. `refuses`: every write fails."""

    def __init__(self):
        self.refuses = False

    def readblocks(self, number, buffer, offset=0):
        at = number * _BLOCK_BYTES + offset
        buffer[:] = _data[at : at + len(buffer)]
        return 0

    def writeblocks(self, number, buffer, offset=0):
        if self.refuses:
            return -5  # EIO
        at = number * _BLOCK_BYTES + offset
        _data[at : at + len(buffer)] = buffer
        return 0

    def ioctl(self, operation, argument):
        # No allocation: the garbage collector may close a file.
        if operation == 4:
            return _BLOCKS
        return _BLOCK_BYTES if operation == 5 else 0


def fresh():
    """An empty flash at STORAGE, with a folder for the keys."""
    gc.collect()  # closes what earlier journals left open, while it can be closed
    if _mounted:
        os.umount(STORAGE)
    flash = Flash()
    os.VfsLfs2.mkfs(flash)
    _mounted.append(os.VfsLfs2(flash))
    os.mount(_mounted[-1], STORAGE)
    os.mkdir(KEYS)
    return flash


def provision():
    """An empty flash with the keys of a new gateway."""
    flash = fresh()
    put(KEYS + "/anchor.a", first_anchor(K0).encode())
    return flash


def get(path):
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    """Make a file hold `data`."""
    with open(path, "wb") as file:
        file.write(data)


def damage(path, at):
    """Flip a bit of byte `at`."""
    data = bytearray(get(path))
    data[at] ^= 1
    put(path, data)


def segments():
    """The journal's files, by rising name."""
    return [JOURNAL + "/" + name for name in sorted(os.listdir(JOURNAL))]


def snapshot():
    """Every file of the flash: {path: bytes}."""
    paths = [folder + "/" + name for folder in (JOURNAL, KEYS) for name in os.listdir(folder)]
    return {path: get(path) for path in paths}


def restore(files):
    """Make the flash hold `files` and nothing else."""
    for path in snapshot():
        if path not in files:
            os.remove(path)
    for path, data in files.items():
        put(path, data)


def start(uptime_ms=lambda: 1000):
    """A recorder started from what the flash holds."""
    recorder = Recorder(Journal(JOURNAL), Keystore(KEYS), lambda count: b"\x77" * count)
    recorder.start(uptime_ms)
    return recorder


class Chain:
    """Makes sealed records one after the other and puts them into a journal."""

    def __init__(self, journal):
        self.sealer = Sealer(K0)
        self.records = []
        self.journal = journal

    def append(self, count=1):
        for _ in range(count):
            seq, mac = self.sealer.seq, self.sealer.mac
            self.records.append(self.sealer.seal(6, 255, 0, 1, 1000, 0, 0, 0))
            self.journal.append(self.records[seq], seq, mac)


def kept(journal):
    """{seq: 64 bytes} of what the journal keeps."""
    found = {}
    seq = journal.first_from(0)
    while seq < journal.next_seq:
        found[seq] = journal.read(seq)
        seq = journal.first_from(seq + 1)
    return found


def unproven(journal):
    """The numbers of records kept whose seal does not prove them."""
    wrong = []
    key, key_seq = K0, 0
    for seq in sorted(kept(journal)):
        while key_seq < seq:
            key = evolve(key)
            key_seq += 1
        if not is_sealed(key, journal.read(seq), journal.mac_before(seq)):
            wrong.append(seq)
    return wrong
