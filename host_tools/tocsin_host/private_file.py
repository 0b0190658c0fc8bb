"""Files that nobody else may read, encrypted where their folder is locked.

Role in the flow: provisioning, and whatever reads secrets on the host. Context: host.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tocsin.errors import ConfigError

from . import key_lock
from .unlock import ask_secret, new_secret
from .write_file import write_file

# Asked for once in a run of the program, however many gateways there are.
_folder_keys: dict[Path, bytes] = {}


def read_private(path: str | Path, remedy: str) -> str:
    """The text of a file that nobody else may read. Raises: ConfigError, with `remedy` where there is no such file."""
    path = Path(path)
    try:
        mode = os.stat(path).st_mode
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; {remedy}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a secrets file: it is no text") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{path}: others may read these secrets; run: chmod 600 {path}")
    if key_lock.is_sealed_text(text):
        return key_lock.unseal(folder_key(path.parent), path.name, text)
    return text


def write_private(path: str | Path, text: str) -> None:
    """Write with mode 0600, encrypted where the folder is locked. Raises: ConfigError, OSError."""
    path = Path(path)
    locked = key_lock.is_locked(path.parent)
    data = key_lock.seal(folder_key(path.parent), path.name, text) if locked else text.encode()
    write_file(path, data, private=True)


def folder_key(folder: Path) -> bytes:
    """The key of a locked folder; asks for what opens it the first time. Raises: ConfigError."""
    known = folder.resolve()
    if known not in _folder_keys:
        _folder_keys[known] = key_lock.open_lock(folder, ask_secret(folder))
    return _folder_keys[known]


def lock_folder(folder: Path, key_file: Path | None) -> None:
    """Lock `folder`, or change what opens it, and encrypt what still lies there in the clear.

    Can be done again when it was stopped half-way. Raises: ConfigError, OSError.
    """
    present = folder_key(folder) if key_lock.is_locked(folder) else None
    _folder_keys[folder.resolve()] = key_lock.write_lock(folder, new_secret(folder, key_file), present)
    encrypt_folder(folder)


def encrypt_folder(folder: Path) -> None:
    """Encrypt the secrets of a locked folder that lie there in the clear. Raises: ConfigError, OSError."""
    for path in sorted([*folder.glob("*.secrets"), *folder.glob("*.skey")]):
        if not key_lock.is_sealed_text(path.read_text("utf-8")):
            write_private(path, read_private(path, ""))


def make_key_folder(folder: Path) -> None:
    """Make a folder of keys, or see that only its owner may look into it. Raises: ConfigError, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        raise ConfigError(f"{folder}: others may look into this folder of keys; run: chmod 700 {folder}")
