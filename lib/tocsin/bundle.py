"""An update bundle: what it says of itself, in positional bytes under one signature (docs/update.md).

Role in the flow: before stage 1, for firmware that comes later. Shared: yes, but no gateway imports it. Context: host.
"""

import struct
from hashlib import sha256

from .bundle_head import FILES_MAX, HASH_BYTES, HEAD, HEAD_BYTES, MAGIC, SIGNATURE_BYTES, SIGNED_PREFIX
from .errors import UpdateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Name, size, SHA-256.
    File = tuple[str, int, bytes]


class Manifest:
    """`version` rises with every bundle; only a gateway of at least `from_version` takes it. `files` in their order."""

    def __init__(
        self, version: int, from_version: int, wire_version: int, lib_hash: bytes, board: str, files: "list[File]"
    ) -> None:
        self.version = version
        self.from_version = from_version
        self.wire_version = wire_version
        self.lib_hash = lib_hash
        self.board = board
        self.files = files

    def encode(self) -> bytes:
        """Its bytes. Raises: UpdateError for too many files, or a name that would be found in the wrong place."""
        if len(self.files) > FILES_MAX:
            raise UpdateError("%d files in a bundle; at most %d fit" % (len(self.files), FILES_MAX))
        board = self.board.encode()
        index_at = HEAD_BYTES + len(board)
        index_bytes = sum([9 + len(name.encode()) for name, _, _ in self.files])
        at = index_at + index_bytes + HASH_BYTES * len(self.files) + SIGNATURE_BYTES
        index, places = b"", []
        for name, size, _ in self.files:
            places.append((len(index), name))
            index += _key(name) + struct.pack("<II", at, size)
            at += size
        for place, name in places:
            if index.find(_key(name)) != place:
                raise UpdateError("%s: its name stands in the index twice; rename it" % name)
        head = (MAGIC, self.version, self.from_version, self.wire_version, self.lib_hash, at)
        tail = (index_at, index_bytes, len(self.files), len(board))
        return struct.pack(HEAD, *head, *tail) + board + index + b"".join([digest for _, _, digest in self.files])


def decode_manifest(data: bytes) -> "tuple[Manifest, int]":
    """(manifest, its length) of the beginning of a bundle. Raises: UpdateError unless it is what `encode` gives."""
    if len(data) < HEAD_BYTES or data[:8] != MAGIC:
        raise UpdateError("no update bundle")
    fields = struct.unpack(HEAD, data[:HEAD_BYTES])
    index_at, index_bytes, count, board_bytes = fields[6:]
    hashes_at = index_at + index_bytes
    length = hashes_at + HASH_BYTES * count
    if index_at != HEAD_BYTES + board_bytes or count > FILES_MAX or len(data) < length:
        raise UpdateError("the bundle's manifest is cut short, or does not fit together")
    files: "list[File]" = []
    at = index_at
    while at < hashes_at:
        end = at + 1 + data[at]
        size = int.from_bytes(data[end + 4 : end + 8], "little")
        hash_at = hashes_at + HASH_BYTES * len(files)
        files.append((_text(data[at + 1 : end]), size, bytes(data[hash_at : hash_at + HASH_BYTES])))
        at = end + 8
    board = _text(data[HEAD_BYTES:index_at])
    manifest = Manifest(fields[1], fields[2], fields[3], fields[4], board, files)
    if len(files) != count or manifest.encode() != data[:length]:
        raise UpdateError("the bundle's manifest does not fit together")
    return manifest, length


def bundle_bytes(manifest: Manifest, length: int) -> int:
    """The size of the whole bundle whose manifest has this length."""
    return length + SIGNATURE_BYTES + sum([size for _, size, _ in manifest.files])


def signed_message(manifest: bytes) -> bytes:
    """What the signature of a bundle is over."""
    return SIGNED_PREFIX + sha256(manifest).digest()


def _key(name: str) -> bytes:
    """What a name begins with in the index, where it is looked for."""
    encoded = name.encode()
    return bytes((len(encoded),)) + encoded


def _text(data: bytes) -> str:
    if any(not 32 < byte < 127 for byte in data):
        raise UpdateError("the bundle's manifest has a name that is none")
    return data.decode()
