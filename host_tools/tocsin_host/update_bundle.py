"""Making and checking update bundles.

Role in the flow: before stage 1, for firmware that comes later. Context: host.
"""

from __future__ import annotations

from hashlib import sha256

from tocsin.bundle import Manifest, decode_manifest, signed_message
from tocsin.bundle_head import SIGNATURE_BYTES
from tocsin.errors import UpdateError
from tocsin.lms import is_signed
from tocsin.messages import WIRE_VERSION

_LIB = "/lib/"


def make_manifest(compiled: dict[str, bytes], board: str, version: int, from_version: int, lib_hash: bytes) -> Manifest:
    """The manifest of our packages as `image.device_files` compiled them."""
    files = [(path.removeprefix(_LIB), len(data), sha256(data).digest()) for path, data in sorted(compiled.items())]
    return Manifest(version, from_version, WIRE_VERSION, lib_hash, board, files)


def join_bundle(manifest: Manifest, signature: bytes, compiled: dict[str, bytes]) -> bytes:
    """The bundle: manifest, signature, contents."""
    return manifest.encode() + signature + b"".join(compiled[_LIB + name] for name, _, _ in manifest.files)


def check_bundle(data: bytes, public_key: bytes) -> Manifest:
    """Its manifest when everything in it is as it was signed. Raises: UpdateError naming what is not."""
    manifest, length = decode_manifest(data)
    signature = data[length : length + SIGNATURE_BYTES]
    if not is_signed(public_key, signed_message(data[:length]), signature):
        raise UpdateError("the signature is not that of this key: another key's bundle, or changed since")
    at = length + SIGNATURE_BYTES
    for name, size, digest in manifest.files:
        if sha256(data[at : at + size]).digest() != digest:
            raise UpdateError(f"{name}: not what was signed: damaged or changed; fetch the bundle again")
        at += size
    if at != len(data):
        raise UpdateError(f"{len(data) - at} bytes behind the last file: not what was made; fetch the bundle again")
    return manifest
