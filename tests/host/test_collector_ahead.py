"""Urgent records ahead of a backlog, one gateway on two ports, and a collector that starts again in between."""

from collections.abc import Callable
from typing import Any

import pytest
from tocsin import messages
from tocsin.event import TYPE_ALARM
from tocsin.framing import encode_frame
from tocsin.record import put_crc
from tocsin.seal import Sealer
from tocsin.verify import verify_log
from tocsin_host.export import export_log
from tocsin_host.store import Store

MakeDesk = Callable[..., Any]


def body(gateway: Any, seq: int, with_proof: bool = False) -> bytes:
    return messages.encode_record(gateway.read(seq), gateway.macs[seq - 1] if with_proof else None)


def gone(desk: Any, first: int, last: int) -> bytes:
    """The word of the gateway behind the desk's port that records are gone."""
    key = desk.collector._ports["gallery"].session._session_key
    return messages.encode_gone(key, first, last)


def findings_of_export(store: Store, gateway: Any) -> list[str]:
    log = export_log(store, "gallery", gateway.secrets)
    return [finding[2] for finding in verify_log(log, gateway.secrets.k0, "gallery").findings]


def test_alarm_behind_a_backlog_is_stored_shown_and_acknowledged_first(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    gateway.make(990)
    gateway.make(1, kind=TYPE_ALARM)
    gateway.make(500)
    desk = make_desk(store, gateway)
    gateway.hear(desk.take("gallery"))
    for _ in range(4):
        desk.collector.receive("gallery", gateway.session.transmit(0))
        desk.collector.flush()
        gateway.hear(desk.take("gallery"))
    shown = [event["seq"] for event in desk.events if event["event"] == "record"]
    while 1000 not in shown:
        assert len(shown) < 400
        desk.collector.receive("gallery", gateway.session.transmit(0))
        desk.collector.flush()
        gateway.hear(desk.take("gallery"))
        shown = [event["seq"] for event in desk.events if event["event"] == "record"]
    assert gateway.session._window._urgent == []
    assert desk.found() == []
    desk.talk(gateway)
    assert desk.stored() == list(range(1501))
    assert desk.found() == []
    assert findings_of_export(store, gateway) == []
    shown = [event["seq"] for event in desk.events if event["event"] == "record"]
    assert sorted(shown) == list(range(1501))


def test_record_ahead_is_no_gap_while_the_others_are_coming(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(60)
    desk.collector.receive("gallery", encode_frame(body(gateway, 50, True)))
    desk.collector.flush()
    acks = [messages.decode_ack(one) for one in desk.bodies("gallery")]
    assert acks == [(10, 50, 1), (10, 10, 0)]
    assert desk.stored() == [*range(10), 50]
    assert desk.found() == []


def test_record_ahead_under_a_wrong_mac_is_forged(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(60)
    assert desk.tell("gallery", messages.encode_record(gateway.read(50), bytes(16))) == [messages.ACK]
    assert desk.found() == [(50, "forged")]
    assert 50 not in desk.stored()


def test_collector_that_starts_again_goes_on_below_what_it_has_ahead(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(100)
    desk.tell("gallery", body(gateway, 50, True), body(gateway, 51), body(gateway, 80, True))
    assert desk.stored() == [*range(10), 50, 51, 80]
    gateway.session.line_lost()
    again = make_desk(store, gateway)
    assert again.collector._gateways["gallery"].next_seq == 10
    assert again.collector._gateways["gallery"].end_seq == 81
    again.talk(gateway)
    assert again.stored() == list(range(110))
    assert again.found() == []
    assert findings_of_export(store, gateway) == []


def test_hello_below_what_is_stored_ahead_is_a_rollback(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(100)
    desk.tell("gallery", body(gateway, 50, True))
    for next_seq, found in ((51, []), (50, [(50, "rollback")])):
        gateway.hello.next_seq = next_seq
        gateway.hello.nonce = bytes((next_seq,)) * 8
        desk.tell("gallery", gateway.hello.encode(gateway.secrets.link_key))
        assert desk.found() == found


def test_gap_is_named_once_and_stays_named_for_the_next_collector(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    gateway.make(20)
    gateway.lose(5, 7)
    gateway.lose(12, 14)
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    assert desk.found() == [(8, "gap"), (15, "gap")]
    gateway.session.line_lost()
    gateway.make(3)
    again = make_desk(store, gateway)
    assert again.collector._gateways["gallery"].next_seq == 30
    again.talk(gateway)
    assert again.stored() == [seq for seq in range(33) if seq not in (5, 6, 7, 12, 13, 14)]
    assert again.found() == [(8, "gap"), (15, "gap")]


def test_gap_whose_finding_was_not_stored_is_named_by_the_next_collector(
    store: Store, gateway: Any, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.lose(5, 7)
    desk = make_desk(store, gateway)
    with monkeypatch.context() as patch:
        patch.setattr(desk.collector._findings, "tell", lambda *_: None)
        desk.talk(gateway)
    assert desk.stored() == [0, 1, 2, 3, 4, 8, 9]
    gateway.session.line_lost()
    again = make_desk(store, gateway)
    assert again.collector._gateways["gallery"].next_seq == 5
    again.talk(gateway)
    assert again.found() == [(8, "gap")]
    assert again.stored() == [0, 1, 2, 3, 4, 8, 9]


def test_gone_is_ignored_where_nothing_proven_stands_behind_it(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(60)
    desk.tell("gallery", body(gateway, 50, True))
    for first, last in ((10, 20), (10, 48), (20, 49), (0, 9), (51, 40)):
        desk.tell("gallery", gone(desk, first, last))
        assert desk.found() == []
    desk.talk(gateway)
    assert desk.stored() == list(range(70))


def test_gone_of_a_stranger_loses_nothing(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(60)
    # He has seen record 50 go by, with its proof, and says that what is before it will never come.
    desk.tell("gallery", body(gateway, 50, True), messages.encode_gone(bytes(32), 10, 49))
    assert desk.found() == []
    desk.talk(gateway)
    assert desk.stored() == list(range(70))


def test_gone_range_with_records_in_it_names_each_hole(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(30)
    desk.tell("gallery", body(gateway, 20, True), body(gateway, 21), body(gateway, 30, True), gone(desk, 10, 29))
    assert desk.found() == [(20, "gap"), (30, "gap")]
    assert desk.stored() == [*range(10), 20, 21, 30]
    gateway.lose(10, 19)
    gateway.lose(22, 29)
    desk.talk(gateway)
    assert desk.stored() == [*range(10), 20, 21, *range(30, 40)]
    assert findings_of_export(store, gateway) == ["gap", "gap"]


def test_what_comes_between_must_lead_to_the_record_ahead(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    twin = Sealer(bytes(gateway.sealer.key()), gateway.sealer.seq, gateway.sealer.mac)
    others = [twin.seal(6, 255, 0, 1, 1, 0, 99, 0) for _ in range(3)]
    gateway.make(4)
    desk.tell("gallery", body(gateway, 13, True), *[messages.encode_record(record, None) for record in others])
    # The clone's three records are sealed, and do not lead to the mac under which 13 was proven.
    assert desk.found() == [(12, "fork"), (13, "gap")]
    assert desk.stored() == [*range(12), 13]
    gateway.make(1)
    desk.tell("gallery", body(gateway, 14))
    assert desk.stored() == [*range(12), 13, 14]


def test_held_record_that_turns_out_forged_is_asked_for_again(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(3)
    false = bytearray(gateway.read(11))
    false[30] ^= 1
    put_crc(false)
    desk.tell("gallery", messages.encode_record(bytes(false), None))
    desk.talk(gateway)
    assert desk.found() == [(11, "forged")]
    assert desk.stored() == list(range(13))


def test_one_gateway_on_two_ports_is_one_chain(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    other = gateway.second_session()
    desk.open("gallery", "radio")
    for round_ in range(20):
        gateway.make(7, kind=TYPE_ALARM if round_ % 3 else 6)
        desk.talk(gateway)
        desk.talk(other, "radio")
    assert gateway.session.is_up
    assert other.session.is_up
    assert desk.stored() == list(range(150))
    assert desk.found() == []
    assert len(desk.told("record")) == 150
    desk.collector.lost("gallery", "unplugged")
    gateway.session.line_lost()
    gateway.make(40)
    desk.talk(other, "radio")
    assert desk.stored() == list(range(190))
    assert desk.found() == []


def test_halves_that_come_over_two_ports_make_a_whole(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    other = gateway.second_session()
    desk.open("gallery", "radio")
    desk.talk(gateway)
    desk.talk(other, "radio")
    gateway.make(20)
    for seq in range(10, 30):
        port = "radio" if seq % 2 else "gallery"
        desk.collector.receive(port, encode_frame(body(gateway, seq)))
        if seq % 5 == 0:
            desk.collector.flush()
    desk.collector.flush()
    assert desk.stored() == list(range(30))
    assert desk.found() == []


def test_command_goes_on_one_port_and_on_the_other_when_that_is_lost(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    other = gateway.second_session()
    desk.open("gallery", "radio")
    desk.talk(gateway)
    desk.talk(other, "radio")
    store.add_command("gallery", 1, 0, 0)
    desk.collector.send_commands()
    desk.talk(gateway)
    desk.talk(other, "radio")
    assert gateway.commands == [(1, 1, 0)]
    gateway.carry_out()
    desk.talk(gateway)
    store.add_command("gallery", 1, 1, 0)
    desk.collector.send_commands()
    desk.take("radio")  # lost on the way
    desk.collector.lost("radio", "broker gone")
    desk.collector.send_commands()
    desk.talk(gateway)
    assert gateway.commands == [(1, 1, 0), (2, 1, 1)]
