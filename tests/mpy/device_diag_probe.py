"""What `tocsin diag` sends to a service console, beside a whole gateway: the probe that looks, the hand that does."""

import json

from device_app import SITE, ZONES, _gateway, _started, _told
from support_console import console
from support_flash import STORAGE, provision, put
from support_virtual import CLOCK, run_for
from tocsin.event import TYPE_OUTPUT, TYPE_TEST
from tocsin_fw import app, config

PROBE = "host_tools/tocsin_host/diag_probe.py"
HAND = "host_tools/tocsin_host/diag_hand.py"
PERSON = 7


def _look(duration_ms, zones=ZONES):
    gateway = _gateway(provision(), zones)
    run_for(duration_ms, gateway.run())
    return json.loads(json.dumps(console(PROBE, [])["look"](gateway)))


def _by_number(found):
    return {zone["zone"]: zone for zone in found["zones"]}


def test_the_probe_tells_zones_clock_journal_and_memory():
    found = _look(20_500)
    assert (found["gateway"], found["board"], found["mode"], found["boot"]) == ("gallery-1", "sim_bench", 1, 1)
    assert found["uptime_ms"] == 20_500
    assert (found["utc_ms"], found["samples_lost"], found["transitions_lost"], found["bad_frames"]) == (0, 0, 0, 0)
    assert found["heap_free_bytes"] > 0
    assert (found["next_seq"], found["oldest_seqs"]) == (3, [0, 3, 1])  # boot, two heartbeats
    zones = _by_number(found)
    assert sorted(zones) == [1, 2, 3]
    assert (zones[1]["type"], zones[1]["pin"], zones[1]["level"], zones[1]["state"]) == ("contact", 2, 0, 0)
    assert (zones[3]["type"], zones[3]["value"], zones[3]["state"], zones[3]["marks"]) == ("loop", 1000, 0, [])


def test_a_gateway_that_was_never_tested_says_so_and_its_walk_test_stays_out_of_memory():
    found = _look(1000)
    assert {number: (zone["hits"], zone["tested_day"]) for number, zone in _by_number(found).items()} == {
        1: (0, None),
        2: (0, None),
        3: (0, None),
    }
    assert app.running._walk_test is None


def test_zones_that_nobody_can_walk_up_to_are_told_apart():
    zones = [dict(ZONES[0], does=16)] + ZONES[1:]
    assert {number: zone["is_testable"] for number, zone in _by_number(_look(1000, zones)).items()} == {
        1: False,
        2: True,
        3: True,
    }


def test_a_walk_test_is_begun_for_a_person_counts_hits_and_is_told_by_the_probe_also_after_a_restart():
    chip, said = provision(), []
    gateway = _gateway(chip)
    hand = console(HAND, said)
    CLOCK.at(1000, hand["begin_walk_test"], PERSON)
    CLOCK.at(2000, gateway.hal.sampler.set_pins, 1 << 3 | 1 << 2)
    CLOCK.at(5000, hand["begin_walk_test"], PERSON)
    run_for(8000, gateway.run())
    assert said == [(0,), (5,)], "carried out; refused, because one runs"
    assert [(r[2], r[3], r[4]) for r in _told(chip, TYPE_TEST)] == [(255, 0, PERSON), (1, 1, 1)]
    zones = _by_number(console(PROBE, [])["look"](gateway))
    assert (zones[1]["hits"], zones[1]["tested_day"], zones[2]["hits"]) == (1, 0, 0), "the clock was never set: day 0"
    hand["end_walk_test"](PERSON)
    gateway.guarding.tick(8000)
    ended = _told(chip, TYPE_TEST)[-1]
    assert said[2:] == [(0,)] and (ended[3], ended[4] >> 8) == (2, PERSON), ended
    again = _gateway(chip)
    zones = _by_number(console(PROBE, [])["look"](again))
    assert again._walk_test is None
    assert (zones[1]["hits"], zones[1]["tested_day"], zones[2]["tested_day"]) == (1, 0, None)


SIREN = {"output": 1, "pin": 16, "active": 1, "shows": 1, "limit_s": 180}
LAMP = {"output": 2, "pin": 17, "active": 0, "shows": 2, "limit_s": 0}


def _sounding(chip):
    put(STORAGE + "/site.json", json.dumps(dict(SITE, zones=ZONES, outputs=[SIREN, LAMP])).encode())
    return _started(chip, *config.load(STORAGE + "/site.json"))


def test_a_beep_is_half_a_second_of_one_output_and_on_record():
    chip, said = provision(), []
    gateway = _sounding(chip)
    CLOCK.at(2000, console(HAND, said)["beep"], 2)
    run_for(4000, gateway.run())
    assert said == [(1,)]
    assert [one for one in gateway.hal.driven if one[0]] == [(2000, 17, 0), (2500, 17, 1)]
    assert [(r[0], r[3], r[4]) for r in _told(chip, TYPE_OUTPUT)] == [(2000, 1, 2 | 14 << 8), (2500, 0, 2 | 14 << 8)]
    assert console(PROBE, [])["look"](gateway)["outputs"] == [{"output": 1, "on": False}, {"output": 2, "on": False}]


def test_a_beep_never_touches_an_output_that_shows_something_nor_ends_what_began_meanwhile():
    chip, said = provision(), []
    gateway = _sounding(chip)
    beep = console(HAND, said)["beep"]
    CLOCK.at(2000, beep, 1)
    CLOCK.at(2100, gateway.hal.sampler.set_pins, 1 << 3 | 1 << 2)
    CLOCK.at(4000, beep, 1)
    run_for(6000, gateway.run())
    assert said == [(1,), (0,)]
    assert [one[2] for one in gateway.hal.driven if one[0] and one[1] == 16] == [1, 1], "on for the alarm, and still"


def test_readings_are_those_the_gateway_judges_by():
    said = []
    gateway = _gateway(provision())
    reading = console(HAND, said)["reading"]
    for at_ms in (1001, 1002, 1101):
        CLOCK.at(at_ms, reading, 3)
    run_for(1500, gateway.run())
    assert [value for value, _ in said] == [1000] * 3
    assert said[0] == said[1] and said[2][1] == said[0][1] + 100
