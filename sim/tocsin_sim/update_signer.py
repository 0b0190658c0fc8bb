"""Signs update bundles with a key that is no secret.

Role in the flow: before stage 1, for firmware that comes later. Context: CPython. For simulation only.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from tocsin.bundle import signed_message
from tocsin_host.lms_key import LmsKey
from tocsin_host.update_bundle import join_bundle, make_manifest
from tocsin_host.update_key import PUBLIC_FILE, UpdatePublic

_KEY = LmsKey(bytes(16), sha256(b"tocsin simulated update").digest())
FIRST_VERSION = 5


class SimulatedSigner:
    """`public`: for boards whose firmware has FIRST_VERSION. To be made once: its tree takes a second or two."""

    def __init__(self) -> None:
        self._tree = _KEY.tree()
        self.public = UpdatePublic(_KEY.public(self._tree), FIRST_VERSION)

    def bundle(
        self,
        files: Mapping[str, bytes],
        version: int = FIRST_VERSION + 1,
        from_version: int = 0,
        board: str = "pico_w",
        lib_hash: bytes = bytes(8),
    ) -> bytes:
        """A signed bundle of files as `image.device_files` gives them; `version` numbers the one-time key."""
        manifest = make_manifest(dict(files), board, version, from_version, lib_hash)
        return join_bundle(manifest, _KEY.sign(version, signed_message(manifest.encode()), self._tree), dict(files))

    def write_public(self, keys: Path) -> None:
        """Put the public key among the keys of a host."""
        fields = {"format": "tocsin-update-public-1", "key": self.public.key.hex(), "version": FIRST_VERSION}
        (keys / PUBLIC_FILE).write_text(json.dumps(fields))
