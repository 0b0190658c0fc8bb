"""The key that signs checkpoints, and the memory of what it signed last: three files beside the gateways' secrets.

Role in the flow: stage 10. Context: host. The memory lies apart from the store on purpose: when an older store is
restored, it still says how far the log had been signed, so that the key never signs two histories.
"""

from __future__ import annotations

import os
from pathlib import Path

from tocsin.errors import ConfigError

from .private_file import read_private, write_private
from .signed_note import NoteError, SigningKey, VerifyKey, make_key, parse_signing_key, parse_verify_key
from .write_file import write_file

_PRIVATE, _PUBLIC, _SIGNED = "log.skey", "log.vkey", "log.signed"


def has_log_key(folder: Path) -> bool:
    """Whether a log key lies in a folder of keys."""
    return (folder / _PRIVATE).exists()


def make_log_key(folder: Path, name: str) -> VerifyKey:
    """Make the key of the log `name` in a folder of keys. Raises: ConfigError when there is one, NoteError, OSError."""
    if has_log_key(folder):
        raise ConfigError(
            f"{folder / _PRIVATE}: exists already; a log keeps its key. For a new log, move {_PRIVATE}, {_PUBLIC} and "
            f"{_SIGNED} away and give the new one another name"
        )
    key = make_key(name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / _PRIVATE, key.text() + "\n")
    write_file(folder / _PUBLIC, (key.public().text() + "\n").encode())
    return key.public()


def load_log_key(folder: Path) -> SigningKey:
    """The private key. Raises: ConfigError."""
    path = folder / _PRIVATE
    try:
        return parse_signing_key(read_private(path, "make the log's key with: tocsin checkpoint init NAME"))
    except NoteError as error:
        raise ConfigError(f"{path}: {error}") from error


def read_verify_key(key: str) -> VerifyKey:
    """The key that `--vkey` names: a file with a vkey in it, or the vkey itself. Raises: NoteError, OSError."""
    try:
        text = Path(key).read_text("utf-8") if os.path.isfile(key) else key
    except UnicodeDecodeError:
        raise NoteError(f"{key}: no vkey in it: it is no text") from None
    return parse_verify_key(text)


def last_signed(folder: Path) -> str:
    """The note signed last, "" for none. Raises: OSError."""
    path = folder / _SIGNED
    return path.read_text("utf-8") if path.exists() else ""


def remember_signed(folder: Path, note: str) -> None:
    """Keep a note, before anyone else sees it. Survives a power cut. Raises: OSError."""
    write_file(folder / _SIGNED, note.encode())
