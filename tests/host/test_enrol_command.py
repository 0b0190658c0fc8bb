"""`tocsin enrol`: keys for every gateway of a site, once."""

from pathlib import Path

from click.testing import CliRunner, Result
from tocsin.tlog import parse_key_file
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets, secrets_path

MUSEUM = Path(__file__).parents[2] / "sim/sites/museum.toml"


def enrol(site: Path, keys: Path) -> Result:
    return CliRunner().invoke(tocsin, ["enrol", str(site), "--keys", str(keys)])


def test_enrol_makes_keys_for_each_gateway_and_keeps_them(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    assert enrol(MUSEUM, keys).exit_code == 0
    assert keys.stat().st_mode & 0o777 == 0o700
    first = {name: load_secrets(secrets_path(keys, name)) for name in ("gallery", "storeroom")}
    assert first["gallery"].k0 != first["storeroom"].k0
    assert parse_key_file((keys / "gallery.keys").read_text()) == ("gallery", first["gallery"].k0)
    again = enrol(MUSEUM, keys)
    assert again.stdout.count("keeps its secrets") == 2
    assert {name: load_secrets(secrets_path(keys, name)) for name in first} == first


def test_enrol_adds_only_the_missing_gateway(tmp_path: Path) -> None:
    enrol(MUSEUM, tmp_path)
    kept = load_secrets(secrets_path(tmp_path, "gallery"))
    secrets_path(tmp_path, "storeroom").unlink()
    assert "storeroom: new secrets" in enrol(MUSEUM, tmp_path).stdout
    assert load_secrets(secrets_path(tmp_path, "gallery")) == kept


def test_enrol_bad_site_shows_its_problems_and_makes_nothing(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text("name = \n")
    result = enrol(site, tmp_path / "keys")
    assert result.exit_code == 1
    assert f"{site}:1" in result.stderr
    assert not (tmp_path / "keys").exists()
