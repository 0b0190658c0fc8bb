"""The device configuration: whatever lies in /site.json, the gateway starts and counts what it could not use."""

import json
import os

from support_flash import STORAGE, fresh, put
from tocsin_fw import config

PATH = STORAGE + "/site.json"
CONTACT = {"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1333"}
LOOP = {"zone": 5, "type": "loop", "adc": 0, "modes": "3333"}
LOOP.update({"normal_from_mv": 1, "alarm_from_mv": 2, "open_from_mv": 3})
WARM = {"zone": 7, "type": "temperature", "sensor": "28-0316a4f1c2ff", "modes": "3333"}
WARM.update({"low_milli": -5000, "high_milli": 25_000, "hysteresis_milli": 300, "period_s": 60})
HEAD = {"gateway": "gallery-1", "board": "sim_bench", "lib_hash": "00ff" * 4}
NETWORK = {"ssid": "museum", "broker": "192.168.10.5", "port": 8883, "certificates": ["0f" * 32]}
EMPTY = {"gateway": "unnamed", "board": "", "lib_hash": "0" * 16, "zones": []}


def _load(value):
    fresh()
    put(PATH, value if isinstance(value, bytes) else json.dumps(value).encode())
    return config.load(PATH)


def _with(entry, **changes):
    changed = dict(entry)
    changed.update(changes)
    return changed


def _site(*zones, **changes):
    return _with(_with(HEAD, zones=list(zones)), **changes)


def test_a_right_configuration_is_taken_as_it_is():
    site = _site(CONTACT, LOOP, WARM, _with(WARM, zone=8, sensor="chip"))
    assert _load(site) == (site, 0)


def test_no_file_is_one_problem():
    fresh()
    assert config.load(PATH) == (EMPTY, 1) and config.load("/nowhere/site.json") == (EMPTY, 1)


def test_what_is_no_json_object_is_one_problem():
    for data in (b"", b"{", b'{"zones": [', b"\xff\x00\x80", b"[]", b"3", b"null", b'"x"', b"[" * 3000):
        assert _load(data) == (EMPTY, 1), data[:20]


def test_missing_fields_of_the_head_are_a_problem_each():
    assert _load({}) == (EMPTY, 4)
    assert _load({"zones": [CONTACT]}) == (_with(EMPTY, zones=[CONTACT]), 3)


def test_wrong_types_in_the_head_are_replaced():
    for key, values in (
        ("gateway", (None, 3, "", "x" * 33, "a b", "é", [])),
        ("board", (None, 3, "no-such-board", [], {})),
        ("lib_hash", (None, 3, "", "0" * 15, "g" * 16, b"0".decode() * 17)),
    ):
        for value in values:
            found, problems = _load(_site(CONTACT, **{key: value}))
            assert problems == 1 and found[key] == EMPTY[key] and found["zones"] == [CONTACT], (key, value)


def test_zones_that_are_no_list_are_one_problem():
    for zones in (None, 3, "x", {}, {"zone": 1}):
        assert _load(_with(HEAD, zones=zones)) == (_with(HEAD, zones=[]), 1)


def test_half_entries_are_left_out_and_the_others_used():
    for entry in (CONTACT, LOOP, WARM):
        for key in entry:
            if key in ("low_milli", "high_milli"):
                continue  # one of them is enough
            half = dict(entry)
            del half[key]
            found, problems = _load(_site(_with(CONTACT, zone=99), half))
            assert problems == 1 and [zone["zone"] for zone in found["zones"]] == [99], (entry["type"], key)


def test_wrong_types_and_ranges_are_left_out():
    for entry, keys in (
        (CONTACT, ("zone", "pin", "rest")),
        (LOOP, ("adc", "normal_from_mv", "alarm_from_mv", "open_from_mv")),
        (WARM, ("low_milli", "high_milli", "hysteresis_milli", "period_s")),
    ):
        for key in keys:
            for value in ("2", None, 1.5, [], {}, -(1 << 40), 1 << 40):
                assert _load(_site(_with(entry, **{key: value}))) == (_site(), 1), (key, value)


