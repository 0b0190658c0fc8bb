"""The whole firmware on the simulated hardware: how it starts, from whatever it finds, and when it cannot."""

import json

from support_flash import AREAS, STORAGE, fresh, journal, kept, peek, place, provision, put, unproven
from support_virtual import CLOCK, run_for
from tocsin.record import unpack
from tocsin_fw import app, config, failed_start, start
from tocsin_sim.vm.hal_sim import Hal

TRANSITION, ALARM, FAULT, HEARTBEAT, BOOT, TROUBLE = 1, 2, 5, 6, 7, 17
SITE = {"gateway": "gallery-1", "board": "sim_bench", "lib_hash": "00" * 8}
ZONES = [
    {"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1333"},
    {"zone": 2, "type": "contact", "pin": 3, "rest": 1, "modes": "1333"},
    {
        "zone": 3,
        "type": "loop",
        "adc": 0,
        "normal_from_mv": 1,
        "alarm_from_mv": 2000,
        "open_from_mv": 3000,
        "modes": "1333",
    },
]


def _hal(chip):
    CLOCK.now_ms = 0
    hal = Hal(CLOCK, "sim_bench", STORAGE, chip, b"seed", 1, lambda: None)
    hal.sampler.set_pins(1 << 3)
    hal.set_mv(0, 1000)
    return hal


def _gateway(chip, zones=ZONES):
    site = dict(SITE)
    site["zones"] = zones
    put(STORAGE + "/site.json", json.dumps(site).encode())
    found, problems = config.load(STORAGE + "/site.json")
    return _started(chip, found, problems)


def _started(chip, found, problems):
    hal = _hal(chip)
    start.start_sampler(hal, found)
    return app.Gateway(hal, found, problems)


def _told(chip, *kinds):
    """[(uptime_ms, type, source, value, count)] of the records of these types."""
    records = [unpack(data) for _, data in sorted(kept(peek(chip)).items())]
    return [(r.uptime_ms, r.type, r.source, r.value, r.count) for r in records if r.type in kinds]


def test_a_quiet_start_is_a_boot_record_and_heartbeats():
    chip = provision()
    run_for(30_500, _gateway(chip).run())
    assert [(r[0], r[1], r[2]) for r in _told(chip, *range(256))] == [
        (250, BOOT, 255),
        (10_000, HEARTBEAT, 255),
        (20_000, HEARTBEAT, 255),
        (30_000, HEARTBEAT, 255),
    ]
    assert unproven(journal(chip)) == []


def test_a_contact_that_moves_is_told_to_the_millisecond():
    chip = provision()
    gateway = _gateway(chip)
    CLOCK.at(5000, gateway.hal.sampler.set_pins, 1 << 3 | 1 << 2)
    CLOCK.at(6000, gateway.hal.sampler.set_pins, 1 << 2)
    run_for(8000, gateway.run())
    assert _told(chip, TRANSITION, ALARM) == [
        (5024, TRANSITION, 1, 1, 0),
        (5239, ALARM, 1, 0, 0),
        (6024, TRANSITION, 2, 1, 0),
        (6239, ALARM, 2, 0, 0),
    ]


def test_what_stands_open_at_power_up_was_found_so():
    chip = provision()
    gateway = _gateway(chip)
    gateway.hal.sampler.set_pins(0)
    gateway.hal.set_mv(0, 2500)
    run_for(2000, gateway.run())
    assert _told(chip, ALARM) == [(239, ALARM, 2, 0, 1), (450, ALARM, 3, 2500, 1)]
    assert _told(chip, BOOT) == [(250, BOOT, 255, 1, 1 << 3)]


def test_an_empty_flash_starts_and_tells_what_is_missing():
    chip = fresh()
    found, problems = config.load(STORAGE + "/site.json")
    run_for(1000, _started(chip, found, problems).run())
    assert [r[3:] for r in _told(chip, TROUBLE)] == [(8, 0), (9, 1)] and len(_told(chip, BOOT)) == 1


def test_half_a_configuration_is_run_and_told():
    chip = provision()
    gateway = _gateway(chip, [ZONES[0], {"zone": 2, "type": "contact", "pin": "3", "rest": 0, "modes": "1333"}])
    CLOCK.at(5000, gateway.hal.sampler.set_pins, 1 << 2)
    run_for(6000, gateway.run())
    assert [r[3:] for r in _told(chip, TROUBLE)] == [(9, 1)] and [r[2] for r in _told(chip, ALARM)] == [1]


def test_unexpected_files_at_the_root_are_told_where_the_storage_is_the_root():
    chip = provision()
    gateway = _gateway(chip)
    gateway.hal.storage = ""
    run_for(1000, gateway.run())
    # The root of the machine that runs this holds what no board's does.
    assert config.strange_files("/") > 0
    assert [r[3:] for r in _told(chip, TROUBLE)] == [(10, config.strange_files("/"))]


