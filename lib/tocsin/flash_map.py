"""Which blocks of the file system are ours to erase and program raw: the map that provisioning leaves beside them.

Role in the flow: stage 7. Shared: host (writes it) and gateway (reads it). Context: task.
Sources: docs/journal.md. Each block belongs to a reserved file of exactly one block, which LittleFS neither moves nor
changes while nobody writes the file. Areas in this order: the journal's rings by class, then the keys.
"""

from binascii import crc32

from .errors import ConfigError

FOLDER = "/flash"
FILE = FOLDER + "/map"
_MAGIC = b"TOCSINF1"


def sector_file(sector: int) -> str:
    """Path of the reserved file of a sector, numbered through all areas."""
    return "%s/%03d" % (FOLDER, sector)


def encode_map(areas: "list[list[int]]") -> bytes:
    """Magic 8, number of areas 1, sectors of each 1, then a block number 2 for every sector, CRC-32 of all that 4."""
    body = _MAGIC + bytes([len(areas)]) + bytes([len(blocks) for blocks in areas])
    for blocks in areas:
        for block in blocks:
            body += block.to_bytes(2, "little")
    return body + crc32(body).to_bytes(4, "little")


def decode_map(data: bytes) -> "list[list[int]]":
    """The block numbers of each area. Raises: ConfigError when the map is damaged."""
    body = data[:-4]
    if body[:8] != _MAGIC or crc32(body) != int.from_bytes(data[-4:], "little"):
        raise ConfigError("the map of the reserved blocks is damaged: write the gateway's image again")
    counts = body[9 : 9 + body[8]]
    areas: list[list[int]] = []
    at = 9 + len(counts)
    for count in counts:
        areas.append([int.from_bytes(body[i : i + 2], "little") for i in range(at, at + 2 * count, 2)])
        at += 2 * count
    return areas
