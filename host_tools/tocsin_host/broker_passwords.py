"""The passwords that a broker must know: each gateway's, and the host's own.

Role in the flow: provisioning, before stage 1. Context: host. They lie beside the keys, readable by their owner only.
"""

from pathlib import Path

from .keys import load_secrets, new_password
from .write_file import write_file

# The host's user at the broker, unless its URL names another.
HOST_USER = "collector"
HOST_PASSWORD_FILE = "collector.password"
_PASSWORDS_FILE = "broker.passwords"


def write_broker_passwords(keys: Path) -> Path:
    """Write `user:password` lines for the host and for every gateway in `keys` that has a network; where to.

    `mosquitto_passwd -U` turns such a file into one that a broker takes. Raises: ConfigError, OSError.
    """
    host = keys / HOST_PASSWORD_FILE
    if not host.exists():
        write_file(host, new_password().encode() + b"\n", private=True)
    users = {HOST_USER: host.read_text("utf-8").strip()}
    for path in sorted(keys.glob("*.secrets")):
        secrets = load_secrets(path)
        if secrets.network:
            users[secrets.gateway] = secrets.network.broker_password
    lines = [f"{user}:{password}\n" for user, password in users.items()]
    write_file(keys / _PASSWORDS_FILE, "".join(lines).encode(), private=True)
    return keys / _PASSWORDS_FILE