def test_flash_that_refuses_from_the_start_stops_nothing_and_is_told_later():
    chip = provision()
    gateway = _gateway(chip)
    chip.refuses = True
    CLOCK.at(5000, gateway.hal.sampler.set_pins, 1 << 3 | 1 << 2)
    CLOCK.at(20_500, setattr, chip, "refuses", False)
    run_for(25_000, gateway.run())
    assert [r[:3] for r in _told(chip, BOOT, ALARM, HEARTBEAT)] == [
        (250, BOOT, 255),
        (5239, ALARM, 1),
        (10_000, HEARTBEAT, 255),
        (20_000, HEARTBEAT, 255),
    ]
    assert [r[3] for r in _told(chip, TROUBLE)] == [6] and unproven(journal(chip)) == []


def test_a_journal_wiped_a_second_after_the_first_start_is_missed():
    chip = provision()
    run_for(1000, _gateway(chip).run())
    for ring in range(3):
        for sector in range(AREAS[ring]):
            at = place(chip, ring, sector, 0)
            chip.data[at : at + 4096] = b"\xff" * 4096
    run_for(1000, _gateway(chip).run())
    assert journal(chip).oldest_seq() == 1 + 1024 and unproven(journal(chip)) == []
    assert [r[3:] for r in _told(chip, TROUBLE)] == [(7, 1)]


def test_a_start_that_fails_raises_and_the_next_that_works_tells_how_many_did():
    chip = provision()
    put(STORAGE + "/site.json", b"{}")
    run_for(0)  # drops the tasks of gateways of other tests

    def broken(_found):
        hal = _hal(chip)
        hal.reset_cause = None
        return hal

    for _ in range(3):
        try:
            start.run(broken, STORAGE)
        except TypeError as error:
            failed_start.note(STORAGE, error)
    assert "TypeError" in open(STORAGE + "/last-error.txt").read()
    run_for(1000, _gateway(chip).run())
    assert [r[3:] for r in _told(chip, TROUBLE)] == [(12, 3)]
    run_for(1000, _gateway(chip).run())
    assert [r[3:] for r in _told(chip, TROUBLE)] == [(12, 3)]


FAR_AWAY = {
    "type": "temperature",
    "sensor": "28-0316a4f1c2ff",
    "low_milli": 1,
    "high_milli": 30_000,
    "hysteresis_milli": 1,
}
FAR_AWAY.update({"period_s": 60, "zone": 5, "modes": "3333"})
EVERY = ZONES + [
    {"zone": 4, "type": "contact", "pin": 4, "rest": 0, "modes": "0000"},
    FAR_AWAY,
    dict(FAR_AWAY, zone=6, sensor="28-0316a4f1c300"),
    dict(ZONES[2], zone=7, adc=1),
]
STATES = (ALARM, 3, 4, FAULT, 20)  # and restore, tamper, activity


def _zones_at_start(chip):
    """As docs/record.md, "Zones at a start", reads the log: state of each zone that it speaks of."""
    records = [unpack(data) for _, data in sorted(kept(peek(chip)).items())]
    states = {}
    for record in records:
        if record.type in STATES or (record.type == BOOT and record.source != 255 and record.boot == records[-1].boot):
            states[record.source] = record.flags & 3
    return {zone: state for zone, state in states.items() if state}


def test_the_log_tells_how_every_zone_stands_at_every_start_whatever_excuses_it():
    chip = provision()
    gateway = _gateway(chip, EVERY)
    gateway.hal.set_mv(1, 1000)
    for sensor in ("28-0316a4f1c2ff", "28-0316a4f1c300"):
        gateway.hal.set_reading(sensor, 20_000)
    for number in (2, 6, 7):
        CLOCK.at(1000 + number, gateway.guarding.guard.inhibit, number, 3600, 1, 1000)
    run_for(10_000, gateway.run())
    assert _zones_at_start(chip) == {}
    # Off; an inhibited contact, loop and thermometer; a loop that is cut, and a thermometer that is gone.
    for is_cut in (True, True, False):
        gateway = _gateway(chip, EVERY)
        gateway.hal.sampler.set_pins(1 << 4 if is_cut else 1 << 3)
        gateway.hal.set_mv(0, 3300 if is_cut else 1000)
        gateway.hal.set_mv(1, 2500 if is_cut else 1000)
        gateway.hal.set_reading("28-0316a4f1c300", 31_000 if is_cut else 20_000)
        if not is_cut:
            gateway.hal.set_reading("28-0316a4f1c2ff", 20_000)
        run_for(10_000, gateway.run())
        wanted = {2: 1, 3: 2, 4: 1, 5: 3, 6: 1, 7: 1} if is_cut else {}
        assert _zones_at_start(chip) == wanted, (is_cut, _zones_at_start(chip))
    assert unproven(journal(chip)) == []


def test_a_loop_that_is_cut_before_and_after_a_restart_is_told_once():
    chip = provision()
    for _ in range(2):
        gateway = _gateway(chip)
        gateway.hal.set_mv(0, 3300)
        run_for(3000, gateway.run())
    assert [r[:4] for r in _told(chip, 3, 4)] == [(450, 4, 3, 3300)]
