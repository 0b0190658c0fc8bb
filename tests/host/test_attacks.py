"""Attacks on the way from gateway to host: replay, clone, rollback, a new seal. docs/attacks.md lists them all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tocsin import messages
from tocsin.framing import encode_frame
from tocsin.gateway_session import COMMAND
from tocsin.record import pack, unpack
from tocsin.seal import record_mac
from tocsin_host.order_line import OUTCOME_WITHIN_MS
from tocsin_host.store import Store

MakeDesk = Callable[..., Any]


def overheard(desk: Any, gateway: Any) -> tuple[bytes, bytes]:
    """One session, as somebody hears it who taps the line: (what the gateway said, what the host said)."""
    of_gateway = of_host = b""
    while True:
        heard = desk.take("gallery")
        gateway.hear(heard)
        said = gateway.say()
        if not said and not heard:
            return of_gateway, of_host
        of_gateway, of_host = of_gateway + said, of_host + heard
        desk.collector.receive("gallery", said)
        desk.collector.flush()


def start_again(desk: Any, gateway: Any) -> None:
    """The line is lost and found."""
    desk.collector.lost("gallery", "unplugged")
    gateway.session.line_lost()
    desk.open("gallery")


def test_replayed_words_of_the_host_acknowledge_nothing_and_set_no_clock(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    store.add_command("gallery", 1, 0, 0)
    _, of_host = overheard(desk, gateway)
    assert gateway.acked_seq == 10
    start_again(desk, gateway)
    for is_up in (False, True):
        assert gateway.session.is_up is is_up
        gateway.make(10)
        damaged, acked_seq = gateway.session.damaged_count, gateway.acked_seq
        events = gateway.session.receive(of_host, 0)
        # Commands need no session; the counter is the gateway's own guard against this one.
        assert [event[:2] for event in events] == [(COMMAND, gateway.hello.command_counter)]
        assert gateway.acked_seq == acked_seq
        assert gateway.session.damaged_count > damaged
        desk.talk(gateway)
    assert desk.stored() == list(range(30))
    assert desk.found() == []


def test_replayed_words_of_the_gateway_store_nothing_and_name_no_gap(
    store: Store, gateway: Any, make_desk: MakeDesk, tmp_path: Path
) -> None:
    gateway.lose(5, 7)
    desk = make_desk(store, gateway)
    of_gateway, _ = overheard(desk, gateway)
    assert desk.found() == [(8, "gap")]
    rows = [row.record for row in store.records("gallery")]
    desk.open("gallery", "stranger")
    desk.collector.receive("stranger", of_gateway)
    desk.collector.flush()
    assert [row.record for row in store.records("gallery")] == rows
    assert desk.found() == [(8, "gap")]
    # A host whose store was lost takes the records, which prove themselves, but not that others will never come.
    with Store(tmp_path / "new") as empty:
        other = make_desk(empty, gateway)
        other.collector.receive("gallery", of_gateway)
        other.collector.flush()
        assert other.found() == []
        assert other.collector._gateways["gallery"].next_seq == 5
        assert set(other.stored()) <= {0, 1, 2, 3, 4, 8, 9}


def test_hello_said_again_by_a_stranger_does_not_keep_the_commands(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    of_gateway, _ = overheard(desk, gateway)
    desk.open("gallery", "stranger")
    desk.collector.receive("stranger", of_gateway)
    store.add_command("gallery", 1, 0, 0)
    for now_ms, commands in ((0, []), (OUTCOME_WITHIN_MS - 1, []), (OUTCOME_WITHIN_MS, [(1, 1, 0)])):
        desk.now_ms = now_ms
        desk.collector.send_commands()
        gateway.hear(desk.take("gallery"), now_ms)
        assert gateway.commands == commands
    gateway.carry_out()
    desk.talk(gateway)
    desk.now_ms += 10 * OUTCOME_WITHIN_MS
    desk.collector.send_commands()
    assert messages.COMMAND not in {body[0] for body in desk.bodies("gallery")}


def test_hello_said_again_while_the_gateway_is_away_is_a_rollback(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    of_gateway, _ = overheard(desk, gateway)
    gateway.make(5)
    desk.talk(gateway)
    start_again(desk, gateway)
    desk.collector.receive("gallery", of_gateway)
    assert desk.found() == [(10, "rollback")]


def test_flash_put_back_to_an_older_state_is_a_rollback_and_then_a_fork(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    older = gateway.clone()
    gateway.make(5)
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    rows = [row.record for row in store.records("gallery")]
    start_again(desk, gateway)
    older.make(2, value=99)
    desk.talk(older)
    assert desk.found() == [(12, "rollback")]
    desk.tell("gallery", *[messages.encode_record(older.read(seq), None) for seq in (10, 11)])
    assert desk.found() == [(12, "rollback"), (10, "fork"), (11, "forged")]
    assert [row.record for row in store.records("gallery")] == rows


def test_clone_on_another_port_is_a_fork_and_changes_nothing(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    clone = gateway.clone()
    clone.session.line_lost()
    desk.open("gallery", "clone")
    gateway.make(3)
    desk.talk(gateway)
    clone.make(1, value=99)
    desk.tell("clone", clone.hello.encode(clone.secrets.link_key), messages.encode_record(clone.read(10), None))
    assert desk.found() == [(10, "fork")]
    assert [row.record for row in store.records("gallery")] == [gateway.read(seq) for seq in range(13)]


def test_old_record_sealed_again_with_a_later_key_is_forged(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(40)
    thief_key = bytes(gateway.sealer.key())  # the present one: all that the box still holds
    for seq in (4, 20, 49):
        fields = unpack(gateway.read(seq))
        fields.value = 1
        fields.mac = record_mac(thief_key, pack(fields), gateway.macs[seq - 1])
        false = pack(fields)
        desk.collector.receive("gallery", encode_frame(messages.encode_record(false, gateway.macs[seq - 1])))
    desk.collector.flush()
    assert desk.found() == [(4, "forged"), (20, "forged"), (49, "forged")]
    assert desk.stored() == list(range(10))
    desk.talk(gateway)
    assert [row.record for row in store.records("gallery")] == [gateway.read(seq) for seq in range(50)]
