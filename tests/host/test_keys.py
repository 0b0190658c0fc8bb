"""Secrets of gateways: made, kept private, read back, refused when unusable."""

import json
import os
from pathlib import Path

import pytest
from tocsin.errors import ConfigError, RecordError
from tocsin.tlog import parse_key_file
from tocsin_host.keys import load_secrets, make_secrets, secrets_path, write_key_file, write_secrets
from tocsin_host.write_file import write_file


def test_secrets_read_back_and_only_the_owner_may_read(tmp_path: Path) -> None:
    secrets = make_secrets("gallery")
    path = secrets_path(tmp_path, "gallery")
    write_secrets(path, secrets)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_secrets(path) == secrets
    assert json.loads(path.read_text())["format"] == "tocsin-gateway-secrets-1"


def test_make_secrets_are_new_each_time_and_differ() -> None:
    one, other = make_secrets("gallery"), make_secrets("gallery")
    assert len({one.k0, one.link_key, other.k0, other.link_key}) == 4
    assert len(one.k0) == len(one.link_key) == 32
    with pytest.raises(RecordError):
        make_secrets("../gallery")


def test_load_secrets_others_may_read_names_chmod(tmp_path: Path) -> None:
    path = secrets_path(tmp_path, "gallery")
    write_secrets(path, make_secrets("gallery"))
    os.chmod(path, 0o640)
    with pytest.raises(ConfigError, match=f"chmod 600 {path}"):
        load_secrets(path)


def test_write_secrets_never_replaces(tmp_path: Path) -> None:
    path = secrets_path(tmp_path, "gallery")
    write_secrets(path, make_secrets("gallery"))
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        write_secrets(path, make_secrets("gallery"))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a secrets file"),
        ("[]", "format"),
        ('{"format": "tocsin-verification-key-1"}', "format"),
        ('{"format": "tocsin-gateway-secrets-1", "gateway": "G"}', "gateway name"),
        ('{"format": "tocsin-gateway-secrets-1", "gateway": "g", "k0": "00"}', "k0"),
        (f'{{"format": "tocsin-gateway-secrets-1", "gateway": "g", "k0": "{"00" * 32}"}}', "link_key"),
        (
            f'{{"format": "tocsin-gateway-secrets-1", "gateway": "g", "k0": "{"00" * 32}", "link_key": "{"00" * 32}", '
            '"wifi_password": "only one"}',
            "broker_password",
        ),
    ],
)
def test_load_secrets_unusable_file_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "x.secrets"
    write_file(path, text.encode(), private=True)
    with pytest.raises(ConfigError, match=reason):
        load_secrets(path)


def test_load_secrets_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tocsin provision"):
        load_secrets(tmp_path / "x.secrets")


def test_key_file_holds_the_seal_key_only(tmp_path: Path) -> None:
    secrets = make_secrets("gallery")
    write_key_file(tmp_path / "gallery.keys", secrets)
    text = (tmp_path / "gallery.keys").read_text()
    assert parse_key_file(text) == ("gallery", secrets.k0)
    assert secrets.link_key.hex() not in text


def test_write_file_failing_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError, match="target"):
        write_file(tmp_path / "target", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    write_file(tmp_path / "a", b"old")
    write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
