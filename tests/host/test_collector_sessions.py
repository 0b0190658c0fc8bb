"""The collector's conversations: who may speak, what hostile bytes can do, when commands go out."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from tocsin import host_messages, messages
from tocsin.framing import encode_frame
from tocsin_host.finding_log import PER_MINUTE
from tocsin_host.store import Store

MakeDesk = Callable[..., Any]
SoftGateways = Callable[..., Any]


@pytest.fixture
def gateway(soft_gateway: SoftGateways) -> Any:
    made = soft_gateway()
    made.make(3)
    return made


def hello_of(gateway: Any, **changes: Any) -> bytes:
    """A sealed hello of `gateway` with other fields."""
    hello = messages.Hello(
        gateway.secrets.gateway,
        gateway.hello.key_id,
        gateway.hello.lib_hash,
        1,
        0,
        gateway.next_seq,
        gateway.hello.command_counter,
        b"\xee" * 8,
    )
    for name, value in changes.items():
        setattr(hello, name, value)
    return bytes(hello.encode(gateway.secrets.link_key))


def test_open_port_is_asked_who_is_there(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    assert desk.take("gallery") == b"\0" + encode_frame(bytes((messages.WHO,)))


def test_record_or_time_ask_outside_a_session_asks_once(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    record = messages.encode_record(gateway.read(0), None)
    assert desk.tell("gallery", record, record, messages.encode_time_ask(5)) == [messages.WHO]
    assert desk.tell("gallery", record) == []
    assert desk.stored() == []


def test_time_is_the_hosts(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.now_ms = 5000
    desk.talk(gateway)
    desk.collector.receive("gallery", encode_frame(messages.encode_time_ask(77)))
    assert messages.decode_time(desk.bodies("gallery")[0]) == (77, 1_790_000_005_000)


def test_ping_is_answered_after_what_came_before_is_stored(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(1)
    data = gateway.say() + encode_frame(b"\x7emark")
    desk.collector.receive("gallery", data)
    assert desk.stored() == [0, 1, 2, 3]
    bodies = desk.bodies("gallery")
    assert [body[0] for body in bodies] == [messages.ACK, messages.PONG]
    assert bodies[1] == b"\x7fmark"


def test_unknown_gateway_is_refused(store: Store, soft_gateway: SoftGateways, make_desk: MakeDesk) -> None:
    desk = make_desk(store, soft_gateway("gallery"))
    stranger = soft_gateway("cellar", 2)
    desk.collector.receive("gallery", stranger.say())
    assert desk.bodies("gallery")[-1] == bytes((messages.REFUSED, host_messages.REFUSED_UNKNOWN_GATEWAY))
    assert [(one.gateway, one.kind) for one in store.findings()] == [("cellar", "refused")]


def test_wrong_link_key_and_wrong_wire_version_are_refused(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    body = hello_of(gateway)
    desk.take("gallery")
    for wrong, reason in (
        (body[:-1] + bytes((body[-1] ^ 1,)), host_messages.REFUSED_WRONG_LINK_KEY),
        (hello_of(gateway, wire_version=2), host_messages.REFUSED_WIRE_VERSION),
    ):
        desk.collector.receive("gallery", encode_frame(wrong))
        assert desk.bodies("gallery") == [bytes((messages.REFUSED, reason))]
    assert desk.stored() == []


def test_refused_hello_ends_the_session(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    assert desk.tell("gallery", hello_of(gateway, name="cellar")) == [messages.REFUSED]
    gateway.make(1)
    for desk.now_ms in range(0, 20_000, 500):
        desk.talk(gateway)
    assert desk.stored() == [0, 1, 2, 3]


def test_rollback_other_library_and_other_key_are_found(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    for changes in ({"next_seq": 1}, {"lib_hash": bytes(8)}, {"key_id": bytes(8)}):
        assert desk.tell("gallery", hello_of(gateway, **changes, nonce=bytes(next(iter(changes)), "ascii")[:8]))
    assert desk.found() == [(1, "rollback"), (-1, "version"), (-1, "wrong key")]


def test_same_hello_again_gets_the_same_welcome_and_no_command_twice(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    store.add_command("gallery", 1, 0, 0)
    desk = make_desk(store, gateway)
    desk.take("gallery")
    hello = encode_frame(hello_of(gateway))
    desk.collector.receive("gallery", hello)
    first = desk.bodies("gallery")
    assert [body[0] for body in first] == [messages.WELCOME, messages.COMMAND]
    desk.collector.receive("gallery", hello)
    assert desk.bodies("gallery") == first[:1]
    assert len(desk.told("session")) == 1


def test_commands_go_at_the_session_start_and_from_the_outbox_once(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    store.add_command("gallery", 1, 0, 0)
    store.add_command("gallery", 1, 1, 0)
    desk = make_desk(store, gateway)
    desk.collector.send_commands()
    desk.talk(gateway)
    assert gateway.commands == [(1, 1, 0), (2, 1, 1)]
    store.add_command("gallery", 2, 0, 0)
    for _ in range(3):
        desk.collector.send_commands()
        desk.talk(gateway)
    assert gateway.commands[2:] == [(3, 2, 0)]


def test_command_that_was_lost_goes_again_in_the_next_session(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    store.add_command("gallery", 1, 0, 0)
    desk.collector.send_commands()
    desk.take("gallery")  # lost
    desk.talk(gateway)
    assert gateway.commands == []
    desk.collector.lost("gallery", "unplugged")
    gateway.session.line_lost()
    desk.open("gallery")
    desk.talk(gateway)
    assert gateway.commands == [(1, 1, 0)]


def test_command_reaches_a_gateway_that_moved_to_another_port(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.session.line_lost()
    desk.open("gallery", "second port")
    desk.talk(gateway, "second port")
    store.add_command("gallery", 1, 0, 0)
    desk.collector.send_commands()
    desk.talk(gateway, "second port")
    assert gateway.commands == [(1, 1, 0)]


def test_port_that_sends_garbage_does_not_touch_the_other(
    store: Store, soft_gateway: SoftGateways, make_desk: MakeDesk
) -> None:
    good, bad = soft_gateway("gallery", 1), soft_gateway("storeroom", 2)
    desk = make_desk(store, good, bad)
    desk.talk(bad)
    noise = random.Random(7)
    for _ in range(50):
        good.make(2)
        bad.make(1)
        desk.collector.receive("storeroom", noise.randbytes(997))
        desk.collector.receive("storeroom", encode_frame(noise.randbytes(noise.randint(1, 160))))
        desk.talk(good)
    assert desk.stored("gallery") == list(range(100))
    assert good.session.damaged_count == 0
    assert 1 <= len(desk.told("noise")) <= 12
    for desk.now_ms in range(0, 20_000, 500):
        desk.talk(bad)
    assert desk.stored("storeroom") == list(range(50))


def test_flood_of_hostile_hellos_and_records_is_bounded(
    store: Store, soft_gateway: SoftGateways, make_desk: MakeDesk
) -> None:
    good, bad = soft_gateway("gallery", 1), soft_gateway("storeroom", 2)
    good.make(1)
    bad.make(1)
    desk = make_desk(store, good, bad)
    desk.talk(bad)
    for number in range(500):
        record = bytearray(bad.read(0))
        record[4:8] = (1_000_000 + number).to_bytes(4, "little")
        desk.tell("storeroom", hello_of(bad, name=f"x{number}"), bytes((messages.RECORD,)) + bytes(record))
    kinds = [finding.kind for finding in store.findings()]
    assert kinds == ["refused"] * PER_MINUTE + ["flood"]
    desk.tell("gallery", hello_of(good, lib_hash=bytes(8)))
    assert desk.found()[-1] == (-1, "version")
    desk.now_ms = 60_000
    desk.tell("storeroom", hello_of(bad, name="again"))
    assert len(desk.found()) == PER_MINUTE + 3


def test_finding_that_could_not_be_stored_is_stored_later(
    store: Store, gateway: Any, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(store, gateway)
    store.database.execute("PRAGMA query_only = 1")
    desk.tell("gallery", hello_of(gateway, name="cellar"))
    assert "cannot be written" in desk.told("error")[0]
    assert desk.found() == []
    store.database.execute("PRAGMA query_only = 0")
    desk.tell("gallery", hello_of(gateway, name="cellar"))
    assert desk.found() == [(-1, "refused")]


def test_bytes_of_a_lost_port_are_ignored(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.take("gallery")
    desk.collector.lost("gallery", "unplugged")
    desk.collector.receive("gallery", encode_frame(hello_of(gateway)))
    desk.collector.flush()
    assert desk.take("gallery") == b""
    assert desk.told("port") == ["", "unplugged"]
