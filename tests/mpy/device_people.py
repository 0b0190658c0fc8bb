"""Touches on a whole gateway in virtual time: one touch is one event, whoever is not known opens nothing."""

import json
from binascii import crc32
from hashlib import sha256
from struct import pack

from support_flash import STORAGE, kept, peek, provision, put, unproven
from support_flash import journal as journal_of
from support_virtual import CLOCK, run_for
from tocsin.record import unpack
from tocsin_fw import app, config
from tocsin_sim.vm.hal_sim import Hal

ALARM, RESTORE, FAULT, MODE, ACCESS, TEST, CONFIG, TROUBLE, DELAY, ROUND = 2, 3, 5, 10, 11, 12, 13, 17, 24, 26
TAKEN, UNKNOWN, OUTSIDE, NO_RIGHT, NO_CLOCK, REPEATED = range(6)
GUARD, STAFF, MANAGER, TECHNICIAN = range(1, 5)
READER, CELLAR, SWITCH = 10, 11, 12
# 2026-03-09 is a Monday; 12:00 UTC.
NOON_MS = 1_773_057_600_000
ALWAYS = (0, 0xFFFF, 127, 0, 1440)
NIGHT = (0, 0xFFFF, 127, 22 * 60, 6 * 60)


def rom(number):
    return bytes((1, number, 0, 0, 0, 0, 0, number))


def a_roster(*people):
    salt = b"saltsalt"
    body = b"TR" + pack("<BH", 1, len(people)) + salt
    for person, role, limits in people:
        hashed = rom(person)
        for _ in range(256):
            hashed = sha256(salt + hashed).digest()
        body += pack("<BB", person, role) + hashed[:8] + pack("<HHBHH", *limits)
    return body + pack("<I", crc32(body))


ROSTER = a_roster((1, MANAGER, ALWAYS), (2, STAFF, ALWAYS), (3, GUARD, NIGHT), (4, TECHNICIAN, ALWAYS))
ZONES = [
    {"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1331"},
    {"zone": READER, "type": "reader", "pin": 14, "modes": "3333", "does": 48, "acts": 1},
    {"zone": CELLAR, "type": "reader", "pin": 15, "modes": "0000", "does": 48, "acts": 0},
    {"zone": SWITCH, "type": "contact", "pin": 5, "rest": 1, "modes": "0000", "does": 48, "acts": 2, "person": 2},
]
SITE = {"gateway": "wing", "board": "sim_bench", "lib_hash": "00" * 8, "zones": ZONES, "utc_offsets": [0, 60]}


class _Bench:
    """A gateway that knows the time from its second second on, unless `utc_ms` is 0."""

    def __init__(self, roster=ROSTER, utc_ms=NOON_MS, **site):
        self.chip = provision()
        if roster is not None:
            put(STORAGE + "/roster", roster)
        put(STORAGE + "/site.json", json.dumps(dict(SITE, **site)).encode())
        found, problems = config.load(STORAGE + "/site.json")
        assert problems == 0
        CLOCK.now_ms = 0
        self.hal = Hal(CLOCK, "sim_bench", STORAGE, self.chip, b"seed", 1, lambda: None)
        self.hal.sampler.set_pins(1 << 5)
        self.hal.sampler.start(1 << 2 | 1 << 5, 1 << 5)
        self.gateway = app.Gateway(self.hal, found, problems)
        if utc_ms:
            CLOCK.at(1000, self.gateway.recorder.clock.set, 1000, utc_ms, 1)

    def touch(self, at_ms, number, for_ms=1000, pin=14):
        CLOCK.at(at_ms, self.hal.roms.__setitem__, pin, rom(number))
        CLOCK.at(at_ms + for_ms, self.hal.roms.__setitem__, pin, b"")

    def run(self, duration_ms, *kinds):
        """[(type, source, value, count)] of the records of these types."""
        run_for(duration_ms, self.gateway.run())
        records = [unpack(data) for _, data in sorted(kept(peek(self.chip)).items())]
        assert unproven(journal_of(self.chip)) == []
        return [(r.type, r.source, r.value, r.count) for r in records if r.type in kinds]


