"""`tocsin update`: keys that are never used twice, bundles that nobody changes unseen."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin.bundle import bundle_bytes, decode_manifest
from tocsin.errors import ConfigError
from tocsin.lms import is_signed
from tocsin_host import image, key_lock, lms_key, update_key
from tocsin_host.cli import tocsin
from tocsin_host.lib_hash import lib_hash
from tocsin_host.lms_key import LmsKey
from tocsin_host.update_key import read_public, sign_update

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/lms.json").read_text())
# RFC 8554, appendix F, test case 2: the private key of its root.
RFC_KEY = LmsKey(*(bytes.fromhex(VECTORS["private_key"][field]) for field in ("name", "seed")))


@pytest.fixture(scope="module")
def rfc_tree() -> dict[int, bytes]:
    """The tree of the key in the RFC: a second or two."""
    return RFC_KEY.tree()


def test_key_and_signature_are_those_of_the_rfc(rfc_tree: dict[int, bytes]) -> None:
    example = VECTORS["signatures"][2]
    public_key, message, signature = (bytes.fromhex(example[name]) for name in ("public_key", "message", "signature"))
    assert RFC_KEY.public(rfc_tree) == public_key
    number, nonce = int.from_bytes(signature[:4], "big"), signature[8:40]
    assert RFC_KEY.sign(number, message, rfc_tree, nonce) == signature


def test_every_one_time_key_signs(rfc_tree: dict[int, bytes]) -> None:
    public = RFC_KEY.public(rfc_tree)
    for number in (0, 1, 511, 512, 1023):
        assert is_signed(public, b"message", RFC_KEY.sign(number, b"message", rfc_tree))


class Signer:
    """A folder with a key for updates, whose tree is worked out once."""

    def __init__(self, folder: Path) -> None:
        self.top, self.folder, self.bundle = folder, folder / "update-key", folder / "one.tocsin"

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(tocsin, ["update", *map(str, arguments)])

    def make(self, version: int, *more: object) -> Result:
        return self.run("make", self.bundle, "--folder", self.folder, "--version", version, *more)

    def next(self) -> int:
        return int((self.folder / "update.next").read_text())


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rfc_tree: dict[int, bytes]) -> Signer:
    made = Signer(tmp_path)
    monkeypatch.setattr(key_lock, "SCRYPT_LOG2_N", 4)
    monkeypatch.setenv("TOCSIN_KEY_FILE", str(tmp_path / "signer.key"))
    monkeypatch.setattr(update_key, "make_lms_key", lambda: RFC_KEY)
    monkeypatch.setattr(lms_key.LmsKey, "tree", lambda self: rfc_tree)
    files = {"/lib/tocsin/a.mpy": b"first file", "/lib/tocsin_fw/b.mpy": b"second"}
    monkeypatch.setattr(image, "device_files", lambda: dict(files))
    assert made.run("key", "--folder", made.folder).exit_code == 0
    return made


def test_a_bundle_is_made_and_verified_with_the_public_key_alone(signer: Signer) -> None:
    result = signer.make(7, "--from-version", 3)
    assert result.exit_code == 0, result.output
    assert "version 7, 2 files" in result.output
    assert "1023 bundles can still be signed" in result.output
    public = signer.top / "copied.pub"
    public.write_bytes((signer.folder / "update.pub").read_bytes())
    told = signer.run("verify", signer.bundle, "--key", public).output
    assert f"signed. Version 7 for pico_w, for firmware from version 3 on, wire version 3, library {lib_hash()}" in told
    assert RFC_KEY.seed.hex() not in (signer.folder / "update.skey").read_text()


def test_any_byte_that_was_changed_is_found(signer: Signer) -> None:
    signer.make(1)
    data = signer.bundle.read_bytes()
    manifest, length = decode_manifest(data)
    assert len(data) == bundle_bytes(manifest, length)
    other = signer.top / "other.tocsin"
    for at in (0, 9, 12, 16, 20, 25, 31, 60, length - 1, length, length + 1300, len(data) - 16, len(data) - 1):
        other.write_bytes(data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :])
        assert signer.run("verify", other, "--key", signer.folder).exit_code == 1, at
    for damaged in (data[:-1], data + b"\0", data[:length], b""):
        other.write_bytes(damaged)
        assert signer.run("verify", other, "--key", signer.folder).exit_code == 1
    other.write_bytes(data[:-1] + b"x")
    assert "tocsin_fw/b.mpy: not what was signed" in signer.run("verify", other, "--key", signer.folder).output


def test_versions_rise_and_each_signature_has_a_key_of_its_own(signer: Signer) -> None:
    numbers = []
    for version in (5, 6, 9):
        assert signer.make(version).exit_code == 0
        data = signer.bundle.read_bytes()
        _, length = decode_manifest(data)
        numbers.append(int.from_bytes(data[length : length + 4], "big"))
    assert numbers == [0, 1, 2]
    for version in (9, 8, 1):
        assert f"version {version} is not above 9" in signer.make(version).output
    assert signer.next() == 3, "what is refused costs no key"


def test_a_signer_that_dies_while_signing_never_uses_that_key_again(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = LmsKey.sign
    seen = []

    def killed(self: LmsKey, number: int, *rest: object) -> bytes:
        seen.append((number, signer.next()))
        raise KeyboardInterrupt

    monkeypatch.setattr(LmsKey, "sign", killed)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            sign_update(signer.folder, 1, b"message")
    assert seen == [(0, 1), (1, 2), (2, 3)], "on the disk before it is used"
    monkeypatch.setattr(LmsKey, "sign", sign)
    assert int.from_bytes(sign_update(signer.folder, 1, b"message")[:4], "big") == 3


def test_a_power_cut_while_a_key_is_reserved_uses_none(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object, **__: object) -> None:
        raise OSError(5, "power cut")

    monkeypatch.setattr(update_key, "write_file", cut)
    monkeypatch.setattr(LmsKey, "sign", lambda *_: pytest.fail("signed with a key that was not reserved"))
    with pytest.raises(OSError, match="power cut"):
        sign_update(signer.folder, 1, b"message")


def test_when_the_number_is_lost_or_the_keys_are_spent_nothing_is_signed(signer: Signer) -> None:
    number = signer.folder / "update.next"
    number.write_text("1024\n")
    assert "all 1024 one-time keys are spent" in signer.make(1).output
    for lost in ("", "-1", "x"):
        number.write_text(lost)
        assert "never guess it" in signer.make(1).output
    number.unlink()
    assert "never guess it" in signer.make(1).output


def test_two_signers_at_once_are_told_of_each_other(signer: Signer) -> None:
    (signer.folder / "update.busy").touch()
    with pytest.raises(ConfigError, match="somebody signs just now"):
        sign_update(signer.folder, 1, b"message")
    assert signer.next() == 0


def test_a_key_is_never_made_over_another_and_must_fit_its_public_half(signer: Signer) -> None:
    assert "exists already" in signer.run("key", "--folder", signer.folder).output
    path = signer.folder / "update.pub"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, "key": fields["key"][:-2] + "00"}))
    assert "do not belong together" in signer.make(1).output
    path.write_text(json.dumps({**fields, "key": "00" * 56}))
    with pytest.raises(ConfigError, match="not the kind of key"):
        read_public(path)
