"""`tocsin provision` and `tocsin keys`: keys made once, encrypted, labelled; every change in the trail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin.errors import ConfigError
from tocsin_host import firmware_image, key_lock, private_file, update_key
from tocsin_host.cli import tocsin
from tocsin_host.keys import GatewaySecrets, fingerprint, load_secrets, make_secrets, secrets_path, write_secrets
from tocsin_host.lms_key import LmsKey
from tocsin_host.log_key import load_log_key
from tocsin_host.store import Store, StoredRecord
from tocsin_host.trail import TRAIL_FILE, add_to_trail, read_trail

MUSEUM = Path(__file__).parents[2] / "sim/sites/museum.toml"


class House:
    """A folder with a store and its keys, and a key file beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.keys, self.out = folder / "store", folder / "store/keys", folder / "out"
        self.key_file = folder / "house.key"

    def run(self, *arguments: object, keyed: bool = True) -> Result:
        keys = ["--key-file", self.key_file] if keyed else []
        return CliRunner().invoke(tocsin, [*map(str, arguments), "--store", str(self.store), *map(str, keys)])

    def provision(self, *arguments: object, site: Path = MUSEUM) -> Result:
        return self.run("provision", site, "--out", self.out, *arguments)

    def secrets(self, *names: str) -> dict[str, GatewaySecrets]:
        return {name: load_secrets(secrets_path(self.keys, name)) for name in names or ("gallery", "storeroom")}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path)
    monkeypatch.setattr(key_lock, "SCRYPT_LOG2_N", 4)
    monkeypatch.setenv(firmware_image.ENVIRONMENT, str(tmp_path / "no-image.uf2"))
    monkeypatch.setenv("TOCSIN_KEY_FILE", str(made.key_file))
    return made


def test_the_boards_take_updates_of_the_key_that_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update_key, "make_lms_key", lambda: LmsKey(bytes(16), bytes(32)))
    for name in ("signer", "other"):
        made = CliRunner().invoke(
            tocsin, ["update", "key", "--folder", str(house.folder / name), "--key-file", str(house.key_file)]
        )
        assert made.exit_code == 0, made.output
        monkeypatch.setattr(update_key, "make_lms_key", lambda: LmsKey(bytes(16), bytes(31) + b"1"))
    told = house.provision("--update-key", house.folder / "signer").output
    assert "boards flashed from now on take updates of this key\n" in told
    assert (house.keys / "update.pub").read_bytes() == (house.folder / "signer/update.pub").read_bytes()
    assert [entry["action"] for entry in read_trail(house.keys)].count("update key taken") == 1
    told = house.provision("--update-key", house.folder / "other" / "update.pub").output
    assert "those flashed before know another one, and take none of it" in told
    refused = house.provision("--update-key", house.folder / "nowhere.pub")
    assert refused.exit_code == 1
    assert "`tocsin update key` makes it" in refused.output


def test_keys_are_made_once_and_lie_encrypted(house: House) -> None:
    result = house.provision()
    assert result.exit_code == 0, result.output
    assert house.keys.stat().st_mode & 0o777 == 0o700
    first = house.secrets()
    assert first["gallery"].k0 != first["storeroom"].k0
    assert f"gallery: new keys, fingerprint {fingerprint(first['gallery'].k0)}" in result.stdout
    for path in [*house.keys.iterdir(), *house.out.iterdir()]:
        assert first["gallery"].k0.hex().encode() not in path.read_bytes()
    for private in ("gallery.secrets", "log.skey"):
        assert (house.keys / private).read_text().startswith("tocsin-sealed-1 ")
    load_log_key(house.keys)
    again = house.provision()
    assert again.stdout.count("keeps its keys") == 2
    assert house.secrets() == first


def test_only_the_missing_gateway_gets_keys(house: House) -> None:
    house.provision()
    kept = house.secrets("gallery")
    secrets_path(house.keys, "storeroom").unlink()
    assert "storeroom: new keys" in house.provision().stdout
    assert house.secrets("gallery") == kept


def test_a_bad_site_shows_its_problems_and_makes_nothing(house: House) -> None:
    site = house.folder / "site.toml"
    site.write_text("name = \n")
    result = house.provision(site=site)
    assert result.exit_code == 1
    assert f"{site}:1" in result.stderr
    assert not house.keys.exists()