def test_a_touch_is_one_event_however_long_and_unsteady_it_is():
    bench = _Bench()
    bench.touch(3000, 2, 20_000)
    CLOCK.at(10_000, bench.hal.roms.__setitem__, 14, b"")
    CLOCK.at(10_200, bench.hal.roms.__setitem__, 14, rom(2))
    bench.touch(24_000, 2)
    assert bench.run(30_000, ACCESS, MODE) == [
        (ACCESS, READER, 2, TAKEN),
        (MODE, 255, 0, 1 | 2 << 8),
        (ACCESS, READER, 2, TAKEN),
        (MODE, 255, 1, 0 | 2 << 8),
    ]


def test_what_is_held_there_as_the_power_comes_back_is_no_touch():
    bench = _Bench()
    bench.hal.roms[14] = rom(1)
    CLOCK.at(5000, bench.hal.roms.__setitem__, 14, b"")
    bench.touch(8000, 1)
    assert bench.run(12_000, ACCESS, MODE) == [(ACCESS, READER, 1, TAKEN), (MODE, 255, 0, 1 | 1 << 8)]


def test_two_credentials_without_a_pause_are_two_touches():
    bench = _Bench()
    bench.touch(3000, 9, 1000)
    bench.touch(4001, 2, 1000)
    assert bench.run(9000, ACCESS) == [(ACCESS, READER, 0, UNKNOWN), (ACCESS, READER, 2, TAKEN)]


def test_outside_their_time_nobody_is_let_in():
    bench = _Bench()
    bench.touch(3000, 3)
    assert bench.run(9000, ACCESS, MODE) == [(ACCESS, READER, 3, OUTSIDE)]


def test_at_night_by_the_local_clock_the_guard_is_let_in():
    bench = _Bench(utc_ms=NOON_MS + 9 * 3_600_000 + 60_000)  # 21:01 UTC is 22:01
    bench.touch(3000, 3)
    assert bench.run(9000, ACCESS, MODE) == [(ACCESS, READER, 3, TAKEN), (MODE, 255, 0, 1 | 3 << 8)]


def test_without_a_clock_who_has_limits_is_refused():
    bench = _Bench(utc_ms=0)
    bench.touch(3000, 3)
    bench.touch(6000, 1)
    assert bench.run(9000, ACCESS) == [(ACCESS, READER, 3, NO_CLOCK), (ACCESS, READER, 1, TAKEN)]


def test_a_missing_or_damaged_roster_lets_nobody_in_and_alarms_go_on():
    for roster in (None, b"", ROSTER[:-1], ROSTER[:20] + b"x" + ROSTER[21:]):
        bench = _Bench(roster)
        for at_ms in (3000, 8000, 70_000):
            bench.touch(at_ms, 1)
        CLOCK.at(20_000, bench.hal.sampler.set_pins, 1 << 5 | 1 << 2)
        told = bench.run(75_000, ACCESS, MODE, TROUBLE, ALARM, CONFIG)
        assert told == [(TROUBLE, 255, 21, 0), (TROUBLE, 255, 21, 0), (ALARM, 1, 0, 0), (TROUBLE, 255, 21, 0)], roster


def test_a_start_tells_which_roster_is_in_force():
    assert _Bench().run(2000, CONFIG) == [(CONFIG, 255, 1, int.from_bytes(ROSTER[-4:], "little"))]


def test_a_storm_of_unknown_ones_is_told_five_times_and_is_an_alarm():
    bench = _Bench()
    for number in range(60):
        bench.touch(3000 + number * 2000, 100 + number, 900)
    bench.touch(130_000, 1)
    told = bench.run(140_000, ACCESS, ALARM, RESTORE, MODE)
    storm = [(ACCESS, READER, 0, UNKNOWN)] * 5 + [(ACCESS, READER, 0, REPEATED), (ALARM, READER, 0, 0)]
    assert told == storm + [(RESTORE, READER, 0, 0), (ACCESS, READER, 1, TAKEN), (MODE, 255, 0, 1 | 1 << 8)]


def test_who_tries_slowly_is_no_alarm():
    bench = _Bench()
    for number in range(8):
        bench.touch(3000 + number * 151_000, 100 + number)
    told = bench.run(1_100_000, ACCESS, ALARM)
    assert told == [(ACCESS, READER, 0, UNKNOWN)] * 8


