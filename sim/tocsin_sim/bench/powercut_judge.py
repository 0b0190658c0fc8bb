"""What must be in a flash after a power cut, read by a reader of its own.

Role in the flow: stages 6 and 7, bench POWERCUT-1. Context: CPython. Written from docs/journal.md.
"""

from binascii import crc32
from typing import NamedTuple

from tocsin import flash_map
from tocsin.anchor import ANCHOR_BYTES, decode_anchor
from tocsin.chain import KeyLine
from tocsin.seal import is_sealed
from tocsin.slot import BLANK, SECTOR_BYTES, SLOT_BYTES, SLOTS, WIPED, slot_offset
from tocsin_host import image, image_littlefs

from tocsin_sim.emulator.flash_model import FlashCommand

_KEYS_BEFORE = 8
# The lives that are cut acknowledge a record at the latest when so many came after it.
HOST_IS_BEHIND = 40


class Slot(NamedTuple):
    """An intact slot: `address` in the flash, the mac before, the record."""

    address: int
    mac_before: bytes
    record: bytes


class FlashJudge:
    """Knows where the reserved sectors lie in `flash`, as the board was flashed, and the gateway's first key."""

    def __init__(self, flash: bytes, k0: bytes) -> None:
        file_system = flash[image.FILE_SYSTEM_OFFSET : image.FLASH_BYTES]
        blocks = flash_map.decode_map(image_littlefs.read(file_system)[flash_map.FILE])
        starts = [[image.FILE_SYSTEM_OFFSET + block * SECTOR_BYTES for block in area] for area in blocks]
        self._rings, self._keys = starts[:3], starts[3]
        self._line = KeyLine(k0)

    def told(self, flash: bytes, command: FlashCommand) -> dict[int, Slot]:
        """The records that were told before the cut, by number, less those that the command erases."""
        erased = range(command.address, command.address + command.span_bytes) if command.is_erase else range(0)
        return {seq: slot for seq, slot in self._records(flash)[0].items() if slot.address not in erased}

    def complain(self, flash: bytes, told: dict[int, Slot], fewest: int, most: int) -> str:
        """What is wrong with the flash after a recovery that made `fewest` to `most` records; "" when nothing is."""
        found, doubles = self._records(flash)
        if doubles:
            return f"numbers {doubles} are there twice"
        given_way = self._may_give_way(told)
        lost = [seq for seq in told if seq not in found or found[seq].record != told[seq].record]
        if not given_way.issuperset(lost):
            return f"records {lost} are lost or changed"
        last, highest = max(told, default=-1), max(found, default=-1)
        if not fewest <= highest - last <= most:
            return f"the highest number is {highest}, after {last}; {fewest} to {most} more were to come"
        missing = [seq for seq in range(last + 1, highest + 1) if seq not in found]
        forged = [seq for seq in found if not self._is_proven(found[seq], seq)]
        if missing or forged:
            return f"records {missing} are missing, {forged} cannot be proven"
        return self._complain_of_keys(flash)

    def _may_give_way(self, told: dict[int, Slot]) -> set[int]:
        """Records that the host has, in the oldest sector of a ring: what comes after the cut may need their place."""
        acked_seq = max(told, default=0) - HOST_IS_BEHIND
        found: set[int] = set()
        for ring in self._rings:
            sectors = [_within(told, start) for start in ring]
            oldest = min((seqs for seqs in sectors if seqs), key=min, default=[])
            if oldest and max(oldest) < acked_seq:
                found.update(oldest)
        return found

    def _is_proven(self, slot: Slot, seq: int) -> bool:
        return is_sealed(self._line.key(seq), slot.record, slot.mac_before)

    def _complain_of_keys(self, flash: bytes) -> str:
        in_use = [self._slot(flash, start, slot) for start in self._keys for slot in range(SLOTS)]
        anchors = [decode_anchor(one[:ANCHOR_BYTES]) for one in in_use if one not in (BLANK, WIPED)]
        if len(anchors) != 1 or anchors[0] is None:
            return f"{len(anchors)} slots of the key area are in use"
        first = max(0, anchors[0].seq - _KEYS_BEFORE)
        left = [seq for seq in range(first, anchors[0].seq) if self._line.key(seq) in flash]
        return f"keys {left} are still there" if left else ""

    def _records(self, flash: bytes) -> tuple[dict[int, Slot], list[int]]:
        """({number: slot}, numbers that are there twice)."""
        found: dict[int, Slot] = {}
        doubles = []
        for start in (start for ring in self._rings for start in ring):
            for slot in range(1, SLOTS):
                data = self._slot(flash, start, slot)
                if data[16] != 0xA5 or crc32(data[:80]) != int.from_bytes(data[80:84], "little"):
                    continue
                seq = int.from_bytes(data[20:24], "little")
                if seq in found:
                    doubles.append(seq)
                found[seq] = Slot(start + slot_offset(slot), data[:16], data[16:80])
        return found, doubles

    def _slot(self, flash: bytes, start: int, slot: int) -> bytes:
        at = start + slot_offset(slot)
        return bytes(flash[at : at + SLOT_BYTES])


def _within(told: dict[int, Slot], start: int) -> list[int]:
    """Numbers of the records in the sector that begins at `start`."""
    return [seq for seq, slot in told.items() if start <= slot.address < start + SECTOR_BYTES]
