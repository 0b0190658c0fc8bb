"""The lock of a folder of keys: what lies there is encrypted under a folder key, which a passphrase or key file opens.

Role in the flow: provisioning, and whatever reads secrets on the host. Context: host.
Sources: RFC 7914 (scrypt), RFC 8439 (ChaCha20-Poly1305). `keys.lock` holds the folder key, itself encrypted, so that
another passphrase changes this one file. Each file is bound to its name: one put in the place of another does not open.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from pathlib import Path

from tocsin.errors import ConfigError

from .write_file import write_file

LOCK_FILE = "keys.lock"
_FORMAT = "tocsin-key-lock-1"
_SEALED = "tocsin-sealed-1 "
_KEY_BYTES, _NONCE_BYTES, _SALT_BYTES = 32, 12, 16
# 128 MiB and half a second for each guess at a passphrase. A folder from elsewhere must not ask for more than 1 GiB.
SCRYPT_LOG2_N = 17
_LOG2_N_MAX = 20
_SCRYPT_R, _SCRYPT_P = 8, 1


def is_locked(folder: Path) -> bool:
    """Whether what is written to this folder is encrypted."""
    return (folder / LOCK_FILE).exists()


def write_lock(folder: Path, secret: bytes, folder_key: bytes | None = None) -> bytes:
    """Lock `folder` with `secret`, under a new folder key or the one it has; the folder key. Raises: OSError."""
    folder_key = folder_key or os.urandom(_KEY_BYTES)
    salt = os.urandom(_SALT_BYTES)
    box = _encrypt(_stretch(secret, salt, SCRYPT_LOG2_N), folder_key, LOCK_FILE)
    fields = {
        "format": _FORMAT,
        "scrypt_log2_n": SCRYPT_LOG2_N,
        "salt": salt.hex(),
        "folder_key": b64encode(box).decode(),
    }
    write_file(folder / LOCK_FILE, (json.dumps(fields) + "\n").encode(), private=True)
    return folder_key


def open_lock(folder: Path, secret: bytes) -> bytes:
    """The folder key. Raises: ConfigError for a wrong secret or a damaged lock."""
    path = folder / LOCK_FILE
    try:
        fields = json.loads(path.read_text("utf-8"))
        log2_n, salt = int(fields["scrypt_log2_n"]), bytes.fromhex(fields["salt"])
        box = b64decode(fields["folder_key"], validate=True)
        if fields["format"] != _FORMAT or not 1 <= log2_n <= _LOG2_N_MAX:
            raise ValueError(fields["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: no lock that can be read ({error}); take it from a backup") from error
    try:
        return _decrypt(_stretch(secret, salt, log2_n), box, LOCK_FILE)
    except ValueError:
        raise ConfigError(f"{folder}: wrong passphrase or key file: it does not open these keys") from None


def seal(folder_key: bytes, name: str, text: str) -> bytes:
    """The content of file `name`, encrypted."""
    return (_SEALED + b64encode(_encrypt(folder_key, text.encode(), name)).decode() + "\n").encode()


def is_sealed_text(text: str) -> bool:
    """Whether a file's text is encrypted."""
    return text.startswith(_SEALED)


def unseal(folder_key: bytes, name: str, text: str) -> str:
    """What `seal` was given. Raises: ConfigError when the file was damaged, changed or renamed."""
    try:
        return _decrypt(folder_key, b64decode(text.removeprefix(_SEALED).strip(), validate=True), name).decode()
    except ValueError:
        raise ConfigError(
            f"{name}: damaged, renamed, or of another folder: it does not open; take it from a backup of the keys"
        ) from None


def _stretch(secret: bytes, salt: bytes, log2_n: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=_KEY_BYTES, n=1 << log2_n, r=_SCRYPT_R, p=_SCRYPT_P).derive(secret)


def _encrypt(key: bytes, data: bytes, name: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = os.urandom(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, data, name.encode())


def _decrypt(key: bytes, box: bytes, name: str) -> bytes:
    """Raises: ValueError."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        return ChaCha20Poly1305(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], name.encode())
    except InvalidTag:
        raise ValueError("does not open") from None
