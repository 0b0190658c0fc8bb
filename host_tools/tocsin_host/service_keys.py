"""Service keys by gateway: the host's own, or those in a technician's key file.

Role in the flow: beside stage 8. Context: host.
"""

from __future__ import annotations

import json
from pathlib import Path

from tocsin.errors import ConfigError

from .keys import load_secrets
from .private_file import read_private, write_private

_FORMAT = "tocsin-technician-key-1"


def service_keys(file: Path | None, folder: Path | None) -> dict[str, bytes]:
    """By gateway, of a technician's file or else of a folder of keys. Raises: ConfigError."""
    if file is None:
        assert folder is not None
        return _of_folder(folder)
    try:
        fields = json.loads(read_private(file, "`tocsin service key` writes a technician's key"))
        if fields["format"] != _FORMAT:
            raise ValueError(fields["format"])
        return {str(name): bytes.fromhex(digits) for name, digits in fields["keys"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file}: not a technician's key: {error}; have it written again") from error


def write_technician_key(folder: Path, gateways: tuple[str, ...], output: Path) -> list[str]:
    """Write the service keys of these gateways, or of all; which they are. Raises: ConfigError, OSError."""
    known = _of_folder(folder)
    missing = sorted(set(gateways) - set(known))
    if missing or not known:
        names = ", ".join(missing) or str(folder)
        raise ConfigError(f"{names}: no service key; there are those of: {', '.join(known) or 'none'}")
    chosen = {name: known[name] for name in sorted(gateways or known)}
    fields = {"format": _FORMAT, "keys": {name: key.hex() for name, key in chosen.items()}}
    write_private(output, json.dumps(fields) + "\n")
    return list(chosen)


def _of_folder(folder: Path) -> dict[str, bytes]:
    found = [load_secrets(path) for path in sorted(folder.glob("*.secrets"))]
    return {secrets.gateway: secrets.service_key for secrets in found if secrets.service_key}
