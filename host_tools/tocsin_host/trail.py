"""What was done to the keys of a site, line by line: provisioned, made anew, flashed, revoked, locked.

Role in the flow: provisioning, before stage 1. Context: host. Each line holds the hash of the line before, so that one
that is changed or taken out shows; whoever may write the folder can still write a whole new trail.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tocsin.errors import ConfigError

TRAIL_FILE = "trail.jsonl"
_FIRST = "0" * 64


def add_to_trail(folder: Path, action: str, gateway: str = "", **facts: str) -> None:
    """Append one line, on the disk when this returns. Raises: OSError."""
    path = folder / TRAIL_FILE
    past = path.read_bytes() if path.exists() else b""
    line = {
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": f"{_user()}@{socket.gethostname()}",
        "action": action,
        **({"gateway": gateway} if gateway else {}),
        **facts,
        "before": _hash_of_last(past),
    }
    # A line that a power cut tore stays as it is and is told by the reader.
    start = b"" if not past or past.endswith(b"\n") else b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(start + json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_trail(folder: Path) -> list[dict[str, str]]:
    """All lines, oldest first. Raises: ConfigError naming the first line that is not as it was written."""
    path = folder / TRAIL_FILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    found: list[dict[str, str]] = []
    before = _FIRST
    for number, line in enumerate(lines, 1):
        try:
            fields = json.loads(line)
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or fields.get("before") != before:
            raise ConfigError(f"{path}: line {number} was changed, torn, or one before it is missing; see a backup")
        found.append({str(key): str(value) for key, value in fields.items() if key != "before"})
        before = sha256(line).hexdigest()
    return found


def _hash_of_last(past: bytes) -> str:
    lines = past.splitlines()
    return sha256(lines[-1]).hexdigest() if lines else _FIRST


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, in a container
        return str(os.getuid())
