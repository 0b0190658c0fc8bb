"""`tocsin service`: the technician's key, and the words said at a gateway's door."""

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin import messages
from tocsin.errors import ConfigError
from tocsin.framing import FrameReader, encode_frame
from tocsin.service_door import ServiceDoor, encode_state
from tocsin_host import service_session
from tocsin_host.board_check import BoardError
from tocsin_host.cli import tocsin
from tocsin_host.describe import record_text
from tocsin_host.keys import load_secrets, make_secrets, secrets_path, write_secrets
from tocsin_host.service_keys import service_keys
from tocsin_host.service_session import close_console, open_console
from tocsin_host.trail import read_trail

KEY = bytes(range(32))
PATIENCE_S = 0.4


class Door:
    """A gateway's port: hello, and a door with `key` behind it; none answers without one."""

    def __init__(self, hello: bytes, key: bytes | None) -> None:
        self.hello, self.said = encode_frame(hello), b""
        self.door = ServiceDoor(key, lambda count: bytes(count)) if key else None
        self.reader = FrameReader()
        self.minutes: list[int] = []

    def write(self, data: bytes) -> None:
        for body in self.reader.receive(data):
            if body[0] == messages.WHO:
                self.said += self.hello
            elif body[0] == messages.SERVICE_ASK and self.door:
                self.said += encode_frame(self.door.challenge(0))
            elif body[0] == messages.SERVICE_OPEN and self.door:
                self.minutes.append(self.door.judge(body, 0))
                self.said += encode_frame(encode_state(self.minutes[-1] & 255))

    def read(self, size: int) -> bytes:
        data, self.said = self.said[:size], self.said[size:]
        return data


@pytest.fixture
def hello(soft_gateway: Any) -> bytes:
    """What a gateway named gallery says."""
    gateway = soft_gateway()
    found: bytes = FrameReader().receive(gateway.say())[0]
    return found


def test_a_gateway_that_says_nothing_to_an_answer_is_not_said_to_refuse_it(hello: bytes) -> None:
    door = Door(hello, KEY)
    challenge = door.door.challenge(0) if door.door else b""
    door.door = None
    door.said = encode_frame(hello) + encode_frame(challenge)
    with pytest.raises(BoardError, match="gallery: it does not say whether it opens"):
        open_console(door, {"gallery": KEY}, 20, PATIENCE_S)


def test_a_slow_gateway_that_was_asked_three_times_gets_the_answer_to_its_last_challenge(
    hello: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_session, "_ASK_EVERY_S", 0.0)
    door, numbers, held = Door(hello, KEY), iter(range(9)), []
    assert door.door is not None
    monkeypatch.setattr(door.door, "_random", lambda count: bytes([next(numbers)]) * count)
    read = door.read

    def slow(size: int) -> bytes:
        held.append(size)
        return read(60) if len(held) >= 3 else b""

    monkeypatch.setattr(door, "read", slow)
    assert open_console(door, {"gallery": KEY}, 20, PATIENCE_S) == "gallery"
    assert door.minutes == [20]
    assert next(numbers) >= 3


def test_the_key_opens_for_the_minutes_asked(hello: bytes) -> None:
    door = Door(hello, KEY)
    assert open_console(door, {"gallery": KEY}, 20, PATIENCE_S) == "gallery"
    assert door.minutes == [20]


def test_who_is_named_goes_with_the_answer(hello: bytes) -> None:
    door = Door(hello, KEY)
    assert open_console(door, {"gallery": KEY}, 20, PATIENCE_S, person=7) == "gallery"
    assert door.minutes == [20 | 7 << 8]


def test_what_does_not_open_is_told_apart(hello: bytes) -> None:
    with pytest.raises(BoardError, match="gallery: no service key for it here; it opens for: attic"):
        open_console(Door(hello, KEY), {"attic": KEY}, 20, PATIENCE_S)
    with pytest.raises(BoardError, match="gallery: it refused this key"):
        open_console(Door(hello, KEY), {"gallery": bytes(32)}, 20, PATIENCE_S)
    with pytest.raises(BoardError, match="gallery: it has no service key"):
        open_console(Door(hello, None), {"gallery": KEY}, 20, PATIENCE_S)
    silent = Door(hello, None)
    silent.hello = b""
    with pytest.raises(BoardError, match="no gateway answers here"):
        open_console(silent, {"gallery": KEY}, 20, PATIENCE_S)


