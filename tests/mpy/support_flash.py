"""A board's flash for tests: a NOR chip with LittleFS and small reserved areas, mounted at STORAGE."""

import gc
import os

import vfs
from tocsin import flash_map
from tocsin.anchor import first_anchor
from tocsin.seal import Sealer, evolve, is_sealed
from tocsin.slot import NO_SEQ, SLOT_BYTES, SLOTS, encode_header, seq_in, slot_offset
from tocsin_fw.flash import ReservedFlash
from tocsin_fw.journal import Journal
from tocsin_fw.keystore import Keystore
from tocsin_fw.recorder import Recorder
from tocsin_sim.vm.nor import BLOCK_BYTES, Nor

STORAGE = "/chip"
KEYS = STORAGE + "/keys"
K0 = bytes(range(32))
# Security, evidence, routine, keys.
AREAS = (4, 3, 4, 2)
SECURITY, EVIDENCE, ROUTINE = 0, 1, 2
_BLOCKS = 24
# A type of record of each ring.
KIND_OF_RING = (7, 1, 6)


def put(path, data):
    """Make a file hold `data`."""
    with open(path, "wb") as file:
        file.write(data)


def _blank_chip():
    """(the bytes of a chip with a file system and empty rings, the blocks of each area)."""
    chip = Nor(bytearray(b"\xff" * (_BLOCKS * BLOCK_BYTES)))
    vfs.VfsLfs2.mkfs(chip, progsize=256)
    vfs.mount(vfs.VfsLfs2(chip, progsize=256), STORAGE)
    os.mkdir(KEYS)
    os.mkdir(STORAGE + flash_map.FOLDER)
    markers = [b"<%02d>" % sector * (BLOCK_BYTES // 4) for sector in range(sum(AREAS))]
    for sector, marker in enumerate(markers):
        put(STORAGE + flash_map.sector_file(sector), marker)
    found = [chip.data.find(marker) // BLOCK_BYTES for marker in markers]
    blocks = [[found.pop(0) for _ in range(count)] for count in AREAS]
    put(STORAGE + flash_map.FILE, flash_map.encode_map(blocks))
    vfs.umount(STORAGE)
    for ring, area in enumerate(blocks):
        for sector, block in enumerate(area):
            data = encode_header(ring, sector + 1, 0) if ring < 3 else b""
            at = block * BLOCK_BYTES
            chip.data[at : at + BLOCK_BYTES] = data + b"\xff" * (BLOCK_BYTES - len(data))
    return bytes(chip.data), blocks


_BLANK, BLOCKS = _blank_chip()
# One chip for all tests, and none is ever freed: a file that is closed late must find its own.
_chips = []


def fresh():
    """A chip with an empty journal and no key, mounted at STORAGE."""
    gc.collect()  # closes what earlier tests left open, while it can be closed
    if _chips:
        vfs.umount(STORAGE)
    chip = Nor(bytearray(_BLANK))
    _chips.append(chip)
    if len(_chips) > 2:
        _chips[-3].data = _chips[-3].programs = bytearray(0)
    vfs.mount(vfs.VfsLfs2(chip, progsize=256), STORAGE)
    return chip


def provision():
    """A chip with the first key of a new gateway."""
    chip = fresh()
    at = place(chip, 3, 0, 0)
    data = first_anchor(K0).encode()
    chip.data[at : at + len(data)] = data
    return chip


def reopen(chip, data):
    """The chip after a power cut: it holds `data`, and the file system is mounted anew."""
    vfs.umount(STORAGE)
    chip.data[:] = data
    chip.programs = bytearray(len(chip.programs))
    chip.before_change = None
    vfs.mount(vfs.VfsLfs2(chip, progsize=256), STORAGE)


def place(chip, area, sector, slot):
    """Where a slot lies in the chip's bytes."""
    return BLOCKS[area][sector] * BLOCK_BYTES + slot_offset(slot)


def damage(chip, area, sector, slot, byte=20):
    """Flip a bit of a slot."""
    chip.data[place(chip, area, sector, slot) + byte] ^= 1


def slots(chip, area):
    """The 84 bytes of every slot of an area, sector after sector."""
    starts = [place(chip, area, sector, slot) for sector in range(AREAS[area]) for slot in range(SLOTS)]
    return [bytes(chip.data[at : at + SLOT_BYTES]) for at in starts]


def places(chip, area):
    """{seq: (sector, slot)} of the records in a ring."""
    found = {}
    for index, slot in enumerate(slots(chip, area)):
        seq = seq_in(slot)
        if seq != NO_SEQ:
            found[seq] = (index // SLOTS, index % SLOTS)
    return found


def journal(chip):
    """The journal as a start finds it."""
    return Journal(ReservedFlash(chip, STORAGE))


def peek(chip):
    """The journal as a start would find it now, on a copy: the gateway that writes the chip may go on."""
    return journal(Nor(bytearray(chip.data)))


def keystore(chip):
    """The key area as a start finds it."""
    return Keystore(ReservedFlash(chip, STORAGE), KEYS)


def start(chip, uptime_ms=lambda: 1000):
    """A recorder started from what the chip holds."""
    flash = ReservedFlash(chip, STORAGE)
    recorder = Recorder(Journal(flash), Keystore(flash, KEYS), lambda count: b"\x77" * count)
    recorder.start(uptime_ms)
    return recorder


class Chain:
    """Makes sealed records one after the other and puts them into a journal."""

    def __init__(self, journal):
        self.sealer = Sealer(K0)
        self.records = []
        self.journal = journal

    def seal(self, ring=ROUTINE):
        """The next record, which goes to `ring`; sealed, but not stored."""
        self.records.append(self.sealer.seal(KIND_OF_RING[ring], 255, 0, 1, 1000, 0, 0, 0))
        return self.records[-1]

    def append(self, count=1, ring=ROUTINE):
        for _ in range(count):
            seq, mac = self.sealer.seq, self.sealer.mac
            self.journal.append(self.seal(ring), seq, mac)


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
