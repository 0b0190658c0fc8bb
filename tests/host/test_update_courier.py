"""The collector passes bundles on: within sessions, behind records, until the gateway's sealed record tells the end."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tocsin import gateway_session, messages
from tocsin.bundle import decode_manifest
from tocsin.bundle_head import SIGNATURE_BYTES
from tocsin.errors import UpdateError
from tocsin.event import TYPE_UPDATE, UPDATE_REFUSED, UPDATE_TRIED
from tocsin.framing import FrameReader, encode_frame
from tocsin_host import update_courier
from tocsin_host.store import Store
from tocsin_host.update_bundle import join_bundle, make_manifest
from tocsin_host.update_courier import STUCK_AFTER_MS, TRIES_MAX, UpdateCourier
from tocsin_host.update_key import UpdatePublic
from tocsin_host.update_outbox import queue_bundle
from tocsin_host.update_transfer import WINDOW_BYTES

MakeDesk = Callable[..., Any]


def bundle(version: int = 7, size: int = 4000) -> bytes:
    files = {"/lib/tocsin/a.mpy": bytes((version,)) * size}
    return join_bundle(make_manifest(files, "pico_w", version, 0, bytes(8)), bytes(SIGNATURE_BYTES), files)


class Taker:
    """Makes a soft gateway take updates, on all its sessions; `ends_with` is what it judges, None for no answer."""

    def __init__(self, *sessions: Any, ends_with: int | None = 1) -> None:
        self.ends_with = ends_with
        self.got, self.size, self.status = b"", 0, 9
        self.begun: list[int] = []
        self.sessions = sessions
        for session in sessions:
            session.hear, session.say = self.hear_on(session), self.say_on(session, session.say)
            session.states = b""

    def hear_on(self, gateway: Any) -> Callable[..., None]:
        def hear(data: bytes, now_ms: int = 0) -> None:
            for event in gateway.session.receive(data, now_ms):
                if event[0] == gateway_session.UPDATE and self.ends_with is not None:
                    gateway.states += gateway.session.seal_update(self.take(event[1]))

        return hear

    def say_on(self, gateway: Any, say: Callable[[int], bytes]) -> Callable[..., bytes]:
        def speak(now_ms: int = 0) -> bytes:
            states, gateway.states = gateway.states, b""
            return states + say(now_ms)

        return speak

    def take(self, body: bytes) -> bytes:
        number, data = int.from_bytes(body[1:5], "little"), body[5:]
        if body[0] == messages.UPDATE_BEGIN:
            self.got, self.size, self.status = b"", number, 0
            self.begun.append(number)
        elif self.status == 0 and number == len(self.got):
            self.got += data
            if len(self.got) == self.size:
                self.judge()
        return bytes((messages.UPDATE_STATE, self.status)) + len(self.got).to_bytes(4, "little")

    def judge(self) -> None:
        assert self.ends_with is not None
        self.status = self.ends_with
        version = decode_manifest(self.got)[0].version
        what = (UPDATE_TRIED, version) if self.status == 1 else (UPDATE_REFUSED, self.status)
        self.sessions[0].make(1, what[0], TYPE_UPDATE, what[1])

    def restart(self) -> None:
        """What it had is forgotten, and its sessions with it."""
        self.got, self.size, self.status = b"", 0, 9
        for session in self.sessions:
            session.session.line_lost()


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of keys. In it, a bundle is signed unless it ends with "bad"."""

    def check(data: bytes, key: bytes) -> Any:
        if data.endswith(b"bad"):
            raise UpdateError("the signature is not that of this key")
        return decode_manifest(data)[0]

    monkeypatch.setattr(update_courier, "read_public", lambda path: UpdatePublic(b"key", 0))
    monkeypatch.setattr(update_courier, "check_bundle", check)
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


def waiting(keys: Path) -> list[str]:
    return sorted(os.listdir(keys / "updates"))


def talk_for_ms(desk: Any, duration_ms: int, *gateways: Any) -> None:
    for _ in range(0, duration_ms, 500):
        desk.now_ms += 500
        desk.collector.updates.tick()
        for gateway in gateways:
            desk.talk(gateway)


