"""Where `tocsin collect` listens for a broker: the URL, the password, and what is wrong with them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin_host.cli import tocsin
from tocsin_host.keys import make_secrets, secrets_path, write_secrets
from tocsin_host.mqtt_reader import parse_url


def collect(folder: Path, *arguments: str) -> Result:
    keys = folder / "keys"
    keys.mkdir(exist_ok=True)
    if not secrets_path(keys, "gallery").exists():
        write_secrets(secrets_path(keys, "gallery"), make_secrets("gallery"))
    return CliRunner().invoke(tocsin, ["collect", "--store", str(folder), *arguments])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mqtts://broker", ("broker", 8883, "collector")),
        ("mqtts://10.0.0.5:1234", ("10.0.0.5", 1234, "collector")),
        ("mqtts://host@broker.museum.example:8884/", ("broker.museum.example", 8884, "host")),
        ("mqtts://host@[fd00::5]", ("fd00::5", 8883, "host")),
    ],
)
def test_a_url_is_taken_apart(url: str, found: tuple[str, int, str]) -> None:
    assert parse_url(url) == found


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("mqtt://broker", "without TLS anyone on the network could be the broker"),
        ("broker:8883", "write mqtts://USER@HOST:PORT"),
        ("mqtts://", "write mqtts://USER@HOST:PORT"),
        ("mqtts://broker/topic", "write mqtts://USER@HOST:PORT"),
        ("mqtts://host:secret@broker", "put it into a file"),
        ("mqtts://broker:99999", "Port out of range"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_shows_no_password(tmp_path: Path, url: str, text: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/collector.password").write_text("x")
    result = collect(tmp_path, "--mqtt", url)
    assert result.exit_code == 1
    assert text in result.stderr
    assert "secret" not in result.stderr


def test_a_password_that_is_nowhere_is_told(tmp_path: Path) -> None:
    result = collect(tmp_path, "--mqtt", "mqtts://broker")
    assert result.exit_code == 1
    assert f"{tmp_path}/keys/collector.password: no such file, so no password at the broker" in result.stderr
    assert "set $TOCSIN_MQTT_PASSWORD, or give --mqtt-password-file" in result.stderr


def test_an_authority_that_is_nowhere_is_told(tmp_path: Path) -> None:
    result = collect(tmp_path, "--mqtt", "mqtts://broker", "--mqtt-ca", str(tmp_path / "ca.crt"))
    assert result.exit_code == 2
    assert f"'{tmp_path}/ca.crt' does not exist" in result.stderr


def test_an_authority_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.txt").write_text("nothing")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/collector.password").write_text("x")
    result = collect(tmp_path, "--mqtt", "mqtts://broker", "--mqtt-ca", str(tmp_path / "ca.txt"))
    assert result.exit_code == 1
    assert f"--mqtt-ca {tmp_path}/ca.txt: no certificate in PEM form" in result.stderr


def test_nowhere_to_listen_is_told(tmp_path: Path) -> None:
    result = collect(tmp_path)
    assert result.exit_code == 2
    assert "give --port URL or --mqtt URL" in result.stderr