def test_what_a_zone_does_may_be_left_out_and_must_be_right():
    site = _site(_with(CONTACT, does=255, layer=0, confirm_ms=600_000))
    assert _load(site) == (site, 0)
    for key, values in (("does", ("1", None, 256)), ("layer", (None, 2, [])), ("confirm_ms", ({}, -1))):
        for value in values:
            assert _load(_site(_with(CONTACT, **{key: value}))) == (_site(), 1), (key, value)
    for modes in (None, 1333, "133", "13333", "1334", "-133", [1, 3, 3, 3]):
        assert _load(_site(_with(CONTACT, modes=modes))) == (_site(), 1), modes


def test_unknown_types_and_what_is_no_entry_are_left_out():
    strange = [None, 3, "x", [], {}, _with(CONTACT, type="laser"), _with(CONTACT, type=["contact"])]
    assert _load(_site(CONTACT, *strange)) == (_site(CONTACT), len(strange))


def test_the_second_zone_of_a_number_is_left_out():
    assert _load(_site(CONTACT, _with(CONTACT, pin=3))) == (_site(CONTACT), 1)


def test_a_sensor_must_be_a_rom_id():
    for sensor in ("", 5, None, "28_0316a4f1c2ff", "28-0316a4f1c2f", "28-0316a4f1c2fg", "chips"):
        assert _load(_site(_with(WARM, sensor=sensor))) == (_site(), 1), sensor


def test_an_unknown_board_has_no_bus_for_sensors():
    chip = _with(WARM, zone=9, sensor="chip")
    found, problems = _load(_site(CONTACT, WARM, chip, board="pico_9"))
    assert problems == 2 and found["zones"] == [CONTACT, chip] and found["board"] == ""


def test_a_right_network_is_taken_and_none_is_no_problem():
    for network in (NETWORK, _with(NETWORK, certificates=["0f" * 32, "a0" * 32], port=1)):
        assert _load(_site(CONTACT, network=network)) == (_site(CONTACT, network=network), 0)
    assert "network" not in _load(_site(CONTACT))[0]


def test_a_network_that_cannot_be_used_is_one_problem_and_left_out():
    for key, values in (
        ("ssid", (None, 3, "", "x" * 33, "\u00e9" * 17)),
        ("broker", (None, 3, "", "broker.example", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "::1")),
        ("port", (None, "1", 0, 65536, 1.5)),
        ("certificates", (None, "0f" * 32, [], ["0f" * 31], ["0F" * 32], [3], ["0f" * 32] * 5)),
    ):
        for value in values:
            network = _with(NETWORK)
            network[key] = value
            assert _load(_site(CONTACT, network=network)) == (_site(CONTACT), 1), (key, value)
    for network in (None, [], "x", {}):
        assert _load(_site(CONTACT, network=network)) == (_site(CONTACT), 1), network


def test_delays_are_taken_or_left_out_as_a_whole():
    delays = {"exit_s": 30, "entry_s": 0, "confirm_s": 3600}
    assert _load(_site(CONTACT, guard=delays)) == (_site(CONTACT, guard=delays), 0)
    for wrong in (None, [], {"exit_s": -1}, {"entry_s": "5"}, {"confirm_s": 3601}):
        assert _load(_site(CONTACT, guard=wrong)) == (_site(CONTACT), 1), wrong


def test_strange_files_at_the_root_are_counted():
    fresh()
    for name in ("boot.py", "main.py", "site.json", "last-error.txt"):
        put(STORAGE + "/" + name, b"")
    assert config.strange_files(STORAGE) == 0
    put(STORAGE + "/struct.py", b"")
    os.mkdir(STORAGE + "/asyncio")
    assert config.strange_files(STORAGE) == 2
