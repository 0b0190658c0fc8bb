"""The folder of the key that signs updates. It does not lie on the host that collects.

Role in the flow: before stage 1, for firmware that comes later. Context: host. `update.skey` is the secret, encrypted;
`update.next` the number of the next one-time key, on the disk before that key is used; `update.pub` is for every board.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tocsin.bundle_head import PUBLIC_TYPES
from tocsin.errors import ConfigError
from tocsin.lms import PUBLIC_KEY_BYTES, is_signed

from .lms_key import SIGNATURES, LmsKey, make_lms_key
from .private_file import lock_folder, make_key_folder, read_private, write_private
from .write_file import write_file

_SECRET, _NEXT, PUBLIC_FILE, _BUSY = "update.skey", "update.next", "update.pub", "update.busy"
_SECRET_FORMAT, _PUBLIC_FORMAT = "tocsin-update-key-1", "tocsin-update-public-1"


class UpdatePublic(NamedTuple):
    """The public key, 56 bytes, and the highest version it has signed."""

    key: bytes
    version: int


def make_update_key(folder: Path, key_file: Path | None) -> UpdatePublic:
    """Make the key in a folder of its own. Raises: ConfigError when there is one, OSError."""
    make_key_folder(folder)
    if (folder / _SECRET).exists():
        raise ConfigError(f"{folder / _SECRET}: exists already; boards trust it. For a new key, choose another folder")
    lock_folder(folder, key_file)
    key = make_lms_key()
    write_private(folder / _SECRET, json.dumps({"format": _SECRET_FORMAT, **_hex(key)}) + "\n")
    public = UpdatePublic(key.public(key.tree()), 0)
    _write_number(folder, 0)
    _write_public(folder, public)
    return public


def read_public(path: Path) -> UpdatePublic:
    """The public key in a file, or in the file of a folder. Raises: ConfigError."""
    path = path / PUBLIC_FILE if path.is_dir() else path
    try:
        fields = json.loads(path.read_text("utf-8"))
        public = UpdatePublic(bytes.fromhex(fields["key"]), int(fields["version"]))
        if fields["format"] != _PUBLIC_FORMAT or len(public.key) != PUBLIC_KEY_BYTES or public.key[:8] != PUBLIC_TYPES:
            raise ValueError("not the kind of key that signs updates")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; `tocsin update key` makes it") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: no public key for updates: {error}; copy {PUBLIC_FILE} again") from error
    return public


def sign_update(folder: Path, version: int, message: bytes) -> bytes:
    """Sign the message of a bundle of this version. Raises: ConfigError, OSError.

    A one-time key is spent as soon as its number is on the disk: whatever happens then, it is never used again.
    """
    with _alone(folder):
        public = read_public(folder)
        if version <= public.version:
            raise ConfigError(f"version {version} is not above {public.version}, which was signed already")
        key = _read_key(folder)
        number = _reserve(folder)
        tree = key.tree()
        signature = key.sign(number, message, tree)
        if key.public(tree) != public.key or not is_signed(public.key, message, signature):
            raise ConfigError(f"{folder}: {_SECRET} and {PUBLIC_FILE} do not belong together; look for the right ones")
        _write_public(folder, public._replace(version=version))
    return signature


def signatures_left(folder: Path) -> int:
    """How many one-time keys are left. Raises: ConfigError."""
    return SIGNATURES - _read_number(folder)


def _reserve(folder: Path) -> int:
    number = _read_number(folder)
    if number >= SIGNATURES:
        raise ConfigError(f"{folder}: all {SIGNATURES} one-time keys are spent; make a new key, and flash the boards")
    _write_number(folder, number + 1)
    return number


def _read_number(folder: Path) -> int:
    path = folder / _NEXT
    try:
        number = int(path.read_text("ascii"))
        if number < 0:
            raise ValueError(number)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: which one-time keys are spent is not known any more; never guess it: make a new key"
        ) from error
    return number


def _write_number(folder: Path, number: int) -> None:
    write_file(folder / _NEXT, b"%d\n" % number, private=True)
    _sync_folder(folder)


def _write_public(folder: Path, public: UpdatePublic) -> None:
    fields = {"format": _PUBLIC_FORMAT, "key": public.key.hex(), "version": public.version}
    write_file(folder / PUBLIC_FILE, (json.dumps(fields) + "\n").encode())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """A file that was replaced is so after a power cut, too."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    busy = folder / _BUSY
    try:
        os.close(os.open(busy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise ConfigError(f"{busy}: somebody signs just now, or was killed while signing: then remove it") from None
    try:
        yield
    finally:
        busy.unlink()


def _read_key(folder: Path) -> LmsKey:
    path = folder / _SECRET
    try:
        fields = json.loads(read_private(path, "make the key with: tocsin update key"))
        if fields["format"] != _SECRET_FORMAT:
            raise ValueError(fields["format"])
        return LmsKey(bytes.fromhex(fields["name"]), bytes.fromhex(fields["seed"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: no key that signs updates ({error}); take it from a backup") from error


def _hex(key: LmsKey) -> dict[str, str]:
    return {"name": key.name.hex(), "seed": key.seed.hex()}
