"""`tocsin update send`: every byte arrives in order, whatever is lost, and a refusal is told in words."""

import random
from typing import Any

import pytest
from tocsin import messages
from tocsin.framing import FrameReader, encode_frame
from tocsin_host import update_transfer
from tocsin_host.board_check import BoardError
from tocsin_host.update_send import send_bundle
from tocsin_host.update_transfer import REFUSALS

BUNDLE = bytes(random.Random(1).randbytes(5000))
PATIENCE_S = 2.0


class Receiver:
    """A gateway that takes a bundle as docs/update.md says; loses about one frame in `loses`."""

    def __init__(self, hello: bytes, key: bytes, loses: int = 0, ends_with: int = 1) -> None:
        self.hello, self.key, self.loses, self.ends_with = encode_frame(hello), key, loses, ends_with
        self.reader, self.said, self.got, self.size = FrameReader(), b"", b"", 0
        self.forges = b""
        self.source = random.Random(1)

    def write(self, data: bytes) -> None:
        for body in self.reader.receive(data):
            if body[0] == messages.WHO:
                self.said += self.hello
            elif not self.loses or self.source.randrange(self.loses):
                self.take(body)

    def take(self, body: bytes) -> None:
        assert messages.is_sealed(self.key, body)
        number, data = int.from_bytes(body[1:5], "little"), body[5:-8]
        if body[0] == messages.UPDATE_BEGIN:
            self.got, self.size = b"", number
        elif number == len(self.got):
            self.got += data
        status = self.ends_with if len(self.got) == self.size else 0
        state = bytes((messages.UPDATE_STATE, status)) + len(self.got).to_bytes(4, "little")
        self.said += encode_frame(messages.sealed(self.forges or self.key, state))

    def read(self, size: int) -> bytes:
        data, self.said = self.said[:size], self.said[size:]
        return data


@pytest.fixture
def made(soft_gateway: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """(link key, hello, key of the transfer)."""
    monkeypatch.setattr(update_transfer, "AGAIN_AFTER_MS", 2)
    gateway = soft_gateway()
    hello = FrameReader().receive(gateway.say())[0]
    return gateway.secrets.link_key, hello, messages.update_key(gateway.secrets.link_key, gateway.hello.nonce)


@pytest.mark.parametrize("loses", [0, 3, 5, 7])
def test_every_byte_arrives_whatever_is_lost(made: Any, loses: int) -> None:
    link_key, hello, key = made
    receiver = Receiver(hello, key, loses)
    shown: list[int] = []
    assert send_bundle(receiver, "gallery", link_key, BUNDLE, shown.append, PATIENCE_S).name == "gallery"
    assert receiver.got == BUNDLE
    assert shown == sorted(shown)
    assert shown[-1] == len(BUNDLE)


@pytest.mark.parametrize("status", sorted(REFUSALS)[:-1])
def test_a_refusal_is_told_in_words(made: Any, status: int) -> None:
    link_key, hello, key = made
    with pytest.raises(BoardError, match="gallery refused the bundle: ") as caught:
        send_bundle(Receiver(hello, key, 0, status), "gallery", link_key, BUNDLE, lambda at: None, PATIENCE_S)
    assert REFUSALS[status] in str(caught.value)


def test_another_gateway_and_silence_are_told(made: Any) -> None:
    link_key, hello, key = made
    with pytest.raises(BoardError, match="not attic, or has other keys"):
        send_bundle(Receiver(hello, key), "attic", link_key, BUNDLE, lambda at: None, PATIENCE_S)
    with pytest.raises(BoardError, match="not gallery, or has other keys"):
        send_bundle(Receiver(hello, key), "gallery", bytes(32), BUNDLE, lambda at: None, PATIENCE_S)
    with pytest.raises(BoardError, match="answers no more, 0 of 5000 bytes came"):
        send_bundle(Receiver(hello, key, 1), "gallery", link_key, BUNDLE, lambda at: None, 0.2)


def test_what_a_stranger_at_the_port_answers_is_not_believed(made: Any) -> None:
    link_key, hello, key = made
    receiver = Receiver(hello, key)
    receiver.forges = bytes(32)
    with pytest.raises(BoardError, match="answers no more, 0 of 5000 bytes came"):
        send_bundle(receiver, "gallery", link_key, BUNDLE, lambda at: None, 0.2)
