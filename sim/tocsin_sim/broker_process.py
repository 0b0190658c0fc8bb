"""A real mosquitto on 127.0.0.1, over TLS, with throw-away certificates and passwords; it keeps nothing.

Role in the flow: between stages 8 and 9. Context: CPython.
"""

import datetime
import getpass
import hashlib
import ipaddress
import shutil
import socket
import subprocess
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PATIENCE_S = 20
_PATH = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path=_PATH)
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
    key = ec.generate_private_key(ec.SECP256R1())
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
    """One mosquitto. `users`: its password file as `tocsin enrol` writes it."""

    def __init__(self, folder: Path, users: str, certificate: str = "broker") -> None:
        self.folder = folder
        self.port = free_port()
        self.certificate = certificate
        self.configuration = CONFIGURATION
        self._process: subprocess.Popen[bytes] | None = None
        self.set_users(users)
        (folder / "acl").write_text(ACL)
        (folder / "acl").chmod(0o600)

    def set_users(self, users: str) -> None:
        """Other passwords, from the next start on."""
        assert MOSQUITTO_PASSWD is not None
        file = self.folder / "passwords"
        file.write_text(users)
        file.chmod(0o600)
        subprocess.run([MOSQUITTO_PASSWD, "-U", str(file)], check=True)

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        assert MOSQUITTO is not None
        values = {"port": self.port, "folder": self.folder, "certificate": self.certificate, "user": getpass.getuser()}
        file = self.folder / "mosquitto.conf"
        file.write_text(self.configuration.format(**values))
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(_PATIENCE_S * 20):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except ConnectionRefusedError:
                assert self._process.poll() is None, self.log()
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"mosquitto does not listen:\n{self.log()}")

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