def test_a_line_that_is_stuck_is_a_fault_and_heals():
    bench = _Bench()
    right = bench.hal.read_rom

    def stuck(pin):
        raise OSError(5)

    CLOCK.at(3000, setattr, bench.hal, "read_rom", stuck)
    CLOCK.at(9000, setattr, bench.hal, "read_rom", right)
    bench.touch(12_000, 1)
    told = bench.run(15_000, FAULT, RESTORE, ACCESS)
    faults = [(FAULT, READER, 0, 0), (FAULT, CELLAR, 0, 0), (RESTORE, READER, 0, 0), (RESTORE, CELLAR, 0, 0)]
    assert told == faults + [(ACCESS, READER, 1, TAKEN)]


def test_a_keyswitch_sets_what_it_is_for():
    bench = _Bench()
    CLOCK.at(3000, bench.hal.sampler.set_pins, 0)
    CLOCK.at(4000, bench.hal.sampler.set_pins, 1 << 5)
    CLOCK.at(8000, bench.hal.sampler.set_pins, 0)
    assert bench.run(10_000, ACCESS, MODE, ALARM) == [
        (ACCESS, SWITCH, 2, TAKEN),
        (MODE, 255, 0, 1 | 2 << 8),
        (ACCESS, SWITCH, 2, TAKEN),
        (MODE, 255, 2, 0 | 2 << 8),
    ]


def test_a_touch_while_somebody_leaves_breaks_the_setting_off():
    bench = _Bench(guard={"exit_s": 30})
    for at_ms in (3000, 6000, 9000):
        bench.touch(at_ms, 2)
    assert bench.run(50_000, MODE, DELAY) == [
        (MODE, 255, 0, 1 | 2 << 8),
        (DELAY, 255, 1, 30),
        (DELAY, 255, 5, 2),
    ]


def test_an_entry_delay_ends_with_a_touch():
    zones = [dict(ZONES[0], modes="1221")] + ZONES[1:]
    bench = _Bench(guard={"entry_s": 20}, zones=zones)
    CLOCK.at(3000, bench.hal.sampler.set_pins, 1 << 5 | 1 << 2)
    bench.touch(10_000, 2)
    told = bench.run(40_000, MODE, DELAY, ALARM)
    assert told == [(DELAY, 1, 3, 20), (MODE, 255, 0, 1 | 2 << 8), (DELAY, 255, 4, 2)]


def test_a_technician_tests_and_has_no_right_to_checkpoints():
    bench = _Bench()
    bench.touch(3000, 4)
    bench.touch(6000, 4, pin=15)
    bench.touch(9000, 4)
    assert bench.run(15_000, ACCESS, TEST, MODE) == [
        (ACCESS, READER, 4, TAKEN),
        (TEST, 255, 0, 4),
        (ACCESS, CELLAR, 4, NO_RIGHT),
        (ACCESS, READER, 4, TAKEN),
        (TEST, 1, 3, 0xFFFFFFFF),
        (TEST, 255, 2, 1 | 4 << 8),
    ]


def test_who_sets_ends_the_walk_test_that_runs():
    bench = _Bench()
    for at_ms, person in ((3000, 2), (6000, 4), (9000, 2)):
        bench.touch(at_ms, person)
    assert bench.run(12_000, TEST, MODE) == [
        (MODE, 255, 0, 1 | 2 << 8),
        (TEST, 255, 0, 4),
        (TEST, 1, 3, 0xFFFFFFFF),
        (TEST, 255, 2, 1 | 2 << 8),
        (MODE, 255, 1, 0 | 2 << 8),
    ]


def test_a_checkpoint_without_a_round_is_an_access_and_no_more():
    bench = _Bench()
    bench.touch(3000, 1, pin=15)
    assert bench.run(9000, ACCESS, MODE, ROUND) == [(ACCESS, CELLAR, 1, TAKEN)]


def test_a_site_without_people_imports_nothing_for_them():
    bench = _Bench(roster=None, zones=ZONES[:1])
    assert bench.gateway.people is None
    assert bench.run(3000, TROUBLE, CONFIG) == []
