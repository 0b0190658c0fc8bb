"""amqtt from PyPI, the broker where mosquitto is not installed: its passwords and configuration.

Role in the flow: between stages 8 and 9. Context: CPython. Who may read and write what is as in `broker_process.ACL`.
"""

import json
import sys
from pathlib import Path

AMQTT = Path(sys.executable).with_name("amqtt")
_PLUGINS = "amqtt.plugins"


def passwords(users: str) -> str:
    """Its password file from one of `tocsin provision`. The hashes are cheap: these secrets are no secrets."""
    from pwdlib.hashers.argon2 import Argon2Hasher  # of the tests' dependencies only

    hasher = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
    named = [line.split(":", 1) for line in users.splitlines()]
    return "".join(f"{name}:{hasher.hash(password)}\n" for name, password in named)


def configuration(port: int, folder: Path, certificate: str, has_tls: bool) -> str:
    """Its configuration for the users in FOLDER/passwords."""
    names = [line.split(":", 1)[0] for line in (folder / "passwords").read_text().splitlines()]
    gateways = [name for name in names if name != "collector"]
    listener: dict[str, object] = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    if has_tls:
        key, text = folder / f"{certificate}.key", folder / f"{certificate}.crt"
        listener |= {"ssl": True, "certfile": str(text), "keyfile": str(key)}
    write = {name: [f"tocsin/{name}/up", f"tocsin/{name}/status"] for name in gateways}
    read = {name: [f"tocsin/{name}/down"] for name in gateways}
    plugins = {
        f"{_PLUGINS}.authentication.FileAuthPlugin": {"password_file": str(folder / "passwords")},
        f"{_PLUGINS}.logging_amqtt.EventLoggerPlugin": {},
        f"{_PLUGINS}.topic_checking.TopicAccessControlListPlugin": {
            "publish_acl": {"collector": ["tocsin/+/down"], **write},
            "acl": {"collector": ["tocsin/+/up", "tocsin/+/status"], **read},
        },
    }
    return json.dumps({"listeners": {"default": listener}, "plugins": plugins})  # it reads YAML, which JSON is