class FailedStart:
    """The port of a gateway that cannot start, as main_rp2.py speaks."""

    def __init__(self, key: bytes) -> None:
        self.key, self.challenge, self.tries = key, bytes(16), 0
        self.said = self.tell()

    def tell(self) -> bytes:
        return b"ImportError: no module\r\nservice challenge " + self.challenge.hex().encode() + b"\r\n"

    def write(self, data: bytes) -> None:
        from tocsin.service_door import answer

        typed = re.findall(rb"([0-9a-f]{32})\r", data)
        if typed:
            self.tries += 1
            right = answer(self.key, self.challenge, 0).hex().encode()
            self.challenge = bytes((self.tries,)) * 16
            self.said += b"\r\n>>> " if typed[0] == right else self.tell()

    def read(self, size: int) -> bytes:
        data, self.said = self.said[:size], self.said[size:]
        return data


def test_a_gateway_that_cannot_start_opens_to_its_own_of_many_keys() -> None:
    port = FailedStart(KEY)
    assert open_console(port, {"attic": bytes(32), "gallery": KEY}, 20, PATIENCE_S) is None
    assert port.tries == 2
    with pytest.raises(BoardError, match="none of these service keys"):
        open_console(FailedStart(KEY), {"attic": bytes(32)}, 20, PATIENCE_S)


def test_closing_waits_until_frames_come_again(hello: bytes) -> None:
    door = Door(hello, KEY)
    assert close_console(door, PATIENCE_S).name == "gallery"
    door.hello = b""
    with pytest.raises(BoardError, match="unplug it"):
        close_console(door, PATIENCE_S)


def run(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(tocsin, ["service", *map(str, arguments), "--keys", str(folder / "keys")])


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with the keys of two gateways, one of them of an earlier version."""
    (tmp_path / "keys").mkdir(mode=0o700)
    write_secrets(secrets_path(tmp_path / "keys", "gallery"), make_secrets("gallery"))
    write_secrets(secrets_path(tmp_path / "keys", "old"), make_secrets("old")._replace(service_key=None))
    return tmp_path


def test_a_technicians_key_holds_service_keys_and_nothing_else(keys: Path) -> None:
    secrets = load_secrets(secrets_path(keys / "keys", "gallery"))
    assert secrets.service_key is not None
    output = keys / "technician.key"
    assert run(keys, "key", "-o", output).exit_code == 0
    assert output.stat().st_mode & 0o777 == 0o600
    assert service_keys(output, None) == {"gallery": secrets.service_key}
    for other in (secrets.k0, secrets.link_key):
        assert other.hex() not in output.read_text()
    assert [(line["action"], line["gateway"]) for line in read_trail(keys / "keys")] == [
        ("technician's key written", "gallery")
    ]
    refused = run(keys, "key", "old", "attic", "-o", output)
    assert "attic, old: no service key; there are those of: gallery" in refused.output


@pytest.mark.parametrize(
    ("name", "said"),
    [("G. Celik", "G. Celik is guard; this is for: technician, manager"), ("Nemo", "no person 'Nemo'; it lists: ")],
)
def test_only_who_may_service_a_gateway_can_be_named(keys: Path, name: str, said: str) -> None:
    staffed = Path(__file__).parents[2] / "sim/sites/staffed.toml"
    refused = run(keys, "open", "--port", "nowhere", "--as", name, "--site", staffed)
    assert refused.exit_code == 1
    assert said in refused.output


def test_a_file_that_is_no_technicians_key_is_refused(keys: Path) -> None:
    with pytest.raises(ConfigError, match="not a technician's key"):
        service_keys(secrets_path(keys / "keys", "gallery"), None)


def test_service_records_in_words(soft_gateway: Any) -> None:
    from tocsin import event
    from tocsin.record import unpack

    gateway = soft_gateway()
    gateway.make(1, event.SERVICE_BEGUN, event.TYPE_SERVICE, 30)
    gateway.make(1, event.SERVICE_REFUSED, event.TYPE_SERVICE, 7)
    texts = [record_text(unpack(gateway.kept[seq])) for seq in (0, 1)]
    assert texts == ["console open for 30 min, to a technician's key", "refused, 7 times: not the technician's key"]