def test_what_lay_in_the_clear_is_encrypted_and_a_bare_key_is_named(house: House) -> None:
    house.keys.mkdir(parents=True, mode=0o700)
    before = make_secrets("gallery")
    write_secrets(secrets_path(house.keys, "gallery"), before)
    (house.keys / "gallery.keys").touch()
    result = house.provision()
    assert f"{house.keys / 'gallery.keys'}: tells a gateway's key in the clear" in result.stdout
    assert house.secrets("gallery")["gallery"] == before
    assert before.k0.hex() not in secrets_path(house.keys, "gallery").read_text()


def test_a_wrong_key_file_opens_nothing(house: House) -> None:
    house.provision()
    private_file._folder_keys.clear()
    house.key_file.write_text("another key than before\n")
    result = house.run("keys", "list", keyed=False)
    assert result.exit_code == 1
    assert "wrong passphrase or key file" in result.stderr


def test_without_a_terminal_the_key_file_is_asked_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_KEY_FILE")
    assert "--key-file FILE" in house.run("provision", MUSEUM, "--out", house.out, keyed=False).stderr
    monkeypatch.setenv("TOCSIN_KEY_FILE", str(house.key_file))
    house.provision()
    private_file._folder_keys.clear()
    monkeypatch.delenv("TOCSIN_KEY_FILE")
    assert "name their key file in $TOCSIN_KEY_FILE" in house.run("keys", "list", keyed=False).stderr


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda house: house.key_file.write_text("short"), "chmod 600"),
        (lambda house: (house.key_file.write_text("short"), house.key_file.chmod(0o600)), "at least 12"),
        (lambda house: setattr(house, "key_file", house.keys / "house.key"), "a key left in its lock"),
        (lambda house: house.keys.mkdir(mode=0o755, parents=True), "chmod 700"),
    ],
)
def test_a_key_that_protects_nothing_is_refused(house: House, make: Callable[[House], object], told: str) -> None:
    make(house)
    result = house.provision()
    assert result.exit_code == 1
    assert told in result.stderr
    assert not secrets_path(house.keys, "gallery").exists()


