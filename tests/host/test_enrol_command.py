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


def site_with_network(folder: Path) -> Path:
    network = f'network = {{ ssid = "a=b", broker = "10.0.0.1", certificate_sha256 = ["{"4a" * 32}"] }}'
    text = MUSEUM.read_text().replace('room = "Storeroom, basement"', 'room = "Storeroom"\n' + network)
    (folder / "site.toml").write_text(text)
    return folder / "site.toml"


def enrol_wifi(site: Path, keys: Path, password: str, ssid: str = "a=b") -> Result:
    file = keys.parent / "wifi"
    file.write_text(password)
    return CliRunner().invoke(tocsin, ["enrol", str(site), "--keys", str(keys), "--wifi", f"{ssid}={file}"])


def test_a_network_gets_its_passwords_once_and_a_changed_one_keeps_the_keys(tmp_path: Path) -> None:
    site, keys = site_with_network(tmp_path), tmp_path / "keys"
    assert enrol_wifi(site, keys, "wireless secret\n").exit_code == 0
    first = load_secrets(secrets_path(keys, "storeroom"))
    assert first.network is not None
    assert first.network.wifi_password == "wireless secret"
    assert load_secrets(secrets_path(keys, "gallery")).network is None
    assert enrol(site, keys).exit_code == 0
    assert load_secrets(secrets_path(keys, "storeroom")) == first
    enrol_wifi(site, keys, "another secret")
    changed = first._replace(network=first.network._replace(wifi_password="another secret"))
    assert load_secrets(secrets_path(keys, "storeroom")) == changed


def test_the_broker_gets_a_line_for_the_host_and_for_each_gateway_with_a_network(tmp_path: Path) -> None:
    site, keys = site_with_network(tmp_path), tmp_path / "keys"
    enrol_wifi(site, keys, "wireless secret")
    network = load_secrets(secrets_path(keys, "storeroom")).network
    assert network is not None
    host = (keys / "collector.password").read_text().strip()
    assert (keys / "broker.passwords").read_text() == f"collector:{host}\nstoreroom:{network.broker_password}\n"
    assert len(host) == len(network.broker_password) == 32
    assert {(keys / name).stat().st_mode & 0o777 for name in ("broker.passwords", "collector.password")} == {0o600}


def test_a_network_without_its_password_is_told_with_the_mend(tmp_path: Path) -> None:
    result = enrol(site_with_network(tmp_path), tmp_path / "keys")
    assert result.exit_code == 1
    assert "storeroom: no password for its wireless network; give --wifi 'a=b=FILE'" in result.stderr


def test_a_wireless_password_that_no_network_can_have_is_refused(tmp_path: Path) -> None:
    for password in ("short", "x" * 64, "schöner Schlüssel", ""):
        result = enrol_wifi(site_with_network(tmp_path), tmp_path / "keys", password)
        assert result.exit_code == 1
        assert "8 to 63 printable ASCII characters" in result.stderr


def test_a_password_for_a_network_that_nobody_uses_is_refused(tmp_path: Path) -> None:
    result = enrol_wifi(site_with_network(tmp_path), tmp_path / "keys", "wireless secret", "other")
    assert result.exit_code == 1
    assert "--wifi other: no gateway" in result.stderr
    assert not (tmp_path / "keys").exists()
