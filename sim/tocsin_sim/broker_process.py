"""A real broker on 127.0.0.1, over TLS, with throw-away certificates and passwords; it keeps nothing.

It is mosquitto, and where that is not installed amqtt.

Role in the flow: between stages 8 and 9. Context: CPython.
"""

import datetime
import getpass
import hashlib
import ipaddress
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tocsin_sim import broker_amqtt
from tocsin_sim.broker_amqtt import AMQTT

_PATIENCE_S = 20
_PATH = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path=_PATH)
# What the tests run, for the summary at their end.
BROKER = "mosquitto" if MOSQUITTO else "amqtt, as there is no mosquitto: apt-get install mosquitto"
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd") or shutil.which("mosquitto_passwd", path=_PATH)

# docs/mqtt.md shows a museum the same lines.
CONFIGURATION = """\
per_listener_settings false
listener {port} 127.0.0.1
certfile {folder}/{certificate}.crt
keyfile {folder}/{certificate}.key
tls_version tlsv1.2
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence false
user {user}
log_dest file {folder}/log
"""
ACL = """\
user collector
topic read tocsin/+/up
topic read tocsin/+/status
topic write tocsin/+/down

pattern write tocsin/%u/up
pattern write tocsin/%u/status
pattern read tocsin/%u/down
"""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def make_certificate(folder: Path, name: str, valid_days: tuple[int, int] = (-1, 30)) -> str:
    """A self-signed certificate for 127.0.0.1 as NAME.crt and NAME.key; its SHA-256. `valid_days` count from today."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    first, last = (now + datetime.timedelta(days=days) for days in valid_days)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), first, last)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(names, critical=False)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(private)
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


class BrokerProcess:
    """One broker. `users`: its password file, of `tocsin provision`; `mosquitto`: path of one, None for amqtt."""

    def __init__(self, folder: Path, users: str, mosquitto: str | None = MOSQUITTO) -> None:
        self.folder = folder
        self.port = free_port()
        self.certificate = "broker"
        self.has_tls = True
        self._mosquitto = mosquitto
        self._process: subprocess.Popen[bytes] | None = None
        self.set_users(users)
        (folder / "acl").write_text(ACL)
        (folder / "acl").chmod(0o600)

    def set_users(self, users: str) -> None:
        """Other passwords, from the next start on."""
        file = self.folder / "passwords"
        file.write_text(users if self._mosquitto else broker_amqtt.passwords(users))
        file.chmod(0o600)
        if self._mosquitto:
            assert MOSQUITTO_PASSWD is not None
            subprocess.run([MOSQUITTO_PASSWD, "-U", str(file)], check=True)

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        file = self.folder / "broker.conf"
        file.write_text(self._configuration())
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self._mosquitto or str(AMQTT), "-c", str(file)], stdout=log, stderr=log)
        for _ in range(_PATIENCE_S * 20):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except ConnectionRefusedError:
                assert self._process.poll() is None, self.log()
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the broker does not listen:\n{self.log()}")

    def _configuration(self) -> str:
        if not self._mosquitto:
            return broker_amqtt.configuration(self.port, self.folder, self.certificate, self.has_tls)
        values = {"port": self.port, "folder": self.folder, "certificate": self.certificate, "user": getpass.getuser()}
        lines = CONFIGURATION.format(**values).splitlines(keepends=True)
        return "".join(line for line in lines if self.has_tls or not line.startswith(("certfile", "keyfile")))

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE_S)
            self._process = None

    def log(self) -> str:
        """What it wrote."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def has_had_a_client(self) -> bool:
        """Whether it ever accepted one's CONNECT, as both brokers note."""
        return re.search("client.connected", self.log()) is not None
