"""What the device reads of a site: levels at rest, loop limits, integers."""

from pathlib import Path

import pytest
from tocsin_host.lib_hash import hash_folder, lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway, loop_limits, loop_voltages
from tocsin_host.site_lines import LineIndex
from tocsin_host.site_model import Loop

MUSEUM = Path(__file__).resolve().parents[2] / "sim" / "sites" / "museum.toml"


def test_the_gallery_compiles_to_what_its_gateway_reads():
    config = compile_gateway(load_site(MUSEUM), "gallery", "0123456789abcdef")
    assert {key: config[key] for key in ("gateway", "board", "lib_hash")} == {
        "gateway": "gallery",
        "board": "sim_bench",
        "lib_hash": "0123456789abcdef",
    }
    assert config["zones"] == [
        {"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1331"},
        {"zone": 2, "type": "contact", "pin": 3, "rest": 0, "modes": "1331"},
        {"zone": 3, "type": "contact", "pin": 4, "rest": 0, "modes": "3333", "does": 8},
        {"zone": 4, "type": "contact", "pin": 5, "rest": 0, "modes": "1331"},
        {"zone": 5, "type": "contact", "pin": 6, "rest": 0, "modes": "1331"},
        {
            "zone": 6,
            "type": "loop",
            "adc": 0,
            "normal_from_mv": 526,
            "alarm_from_mv": 1507,
            "open_from_mv": 2631,
            "normal_mv": 1052,
            "modes": "1331",
        },
        {
            "zone": 7,
            "type": "temperature",
            "sensor": "28-0316a4f1c2ff",
            "low_milli": 16000,
            "high_milli": 25000,
            "hysteresis_milli": 300,
            "stuck_s": 86400,
            "period_s": 60,
            "modes": "3333",
            "does": 144,
        },
    ]


def test_an_open_contact_rests_high():
    zones = compile_gateway(load_site(MUSEUM), "storeroom", "")["zones"]
    assert zones[2] == {"zone": 3, "type": "contact", "pin": 4, "rest": 1, "modes": "3333", "does": 128}


def test_a_network_is_compiled_with_the_fingerprint_in_small_letters(tmp_path):
    text = MUSEUM.read_text().replace(
        'room = "Storeroom, basement"',
        'room = "Storeroom, basement"\n'
        f'network = {{ ssid = "museum", broker = "192.168.10.5", certificate_sha256 = ["{":".join(["4A"] * 32)}"] }}',
    )
    (tmp_path / "site.toml").write_text(text)
    site = load_site(tmp_path / "site.toml")
    assert compile_gateway(site, "storeroom", "")["network"] == {
        "ssid": "museum",
        "broker": "192.168.10.5",
        "port": 8883,
        "certificates": ["4a" * 32],
    }
    assert "network" not in compile_gateway(site, "gallery", "")


def test_an_unknown_gateway_names_the_known_ones():
    with pytest.raises(KeyError, match="use one of: gallery, storeroom"):
        compile_gateway(load_site(MUSEUM), "attic", "")


def test_around_the_clock_can_be_set_for_one_zone(tmp_path):
    text = MUSEUM.read_text().replace('name = "front door"', 'name = "front door"\naround_the_clock = true')
    (tmp_path / "site.toml").write_text(text)
    assert compile_gateway(load_site(tmp_path / "site.toml"), "gallery", "")["zones"][0]["modes"] == "3333"


@pytest.mark.parametrize(
    ("scheme", "pull_up_ohm", "voltages_mv", "limits_mv"),
    [
        ("4k7+2k2", 4700, (0, 1052, 1963, 3300), (526, 1507, 2631)),
        ("1k+1k", 4700, (0, 579, 985, 3300), (289, 782, 2142)),
        ("4k7+2k2", 10000, (0, 595, 1347, 3300), (297, 971, 2323)),
    ],
)
def test_loop_limits_lie_half_way(scheme, pull_up_ohm, voltages_mv, limits_mv):
    loop = Loop(adc=0, scheme=scheme, pull_up_ohm=pull_up_ohm)
    assert loop_voltages(loop) == voltages_mv
    assert loop_limits(loop) == limits_mv


def test_lines_of_multi_line_values_and_nested_tables_are_found():
    text = '''a = """
[b]
"""
[[t]]
x = [
  1, # [[t]]
  { y = 2 },
]
[t.u]
"odd key".v = 1
[[t]]
[[t.w]]
z = 1
'''
    index = LineIndex(text)
    assert index.line_of(("a",)) == 1
    assert index.line_of(("t", 0)) == 4
    assert index.line_of(("t", 0, "x", 1, "y")) == 5
    assert index.line_of(("t", 0, "u", "odd key", "v")) == 10
    assert index.line_of(("t", 1)) == 11
    assert index.line_of(("t", 1, "w", 0, "z")) == 13
    assert index.line_of(("t", 1, "w", 0, "none", 3)) == 12


def test_lib_hash_changes_with_any_byte_and_any_name(tmp_path):
    (tmp_path / "a.py").write_bytes(b"1")
    (tmp_path / "b.py").write_bytes(b"23")
    before = hash_folder(tmp_path)
    assert len(before) == 16
    assert before == hash_folder(tmp_path)
    (tmp_path / "a.py").write_bytes(b"2")
    changed = hash_folder(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "c.py")
    assert len({before, changed, hash_folder(tmp_path)}) == 3


def test_lib_hash_is_over_the_imported_library():
    assert lib_hash() == hash_folder(Path(__file__).resolve().parents[2] / "lib" / "tocsin")
