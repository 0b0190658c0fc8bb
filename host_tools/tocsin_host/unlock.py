"""What opens a locked folder of keys: the content of a key file, or a passphrase that a person types.

Role in the flow: provisioning, and whatever reads secrets on the host. Context: host.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

import click
from tocsin.errors import ConfigError

from .write_file import write_file

KEY_FILE_VARIABLE = "TOCSIN_KEY_FILE"
SHORTEST = 12

key_file_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    envvar=KEY_FILE_VARIABLE,
    show_envvar=True,
    help="Lock the keys with the content of this file (made if it is not there) and not with a passphrase.",
)


def ask_secret(folder: Path) -> bytes:
    """The secret of a folder that is locked: of $TOCSIN_KEY_FILE, or typed. Raises: ConfigError with the mend."""
    named = os.environ.get(KEY_FILE_VARIABLE)
    if named:
        return read_key_file(Path(named))
    if not sys.stdin.isatty():
        raise ConfigError(f"{folder}: these keys are locked; name their key file in ${KEY_FILE_VARIABLE}")
    return str(click.prompt(f"Passphrase of {folder}", hide_input=True, err=True)).encode()


def new_secret(folder: Path, key_file: Path | None) -> bytes:
    """The secret that is to lock `folder` from now on. Raises: ConfigError, OSError."""
    if key_file is None:
        if not sys.stdin.isatty():
            raise ConfigError(f"{folder}: say with --key-file FILE what is to lock these keys, or run in a terminal")
        typed = click.prompt(
            f"New passphrase for {folder}, at least {SHORTEST} characters",
            hide_input=True,
            confirmation_prompt=True,
            err=True,
        )
        return _long_enough(str(typed).encode(), "this passphrase")
    if key_file.resolve().parent == folder.resolve():
        raise ConfigError(f"{key_file}: a key left in its lock; keep the key file outside of {folder}")
    if not key_file.exists():
        write_file(key_file, secrets.token_hex(32).encode() + b"\n", private=True)
    return read_key_file(key_file)


def read_key_file(path: Path) -> bytes:
    """The content of a key file, without the end of its line. Raises: ConfigError."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; ${KEY_FILE_VARIABLE} or --key-file names it") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{path}: others may read this key file; run: chmod 600 {path}")
    return _long_enough(content, str(path))


def _long_enough(secret: bytes, what: str) -> bytes:
    if len(secret) < SHORTEST:
        raise ConfigError(f"{what}: {len(secret)} bytes; at least {SHORTEST} are needed, or it can be guessed")
    return secret
