"""The collector in process, with a real store: what is stored, what is acknowledged, what is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tocsin import messages
from tocsin.framing import encode_frame
from tocsin.record import put_crc
from tocsin.seal import Sealer
from tocsin.verify import verify_log
from tocsin_host.export import export_log
from tocsin_host.store import Store
from tocsin_host.store_errors import StoreError

MakeDesk = Callable[..., Any]


def record_body(record: bytes, previous_mac: bytes | None = None) -> bytes:
    return messages.encode_record(record, previous_mac)


def forged(record: bytes, at: int = 30) -> bytes:
    """An intact record with another content and the old mac."""
    data = bytearray(record)
    data[at] ^= 1
    put_crc(data)
    return bytes(data)


def test_records_are_acknowledged_after_they_are_stored(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    gateway.hear(desk.take("gallery"))
    desk.collector.receive("gallery", gateway.say())
    gateway.hear(desk.take("gallery"))
    desk.collector.receive("gallery", gateway.say())
    # A time ask stands behind the records: all before it is committed before it is answered.
    assert desk.stored() == list(range(10))
    assert [body[0] for body in desk.bodies("gallery")] == [messages.ACK, messages.TIME]
    gateway.make(1)
    desk.collector.receive("gallery", gateway.say())
    assert desk.stored() == list(range(10))
    assert desk.take("gallery") == b""
    desk.collector.flush()
    assert desk.stored() == list(range(11))
    assert [body[0] for body in desk.bodies("gallery")] == [messages.ACK]


def test_disk_full_acknowledges_nothing_and_later_everything_arrives(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    pages = store.database.execute("PRAGMA page_count")[0][0]
    store.database.execute(f"PRAGMA max_page_count = {pages}")
    gateway.make(300)
    for desk.now_ms in range(0, 30_000, 1000):
        desk.talk(gateway)
    stored = len(desk.stored())
    assert stored < 310
    assert desk.found() == []
    (told,) = desk.told("error")
    assert "disk is full; free some space" in told
    store.database.execute("PRAGMA max_page_count = 100000")
    for desk.now_ms in range(30_000, 60_000, 1000):
        desk.talk(gateway)
    assert desk.stored() == list(range(310))
    assert desk.found() == []


def test_store_that_cannot_be_written_gets_no_ack(tmp_path: Path, gateway: Any, make_desk: MakeDesk) -> None:
    Store(tmp_path).close()
    with Store(tmp_path, read_only=True) as store:
        desk = make_desk(store, gateway)
        desk.talk(gateway)
        assert gateway.session.is_up
        assert desk.stored() == []
        assert desk.told("record") == []
        assert "cannot be written" in desk.told("error")[0]


def test_store_that_becomes_writable_again_goes_on(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    store.database.execute("PRAGMA query_only = 1")
    for desk.now_ms in range(0, 30_000, 1000):
        desk.talk(gateway)
    assert (desk.stored(), gateway.acked_seq) == ([], 0)
    (told,) = desk.told("error")
    assert "let this user write the file and its folder" in told
    store.database.execute("PRAGMA query_only = 0")
    for desk.now_ms in range(30_000, 60_000, 1000):
        desk.talk(gateway)
    assert desk.stored() == list(range(10))
    assert gateway.acked_seq == 10
    assert len(desk.told("error")) == 1
    assert desk.found() == []


def test_store_that_cannot_be_read_stops_nobody(
    store: Store, gateway: Any, monkeypatch: pytest.MonkeyPatch, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)

    def broken(*_: object) -> None:
        raise StoreError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(store, "record", broken)
        desk.tell("gallery", record_body(gateway.read(3)))
    assert "disk I/O error" in desk.told("error")[0]
    gateway.make(1)
    desk.talk(gateway)
    assert desk.stored() == list(range(11))
    assert desk.found() == []


def test_duplicates_are_acknowledged_and_not_stored_twice(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    told = len(desk.told("record"))
    again = [record_body(gateway.read(seq)) for seq in range(10)]
    assert desk.tell("gallery", *again, *again) == [messages.ACK]
    assert desk.found() == []
    assert len(desk.told("record")) == told == 10


def test_duplicates_within_one_batch(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(2)
    new = [record_body(gateway.read(seq)) for seq in (10, 11)]
    assert messages.ACK in desk.tell("gallery", *new, *new)
    assert desk.stored() == list(range(12))
    assert desk.found() == []


def test_gap_is_named_and_proven_and_the_export_is_sound(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    gateway.lose(3, 5)
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    assert desk.stored() == [0, 1, 2, 6, 7, 8, 9]
    assert desk.found() == [(6, "gap")]
    report = verify_log(export_log(store, "gallery", gateway.secrets), gateway.secrets.k0, "gallery")
    assert [finding[2] for finding in report.findings] == ["gap"]


def test_record_out_of_turn_is_held_and_not_stored_before_its_turn(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(5)
    desk.tell("gallery", record_body(gateway.read(11)))
    assert desk.stored() == list(range(10))
    desk.collector.receive("gallery", encode_frame(record_body(gateway.read(13))))
    desk.collector.flush()
    assert messages.decode_ack(desk.bodies("gallery")[0]) == (10, 10, 0b1010)
    desk.tell("gallery", record_body(gateway.read(10)))
    assert desk.stored() == [*range(10), 10, 11]
    desk.talk(gateway)
    assert desk.stored() == list(range(15))
    assert desk.found() == []


def test_forged_records_are_found_once_and_not_stored(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(1)
    right = gateway.read(10)
    for _ in range(3):
        desk.tell("gallery", record_body(forged(right)), record_body(forged(gateway.read(4))))
    desk.tell("gallery", record_body(right[:-1] + b"\0"))
    assert desk.found() == [(10, "forged"), (4, "forged"), (10, "damaged")]
    desk.talk(gateway)
    assert [row.record for row in store.records("gallery")] == [gateway.read(seq) for seq in range(11)]


def test_forged_gap_is_not_stored(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    gateway.make(5)
    desk.tell("gallery", record_body(gateway.read(14), bytes(16)))
    assert desk.found() == [(14, "forged")]
    assert desk.stored() == list(range(10))


@pytest.mark.parametrize("stored_before", [True, False])
def test_fork_is_found_and_the_first_record_stays(
    store: Store, gateway: Any, stored_before: bool, make_desk: MakeDesk
) -> None:
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    twin = Sealer(bytes(gateway.sealer.key()), gateway.sealer.seq, gateway.sealer.mac)
    other = twin.seal(6, 255, 0, 1, 1, 0, 99, 0)
    gateway.make(2)
    genuine = [record_body(gateway.read(seq)) for seq in (10, 11)]
    if stored_before:
        desk.tell("gallery", *genuine)
        desk.tell("gallery", record_body(other))
    else:
        desk.tell("gallery", *genuine, record_body(other))
    assert desk.found() == [(10, "fork")]
    record = store.record("gallery", 10)
    assert record is not None
    assert record.record == gateway.read(10)
    assert desk.stored() == list(range(12))


def test_late_record_fills_a_named_gap_when_it_is_sealed(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    lost = {seq: gateway.read(seq) for seq in range(3, 6)}
    gateway.lose(3, 5)
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    desk.tell("gallery", record_body(lost[4]))  # cannot be proven yet
    desk.tell("gallery", record_body(forged(lost[3])), record_body(forged(lost[5]), gateway.macs[4]))
    assert desk.stored() == [0, 1, 2, 6, 7, 8, 9]
    desk.tell("gallery", record_body(lost[5], gateway.macs[4]))
    desk.tell("gallery", record_body(lost[3]), record_body(lost[4]))
    assert desk.stored() == list(range(10))
    assert desk.found() == [(6, "gap"), (3, "forged"), (5, "forged")]
    log = export_log(store, "gallery", gateway.secrets)
    assert verify_log(log, gateway.secrets.k0, "gallery").findings == []


def test_late_record_that_does_not_fit_the_one_after_the_gap_is_a_fork(
    store: Store, gateway: Any, make_desk: MakeDesk
) -> None:
    gateway.lose(3, 5)
    twin = Sealer(gateway.secrets.k0)
    records = [twin.seal(6, 255, 0, 1, 10_000 * seq, 0, 7 if seq == 5 else 0, 0) for seq in range(6)]
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    desk.tell("gallery", *map(record_body, records[3:]))
    assert desk.found() == [(6, "gap"), (5, "fork")]
    assert 5 not in desk.stored()


def test_restarted_collector_goes_on_where_the_store_ends(store: Store, gateway: Any, make_desk: MakeDesk) -> None:
    make_desk(store, gateway).talk(gateway)
    gateway.make(5)
    gateway.lose(0, 9)
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    assert desk.stored() == list(range(15))
    assert desk.found() == []
    assert len(desk.told("record")) == 5