def test_a_bundle_is_passed_on_and_its_file_goes_when_it_is_tried(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    talk_for_ms(desk, 1000, gateway)
    assert taker.begun == []
    data = bundle(7)
    queue_bundle(keys, "gallery", data)
    talk_for_ms(desk, 1000, gateway)
    assert (taker.got, taker.begun) == (data, [len(data)])
    assert waiting(keys) == []
    assert desk.told("update") == ["version 7 goes out from byte 0 on", "version 7 taken, on trial"]
    assert desk.found() == []
    talk_for_ms(desk, 60_000, gateway)
    assert taker.begun == [len(data)]


def test_a_refusal_is_told_in_words_and_the_bundle_not_sent_again(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taker, desk = Taker(gateway, ends_with=4), make_desk(store, gateway, keys=keys)

    def refuse(queued: object) -> None:
        raise PermissionError(13, "not yours")

    monkeypatch.setattr(update_courier, "remove_bundle", refuse)
    queue_bundle(keys, "gallery", bundle(7))
    talk_for_ms(desk, 60_000, gateway)
    assert len(taker.begun) == 1
    assert [(one.kind, one.gateway) for one in store.findings()] == [("update", "gallery")]
    assert "version 7 refused: it is for another board, or its version" in next(store.findings()).detail
    assert desk.told("error") == [f"{keys}/updates/gallery.tocsin: not yours; remove it"]


def test_nothing_is_sent_to_a_gateway_with_a_backlog(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    gateway.make(300)
    gateway.make(1, UPDATE_REFUSED, TYPE_UPDATE, 5)  # of another one, days ago
    queue_bundle(keys, "gallery", bundle())
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    take = taker.take

    def checked(body: bytes) -> bytes:
        assert len(desk.stored()) >= 311
        return take(body)

    taker.take = checked  # type: ignore[method-assign]
    desk.talk(gateway)
    assert len(taker.begun) == 1
    assert desk.found() == []


def test_an_acknowledgement_goes_before_pieces_and_they_are_few(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    Taker(gateway)
    desk = make_desk(store, gateway, keys=keys)
    talk_for_ms(desk, 1000, gateway)
    queue_bundle(keys, "gallery", bundle(7, 20_000))
    for _ in range(20):
        desk.now_ms += 500
        gateway.hear(desk.take("gallery"))
        gateway.make(1)
        desk.collector.receive("gallery", gateway.say())
        desk.collector.flush()
        desk.collector.updates.tick()
        kinds = [body[0] for body in FrameReader().receive(desk.said["gallery"])]
        assert kinds[0] == messages.ACK
        assert len(desk.said["gallery"]) < WINDOW_BYTES * 1.2 + 60
    assert messages.UPDATE_DATA in kinds


def test_a_collector_that_restarts_begins_anew(store: Store, gateway: Any, make_desk: MakeDesk, keys: Path) -> None:
    taker, data = Taker(gateway), bundle(7, 20_000)
    queue_bundle(keys, "gallery", data)
    desk = make_desk(store, gateway, keys=keys)
    for _ in range(12):
        gateway.hear(desk.take("gallery"))
        desk.collector.receive("gallery", gateway.say())
        desk.collector.flush()
        desk.collector.updates.tick()
    assert 0 < len(taker.got) < len(data)
    again = make_desk(store, gateway, keys=keys)
    talk_for_ms(again, 2000, gateway)
    assert (taker.got, len(taker.begun), waiting(keys)) == (data, 2, [])


@pytest.mark.parametrize("what", ["other link", "new session", "restart"])
def test_what_a_lost_link_began_another_session_ends(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path, what: str
) -> None:
    other = gateway.second_session()
    taker, data = Taker(gateway, other), bundle(7, 20_000)
    desk = make_desk(store, gateway, keys=keys)
    talk_for_ms(desk, 1000, gateway)
    queue_bundle(keys, "gallery", data)
    desk.now_ms += 500
    while len(taker.got) < 5000:
        desk.collector.updates.tick()
        gateway.hear(desk.take("gallery"))
        desk.collector.receive("gallery", gateway.say())
    if what == "other link":
        desk.collector.lost("gallery", "in the test")
        desk.open("gallery", "second")
        for _ in range(6):
            desk.now_ms += 500
            desk.collector.updates.tick()
            desk.talk(other, "second")
    else:
        (taker.restart if what == "restart" else gateway.session.line_lost)()
        talk_for_ms(desk, 3000, gateway)
    assert (taker.got, waiting(keys)) == (data, [])
    assert len(taker.begun) == (2 if what == "restart" else 1)


def test_a_gateway_that_takes_none_is_given_up_and_told(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    taker, desk = Taker(gateway, ends_with=None), make_desk(store, gateway, keys=keys)
    queue_bundle(keys, "gallery", bundle())
    # Half of the tries at least are turns; others are sessions that end because of too many beginnings.
    talk_for_ms(desk, STUCK_AFTER_MS * (TRIES_MAX // 2 - 1), gateway)
    assert waiting(keys) == ["gallery.tocsin"]
    talk_for_ms(desk, STUCK_AFTER_MS * (TRIES_MAX // 2 + 2), gateway)
    assert waiting(keys) == []
    (finding,) = store.findings()
    assert "version 7 given up: in 10 tries it came no further than 0 bytes" in finding.detail
    assert taker.begun == []


def test_a_port_that_does_not_answer_gives_way_to_another(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    """A stranger has said an old hello again; he cannot answer under the key of its session."""
    other = gateway.second_session()
    Taker(gateway, ends_with=None)
    taker, desk = Taker(other), make_desk(store, gateway, keys=keys)
    desk.open("gallery", "second")
    desk.talk(gateway)
    desk.talk(other, "second")
    queue_bundle(keys, "gallery", bundle())
    for _ in range(60):
        desk.now_ms += 500
        desk.collector.updates.tick()
        state = bytes((messages.UPDATE_STATE, 1)) + bytes(4)
        desk.collector.receive("gallery", encode_frame(messages.sealed(bytes(32), state)))
        desk.talk(gateway)
        desk.talk(other, "second")
    assert (len(taker.begun), waiting(keys)) == (1, [])


def test_what_is_said_on_another_port_is_of_another_transfer(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    other = gateway.second_session()
    taker, desk = Taker(gateway, other), make_desk(store, gateway, keys=keys)
    desk.open("gallery", "second")
    desk.talk(gateway)
    desk.talk(other, "second")
    queue_bundle(keys, "gallery", bundle(7, 20_000))
    for _ in range(10):
        desk.now_ms += 500
        desk.collector.updates.tick()
        desk.collector.receive("second", other.session.seal_update(bytes((messages.UPDATE_STATE, 1)) + bytes(4)))
        desk.talk(gateway)
    assert (len(taker.begun), waiting(keys)) == (1, [])


def test_what_waits_is_known_before_the_first_record_comes(keys: Path, gateway: Any) -> None:
    queue_bundle(keys, "gallery", bundle(7))
    courier = UpdateCourier(keys, lambda *_: None, lambda event: None, lambda: 0)
    gateway.make(1, UPDATE_TRIED, TYPE_UPDATE, 7)
    courier.look_at("gallery", gateway.read(10))
    assert waiting(keys) == []


def test_one_that_is_taken_back_or_replaced_is_under_way_no_more(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    talk_for_ms(desk, 1000, gateway)
    queue_bundle(keys, "gallery", bundle(7, 20_000)).unlink()
    talk_for_ms(desk, 1000, gateway)
    assert taker.begun == []
    queue_bundle(keys, "gallery", bundle(7, 20_000))
    desk.now_ms += 500
    desk.collector.updates.tick()
    gateway.hear(desk.take("gallery"))
    assert len(taker.begun) == 1
    newer = bundle(8, 500)
    queue_bundle(keys, "gallery", newer)
    talk_for_ms(desk, 3000, gateway)
    assert (taker.got, waiting(keys)) == (newer, [])
    taken = [text for text in desk.told("update") if "taken" in text]
    assert taken == ["version 8 taken, on trial"]


def test_what_is_not_signed_is_never_sent(store: Store, gateway: Any, make_desk: MakeDesk, keys: Path) -> None:
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    queue_bundle(keys, "gallery", bundle() + b"bad")
    talk_for_ms(desk, 5000, gateway)
    assert (taker.begun, waiting(keys)) == ([], [])
    (finding,) = store.findings()
    assert finding.detail == "not sent: the signature is not that of this key"


def test_only_a_sealed_record_tells_the_end(store: Store, gateway: Any, make_desk: MakeDesk, keys: Path) -> None:
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    taker.judge = lambda: setattr(taker, "status", 1)  # type: ignore[method-assign]
    queue_bundle(keys, "gallery", bundle())
    talk_for_ms(desk, 5000, gateway)
    assert waiting(keys) == ["gallery.tocsin"]
    gateway.make(1, UPDATE_TRIED, TYPE_UPDATE, 6)
    desk.talk(gateway)
    assert waiting(keys) == ["gallery.tocsin"]
    gateway.make(1, UPDATE_TRIED, TYPE_UPDATE, 7)
    desk.talk(gateway)
    assert waiting(keys) == []
    assert desk.found() == []


def test_the_end_is_known_from_the_backlog_of_a_gateway_that_restarted(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    talk_for_ms(desk, 1000, gateway)
    queue_bundle(keys, "gallery", bundle())
    desk.now_ms += 500
    while taker.status != 1:
        desk.collector.updates.tick()
        gateway.hear(desk.take("gallery"))
        desk.collector.receive("gallery", gateway.states)  # and no record gets through
        gateway.states = b""
    taker.restart()
    talk_for_ms(desk, 3000, gateway)
    assert (len(taker.begun), waiting(keys)) == (1, [])


def test_a_gateway_whose_keys_are_revoked_gets_none(
    store: Store, gateway: Any, make_desk: MakeDesk, keys: Path
) -> None:
    taker, desk = Taker(gateway), make_desk(store, gateway, keys=keys)
    talk_for_ms(desk, 1000, gateway)
    store.finding("gallery", -1, "revoked", "stolen")
    desk.collector.obey_revocations()
    queue_bundle(keys, "gallery", bundle())
    talk_for_ms(desk, 5000, gateway)
    assert taker.begun == []