def test_another_key_file_opens_the_same_keys(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.provision()
    first, new = house.secrets(), house.folder / "new.key"
    assert house.run("keys", "lock", "--key-file", new, keyed=False).exit_code == 0
    private_file._folder_keys.clear()
    assert "wrong passphrase" in house.run("keys", "list", keyed=False).stderr
    monkeypatch.setenv("TOCSIN_KEY_FILE", str(new))
    assert house.secrets() == first


def test_a_file_under_another_name_does_not_open(house: House) -> None:
    house.provision()
    secrets_path(house.keys, "gallery").rename(secrets_path(house.keys, "storeroom"))
    with pytest.raises(ConfigError, match="renamed"):
        house.secrets("storeroom")


def test_labels_name_every_gateway_with_its_fingerprint_and_code(house: House) -> None:
    site = house.folder / "site.toml"
    site.write_text(MUSEUM.read_text().replace('room = "', 'room = "<b>&', 1))
    house.provision(site=site)
    page = (house.out / "labels.html").read_text()
    assert page.count("<article>") == page.count("<svg") == 2
    assert "&lt;b&gt;&amp;" in page
    for secrets in house.secrets().values():
        one, two = fingerprint(secrets.k0)[:9], fingerprint(secrets.k0)[10:]
        assert f"<h2>{secrets.gateway}</h2>" in page
        assert f"{one}<br>{two}" in page


def test_images_are_private_and_only_for_gateways_without_a_log(
    house: House, rows_of: Callable[..., list[StoredRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no firmware image at" in house.provision().stdout
    made: list[str] = []

    def image(_: bytes, config: dict[str, Any], *__: object, **___: object) -> bytes:
        made.append(config["gateway"])
        return b"image"

    monkeypatch.setattr(firmware_image, "load", lambda board: b"firmware")
    monkeypatch.setattr("tocsin_host.image.gateway_image", image)
    with Store(house.store) as store:
        store.append(rows_of("gallery", 2))
    told = house.provision().stdout
    assert made == ["storeroom"]
    assert "gallery: has a log already, so no image" in told
    assert (house.out / "storeroom.uf2").stat().st_mode & 0o777 == 0o600


def test_keys_are_renewed_only_where_no_record_was_ever_stored(
    house: House, rows_of: Callable[..., list[StoredRecord]]
) -> None:
    house.provision()
    first = house.secrets()
    assert house.provision("--renew", "gallery").exit_code == 2
    assert "no such gateway" in house.provision("--renew", "attic", "--reason", "x").stderr
    with Store(house.store) as store:
        store.append(rows_of("storeroom", 1))
    refused = house.provision("--renew", "storeroom", "--reason", "dead")
    assert "storeroom-2" in refused.stderr
    assert house.provision("--renew", "gallery", "--reason", "image lost").exit_code == 0
    now = house.secrets()
    assert now["storeroom"] == first["storeroom"]
    assert now["gallery"].k0 != first["gallery"].k0
    trail = [line for line in read_trail(house.keys) if line.get("gateway") == "gallery"]
    lines = [(line["action"], line.get("reason")) for line in trail]
    assert lines == [("provisioned", None), ("keys destroyed", "image lost"), ("provisioned", None)]


def test_the_trail_tells_of_revocations_and_shows_what_was_changed(house: House) -> None:
    house.provision()
    house.run("revoke", "gallery", "--reason", "stolen", keyed=False)
    shown = house.run("keys", "trail", keyed=False).stdout.splitlines()
    assert [line.split("  ")[2] for line in shown] == ["locked", *["provisioned"] * 2, "log key made", "revoked"]
    assert shown[-1].endswith("revoked  gateway gallery  reason stolen")
    path = house.keys / TRAIL_FILE
    lines = path.read_text().splitlines(keepends=True)
    for damaged in ([*lines[:1], *lines[2:]], [lines[0].replace("locked", "unlocked"), *lines[1:]]):
        path.write_text("".join(damaged))
        result = house.run("keys", "trail", keyed=False)
        assert result.exit_code == 1
        assert f"{path}: line 2 was changed, torn, or one before it is missing" in result.stderr


def test_a_torn_line_of_the_trail_is_told_and_the_next_one_is_whole(tmp_path: Path) -> None:
    add_to_trail(tmp_path, "locked")
    path = tmp_path / TRAIL_FILE
    path.write_bytes(path.read_bytes()[:-20])
    add_to_trail(tmp_path, "provisioned", "gallery")
    assert json.loads(path.read_text().splitlines()[1])["gateway"] == "gallery"
    with pytest.raises(ConfigError, match="line 1 was changed, torn"):
        read_trail(tmp_path)


def site_with_network(folder: Path) -> Path:
    network = f'network = {{ ssid = "a=b", broker = "10.0.0.1", certificate_sha256 = ["{"4a" * 32}"] }}'
    text = MUSEUM.read_text().replace('room = "Storeroom, basement"', 'room = "Storeroom"\n' + network)
    (folder / "site.toml").write_text(text)
    return folder / "site.toml"


def provision_wifi(house: House, password: str, ssid: str = "a=b") -> Result:
    file = house.folder / "wifi"
    file.write_text(password)
    return house.provision("--wifi", f"{ssid}={file}", site=site_with_network(house.folder))


def test_a_network_gets_its_passwords_once_and_a_changed_one_keeps_the_keys(house: House) -> None:
    assert provision_wifi(house, "wireless secret\n").exit_code == 0
    first = house.secrets()
    assert first["storeroom"].network is not None
    assert first["storeroom"].network.wifi_password == "wireless secret"
    assert first["gallery"].network is None
    assert house.provision(site=site_with_network(house.folder)).exit_code == 0
    assert house.secrets() == first
    provision_wifi(house, "another secret")
    network = first["storeroom"].network._replace(wifi_password="another secret")
    assert house.secrets("storeroom")["storeroom"] == first["storeroom"]._replace(network=network)


def test_the_broker_gets_a_line_for_the_host_and_for_each_gateway_with_a_network(house: House) -> None:
    provision_wifi(house, "wireless secret")
    network = house.secrets()["storeroom"].network
    assert network is not None
    host = (house.keys / "collector.password").read_text().strip()
    expected = f"collector:{host}\nstoreroom:{network.broker_password}\n"
    assert (house.keys / "broker.passwords").read_text() == expected
    assert len(host) == len(network.broker_password) == 32
    assert {path.stat().st_mode & 0o777 for path in house.keys.glob("*.password*")} == {0o600}


def test_a_network_without_a_password_is_refused_with_the_mend(house: House) -> None:
    result = house.provision(site=site_with_network(house.folder))
    assert result.exit_code == 1
    assert "storeroom: no password for its wireless network; give --wifi 'a=b=FILE'" in result.stderr


@pytest.mark.parametrize("password", ["seven77", "x" * 64, "ünïcödé password"])
def test_a_password_no_network_can_have_is_refused(house: House, password: str) -> None:
    result = provision_wifi(house, password)
    assert result.exit_code == 1
    assert "8 to 63 printable ASCII" in result.stderr


def test_a_password_for_a_network_nobody_uses_is_refused(house: House) -> None:
    result = provision_wifi(house, "wireless secret", "other")
    assert result.exit_code == 1
    assert "--wifi other: no gateway" in result.stderr
