"""One virtual board and a host of our own: what the firmware does with hostile bytes, damage and power cuts.

The host here speaks the protocol by `HostSession` and keeps every record; nothing of the collector takes part.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tocsin import event, host_messages, host_session, messages
from tocsin.anchor import ANCHOR_BYTES
from tocsin.chain import ChainVerifier
from tocsin.command import HEARTBEAT_NOW, SET_MODE
from tocsin.framing import encode_frame
from tocsin.record import Record, seq_of, unpack
from tocsin.slot import SECTOR_BYTES, SLOT_BYTES, SLOTS, seq_in, slot_offset
from tocsin_host import gateway_files, image_littlefs
from tocsin_host.keys import GatewaySecrets
from tocsin_sim.tiers import VirtualTier
from tocsin_sim.vm import wire

CONFIG: dict[str, Any] = {
    "gateway": "bench",
    "board": "sim_bench",
    "lib_hash": "00" * 8,
    "zones": [{"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1333"}],
}
SECRETS = GatewaySecrets("bench", bytes(range(32)), bytes(range(32, 64)))
UTC_AT_START_MS = 1_773_525_600_000


class Bench:
    """A board on the bench: `records` proven so far, in order; the link answers a millisecond later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: list[Record] = []
        self.hellos: list[messages.Hello] = []
        self._verifier = ChainVerifier(SECRETS.k0)
        self._ahead: dict[int, tuple[bytes, bytes]] = {}
        self.answers = True
        self.power_on()

    def power_on(self) -> None:
        self.board = VirtualTier().power_on(self.folder, f"bench/{len(self.records)}", event.RESET_POWER)
        self.session = host_session.HostSession()

    def power_cut(self) -> None:
        self.board.power_off()

    def run_until(self, until_ms: int) -> None:
        while self.board.now_ms < until_ms:
            self.board.start_run(until_ms)
            reply = self._answer(self.board.finish_run())
            if reply and self.answers:
                self.board.tell(wire.LINK, self.board.now_ms + 1, reply)

    def say(self, data: bytes) -> None:
        self.board.tell(wire.LINK, self.board.now_ms + 1, data)

    def pins(self, at_ms: int, word: int) -> None:
        self.board.tell(wire.PINS, at_ms, struct.pack("<I", word))

    def types(self) -> list[int]:
        return [record.type for record in self.records]

    def troubles(self) -> list[tuple[int, int]]:
        return [(record.value, record.count) for record in self.records if record.type == event.TYPE_TROUBLE]

    def _answer(self, output: bytes) -> bytes:
        if not self.answers:
            return b""
        reply, took_record = b"", False
        for what in self.session.receive(output):
            if what[0] == host_session.HELLO:
                self.hellos.append(what[1])
                reply += self.session.welcome(what[1], SECRETS.link_key, bytes(8), self._verifier.next_seq, bytes(8))
            elif what[0] == host_session.TIME_ASK:
                reply += self.session.time(what[1], UTC_AT_START_MS + self.board.now_ms)
            elif what[0] == host_session.RECORD:
                took_record = True
                self._take(what[1], what[2])
            elif what[0] == host_session.GONE:
                record, mac_before = self._ahead[what[2] + 1]
                self._verifier.next_seq, self._verifier.mac = what[2] + 1, mac_before
                self._take(record, None)
        next_seq = self._verifier.next_seq
        return reply + self.session.ack(next_seq, next_seq, 0) if took_record else reply

    def _take(self, record: bytes, mac_before: bytes | None) -> None:
        """What comes ahead of its turn is only kept, in case what is before it is gone."""
        if mac_before is not None:
            self._ahead[seq_of(record)] = record, mac_before
        verdict = self._verifier.accept(record)
        assert verdict in ("verified", "known?", "ahead"), verdict
        if verdict == "verified":
            self.records.append(unpack(record))


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Make a bench; `change(files)` may give other files, `key` another first anchor, before power comes."""
    benches: list[Bench] = []

    def make(
        change: Callable[[dict[str, bytes]], dict[str, bytes]] = lambda files: files,
        config: dict[str, Any] = CONFIG,
        key: bytes = b"",
    ) -> Bench:
        areas = gateway_files.reserved_areas("sim_bench", SECRETS)
        areas[3][0] = key + areas[3][0][len(key) :]
        files = change(gateway_files.own_files(config, SECRETS))
        (tmp_path / "flash").mkdir()
        (tmp_path / "flash" / "flash.bin").write_bytes(image_littlefs.build(files, 212, areas))
        benches.append(Bench(tmp_path / "flash"))
        return benches[-1]

    yield make
    for bench in benches:
        bench.power_cut()


def _slots(chip: bytearray) -> Iterator[int]:
    """Where every place that can be a slot begins."""
    for sector_at in range(0, len(chip), SECTOR_BYTES):
        for slot in range(SLOTS):
            yield sector_at + slot_offset(slot)


def test_an_edge_becomes_a_verified_record_with_its_own_time(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.pins(5_000, 1 << 2)
    bench.pins(9_000, 0)
    bench.run_until(10_000)
    told = [(record.type, record.uptime_ms) for record in bench.records]
    assert told == [
        (event.TYPE_BOOT, 250),
        (event.TYPE_TIME_SET, 252),
        (event.TYPE_TRANSITION, 5_024),
        (event.TYPE_ALARM, 5_239),
        (event.TYPE_TRANSITION, 9_024),
        (event.TYPE_RESTORE, 9_239),
        (event.TYPE_HEARTBEAT, 10_000),
    ]
    assert all(abs(one.utc_ms - UTC_AT_START_MS - one.uptime_ms) <= 1 for one in bench.records[2:])


def test_hostile_bytes_are_one_trouble_a_minute_and_stop_nothing(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.run_until(5_000)
    for second in range(5, 130):
        bench.say(bytes(range(256)) * 4 + b"\x00" + b"\x05junk\x00")
        bench.run_until(second * 1000)
    bench.pins(131_000, 1 << 2)
    bench.run_until(140_000)
    troubles = bench.troubles()
    assert [code for code, _ in troubles] == [event.TROUBLE_BAD_FRAMES] * 3
    assert (event.TYPE_ALARM, 131_239) in [(one.type, one.uptime_ms) for one in bench.records]
    beats = [one.uptime_ms for one in bench.records if one.type == event.TYPE_HEARTBEAT]
    assert beats == list(range(10_000, 140_001, 10_000))


def test_a_command_is_carried_out_once_and_a_replay_is_recorded(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.run_until(1_000)
    order = bench.session.command(5, SET_MODE, event.MODE_OPEN)
    bench.say(order)
    bench.run_until(2_000)
    bench.say(order)
    bench.run_until(3_000)
    told = [(one.type, one.value, one.count) for one in bench.records[2:]]
    assert told == [
        (event.TYPE_MODE, event.MODE_OPEN, event.MODE_CLOSED),
        (event.TYPE_COMMAND, event.VERDICT_DONE << 8 | SET_MODE, 5),
        (event.TYPE_COMMAND, event.VERDICT_STALE << 8 | SET_MODE, 5),
    ]


def test_a_forged_command_changes_nothing_and_is_recorded(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.run_until(1_000)
    bench.say(encode_frame(host_messages.encode_command(bytes(32), 9, SET_MODE, event.MODE_OPEN)))
    bench.run_until(2_000)
    bench.say(bench.session.command(1, HEARTBEAT_NOW, 0))
    bench.run_until(3_000)
    told = [
        (one.type, one.value, one.count) for one in bench.records if one.type in (event.TYPE_MODE, event.TYPE_COMMAND)
    ]
    assert told == [
        (event.TYPE_COMMAND, event.VERDICT_FORGED << 8 | SET_MODE, 9),
        (event.TYPE_COMMAND, event.VERDICT_DONE << 8 | HEARTBEAT_NOW, 1),
    ]


def test_mode_and_command_counter_survive_a_power_cut(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.run_until(1_000)
    bench.say(bench.session.command(7, SET_MODE, event.MODE_OPEN))
    bench.run_until(2_000)
    bench.power_cut()
    bench.power_on()
    bench.pins(3_000, 1 << 2)
    bench.run_until(4_000)
    assert bench.hellos[-1].command_counter == 7
    assert event.TYPE_ACTIVITY in bench.types()
    assert event.TYPE_ALARM not in bench.types()
    assert [one.boot for one in bench.records if one.type == event.TYPE_BOOT] == [1, 2]


def test_nothing_is_lost_while_the_host_is_silent_or_the_power_fails(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.answers = False
    for at_ms in range(5_000, 200_000, 2_000):
        bench.pins(at_ms, 1 << 2 if at_ms % 4_000 == 1_000 else 0)
    bench.run_until(200_000)
    bench.power_cut()
    assert bench.records == []
    bench.power_on()
    bench.answers = True
    bench.run_until(5_000)
    first_life = [one for one in bench.records if one.boot == 1]
    assert [one.uptime_ms for one in first_life if one.type == event.TYPE_ALARM] == list(range(5_239, 200_000, 4_000))
    assert [one.uptime_ms for one in first_life if one.type == event.TYPE_RESTORE] == list(range(7_239, 200_000, 4_000))
    assert [one.seq for one in bench.records] == list(range(len(bench.records)))


def test_a_broken_configuration_is_told_and_what_is_left_of_it_works(make_bench: Callable[..., Bench]) -> None:
    config = {
        **CONFIG,
        "zones": [*CONFIG["zones"], {"zone": 2, "type": "teleporter", "modes": "3333"}, {"zone": 3}, "nonsense"],
    }
    bench = make_bench(config=config)
    bench.pins(5_000, 1 << 2)
    bench.run_until(6_000)
    assert bench.troubles() == [(event.TROUBLE_CONFIG_REFUSED, 3)]
    assert event.TYPE_ALARM in bench.types()


def test_a_configuration_that_is_no_json_still_gives_heartbeats(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(lambda files: {**files, "/site.json": b"{"})
    bench.run_until(21_000)
    assert bench.troubles() == [(event.TROUBLE_CONFIG_REFUSED, 1)]
    assert bench.types().count(event.TYPE_HEARTBEAT) == 2


def test_a_torn_journal_slot_is_told_and_the_numbers_go_on(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.run_until(31_000)
    last_seq = bench.records[-1].seq
    bench.power_cut()
    chip = bytearray((bench.folder / "flash.bin").read_bytes())
    [at] = [at for at in _slots(chip) if seq_in(chip[at : at + SLOT_BYTES]) == last_seq]
    torn_at = at + SLOT_BYTES  # where the next record of that ring was being written
    chip[torn_at : torn_at + 40] = bytes(40)
    (bench.folder / "flash.bin").write_bytes(chip)
    bench.power_on()
    bench.run_until(1_000)
    assert bench.troubles() == []
    assert [one.seq for one in bench.records] == list(range(len(bench.records)))
    assert bench.records[-1].seq > last_seq


def test_without_any_key_it_goes_on_loudly(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(key=bytes(ANCHOR_BYTES))
    with pytest.raises(AssertionError, match="forged"):
        bench.run_until(5_000)
