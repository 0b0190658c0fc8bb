"""A site description: what is wrong is told with line, place and mend; what is right reaches the device."""

import re
from pathlib import Path

import pytest
from tocsin_host.site import SiteError, check, load_site
from tocsin_host.site_kinds import KINDS
from tocsin_host.site_model import WIRINGS

MUSEUM = Path(__file__).resolve().parents[2] / "sim" / "sites" / "museum.toml"
GOOD = """name = "Town museum"

[[gateway]]
name = "gallery"
board = "pico_w"
room = "Hall"

[[gateway.zone]]
number = 1
name = "front door"
kind = "door"
contact = { pin = 2, normally = "closed" }

[[gateway.zone]]
number = 2
name = "climate"
kind = "temperature"
[gateway.zone.temperature]
sensor = "28-0316a4f1c2ff"
low_c = 16
high_c = 25.0
"""
KINDS_TEXT = ", ".join(map(repr, list(KINDS)[:-1])) + f" or {list(KINDS)[-1]!r}"
NETWORK = """
[gateway.network]
ssid = "museum"
broker = "192.168.10.5"
certificate_sha256 = ["4A:23:74:3D:CF:96:91:84:70:6F:1E:FA:ED:AC:4E:C6:24:71:08:B0:76:BE:47:FF:B8:F2:4E:B9:51:D8:38:92"]
"""
LOOP = """
[[gateway.zone]]
number = 3
name = "side door"
kind = "door"
loop = { adc = 0, scheme = "4k7+2k2" }
"""
ONE_OF = ", ".join(WIRINGS)
EACH_ITS_OWN = "give each zone of a gateway its own"


def problems(tmp_path, text):
    """Problem lines, without the folder."""
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in check(path)]


def test_the_museum_is_right():
    assert check(MUSEUM) == []


def test_a_good_site_is_right(tmp_path):
    assert problems(tmp_path, GOOD + LOOP + NETWORK) == []
    assert problems(tmp_path, GOOD + NETWORK.replace('"museum"', '"Öffentliche Galerie der Maler"')) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "pin = 2,",
            "pin = 23,",
            "12: gateway gallery, zone 1, contact.pin: pico_w needs pin 23 itself (radio power); "
            "use one of: 0-22, 26-28",
        ),
        (
            "pin = 2,",
            "pin = 30,",
            "12: gateway gallery, zone 1, contact.pin: pico_w has no pin 30; use one of: 0-22, 26-28",
        ),
        (
            "pin = 2,",
            "pin = 22,",
            "19: gateway gallery, zone 2, temperature.sensor: the one-wire bus needs pin 22, "
            "taken by zone 1 'front door'; move that zone off pin 22",
        ),
        (
            "pin = 2,",
            "pin = 26,",
            "27: gateway gallery, zone 3, loop.adc: ADC 0 (pin 26) is taken by zone 1 'front door'; move one of them",
        ),
        (
            "pin = 2,",
            "",
            "12: gateway gallery, zone 1, contact: pin is missing; add `pin = ...`",
        ),
        (
            "pin = 2,",
            "pin = true,",
            "12: gateway gallery, zone 1, contact.pin: True is not allowed; it must be a valid integer",
        ),
        (
            '"closed"',
            '"shut"',
            "12: gateway gallery, zone 1, contact.normally: 'shut' is not known; use one of: 'closed' or 'open'",
        ),
        (
            'board = "pico_w"',
            'board = "pico"',
            "5: gateway gallery, board: 'pico' is not known; use one of: pico_w, sim_bench",
        ),
        (
            'name = "gallery"',
            'name = "Gallery 1"',
            "4: gateway Gallery 1, name: 'Gallery 1' is not allowed; use 1 to 32 of a-z, 0-9 and -",
        ),
        (
            "number = 2",
            "number = 1",
            "15: gateway gallery, zone 1, number: number 1 is taken by 'front door'; " + EACH_ITS_OWN,
        ),
        (
            '"climate"',
            '"front door"',
            "16: gateway gallery, zone 2, name: name 'front door' is taken by zone 1; " + EACH_ITS_OWN,
        ),
        (
            "number = 2",
            "number = 251",
            "15: gateway gallery, zone 251, number: 251 is not allowed; it must be less than or equal to 250",
        ),
        (
            'room = "Hall"\n',
            "",
            "3: gateway gallery: room is missing; add `room = ...`",
        ),
        (
            'room = "Hall"',
            'room = "Hall"\nzones = 2',
            "7: gateway gallery, zones: unknown key; did you mean zone?",
        ),
        (
            'kind = "door"\ncontact',
            'kind = "dor"\ncontact',
            f"11: gateway gallery, zone 1, kind: 'dor' is not known; use one of: {KINDS_TEXT}",
        ),
        (
            "low_c = 16",
            "low_c = 26",
            "20: gateway gallery, zone 2, temperature.low_c: low_c 26 is not below high_c 25; set the limits apart",
        ),
        (
            "low_c = 16",
            "low_c = nan",
            "20: gateway gallery, zone 2, temperature.low_c: nan is not allowed; it must be less than or equal to 125",
        ),
        (
            '"28-0316a4f1c2ff"',
            '"0316a4f1c2ff"',
            "19: gateway gallery, zone 2, temperature.sensor: '0316a4f1c2ff' is not allowed; "
            'write its ROM id as "28-0316a4f1c2ff", its address on I2C as "sht4x-44", "sht3x-45", "lis3dh-18", '
            'or "chip"',
        ),
        (
            "adc = 0",
            "adc = 3",
            "27: gateway gallery, zone 3, loop.adc: pico_w has no ADC channel 3; use one of: 0, 1, 2",
        ),
        (
            '"4k7+2k2" }',
            '"4k7+2k2", pull_up_ohm = 100000 }',
            "27: gateway gallery, zone 3, loop.pull_up_ohm: two states lie only 71 mV apart; "
            "choose a pull-up nearer to 4700 ohm, so that it is 200 mV",
        ),
        (
            "loop = {",
            "contact = { pin = 9, normally = 'open' }\nloop = {",
            "23: gateway gallery, zone 3: has contact and loop; give exactly one of " + ONE_OF,
        ),
        (
            'contact = { pin = 2, normally = "closed" }\n',
            "",
            "8: gateway gallery, zone 1: has no wiring; give exactly one of " + ONE_OF,
        ),
        (
            'kind = "temperature"',
            'kind = "water"',
            "17: gateway gallery, zone 2, kind: a water cannot be wired as temperature; "
            "wire it as contact or loop, or choose another kind",
        ),
        (
            'name = "Town museum"',
            'name = "Town museum"\ntimezone = "Europe/Berlln"',
            "2: timezone: 'Europe/Berlln' is not known; write one such as \"Europe/Berlin\"",
        ),
        (
            '"192.168.10.5"',
            '"broker.museum.example"',
            "31: gateway gallery, network.broker: 'broker.museum.example' is no address; "
            'write its IPv4 address, such as "192.168.10.5"',
        ),
        (
            'ssid = "museum"',
            'ssid = "Öffentliche Galerie für Gemälde"',
            "30: gateway gallery, network.ssid: 'Öffentliche Galerie für Gemälde' has more than 32 bytes in UTF-8; "
            "give the name that the access point shows",
        ),
        (
            ":92",
            ":9g",
            "32: gateway gallery, network.certificate_sha256: '4A:23:74:3D:CF:96:91:84:70:6F:1E:FA:ED:AC:4E:C6:24:71:"
            "08:B0:76:BE:47:FF:B8:F2:4E:B9:51:D8:38:9g' is no SHA-256; "
            "write what this prints: openssl x509 -in broker.crt -noout -fingerprint -sha256",
        ),
        (
            'broker = "192.168.10.5"\n',
            "",
            "29: gateway gallery, network: broker is missing; add `broker = ...`",
        ),
    ],
)
def test_a_problem_names_its_line_and_its_mend(tmp_path, old, new, line):
    text = GOOD + LOOP + NETWORK
    assert old in text
    assert problems(tmp_path, text.replace(old, new, 1)) == [f"site.toml:{line}"]


def test_two_zones_on_one_pin_are_found(tmp_path):
    second = GOOD[GOOD.index("[[gateway.zone]]") : GOOD.index("[[gateway.zone]]\nnumber = 2")]
    text = GOOD + second.replace("number = 1", "number = 3").replace("front", "back")
    assert problems(tmp_path, text) == [
        "site.toml:26: gateway gallery, zone 3, contact.pin: pin 2 is taken by zone 1 'front door'; move one of them"
    ]


def test_two_zones_with_one_sensor_are_found(tmp_path):
    second = GOOD[GOOD.index("[[gateway.zone]]\nnumber = 2") :]
    text = GOOD + second.replace("number = 2", "number = 3").replace("climate", "cellar")
    assert problems(tmp_path, text) == [
        "site.toml:27: gateway gallery, zone 3, temperature.sensor: "
        "sensor 28-0316a4f1c2ff is taken by zone 2 'climate'; move one of them"
    ]


def test_two_gateways_of_one_name_are_found(tmp_path):
    second = GOOD[GOOD.index("[[gateway]]") :]
    assert problems(tmp_path, GOOD + second) == [
        "site.toml:23: gateway gallery, name: another gateway has this name; give each its own"
    ]


def test_every_problem_is_told_in_the_order_of_the_file(tmp_path):
    text = GOOD.replace("pin = 2,", "pin = 25,").replace("pico_w", "pico", 1).replace("number = 2", "number = 1")
    assert [line.split(":")[1] for line in problems(tmp_path, text)] == ["5", "15"]


def test_a_file_that_ends_too_early_names_the_last_line(tmp_path):
    (problem,) = problems(tmp_path, 'name = "x"\nzones = [1,\n')
    assert problem.startswith("site.toml:2: end of file: ")
    assert problem.endswith("; complete the last entry")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [('"gallery"', "gallery", "4: column 8"), ("number = 1", "number = 1\nnumber = 1", "10: column 11")],
)
def test_a_syntax_error_names_line_and_column(tmp_path, old, new, place):
    (problem,) = problems(tmp_path, GOOD.replace(old, new, 1))
    assert problem.startswith(f"site.toml:{place}: ")
    assert problem.endswith("; correct the TOML there")


def test_an_empty_file_tells_what_is_missing(tmp_path):
    assert problems(tmp_path, "") == [
        "site.toml:1: site: name is missing; add `name = ...`",
        "site.toml:1: site: gateway is missing; add at least one [[gateway]]",
    ]


def test_a_table_of_the_wrong_form_is_told(tmp_path):
    assert problems(tmp_path, 'name = "x"\n[gateway]\nname = "y"\n') == [
        "site.toml:2: gateway: a table is not allowed; it must be a valid list"
    ]


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path):
    (tmp_path / "site.toml").write_bytes(b'name = "x"\nroom = "\xff"\n')
    assert str(check(tmp_path / "site.toml")[0]).endswith("site.toml:2: file: not UTF-8 text; save the file as UTF-8")


def test_a_file_nested_too_deeply_is_told(tmp_path):
    assert problems(tmp_path, "x = " + "[" * 5000) == [
        "site.toml:1: file: nested too deeply to read; write it as in docs/site.md"
    ]


def test_a_missing_file_is_told_without_a_line(tmp_path):
    path = tmp_path / "none.toml"
    assert str(check(path)[0]).startswith(f"{path}: file: No such file or directory; ")


def test_load_site_raises_every_problem(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text("x = 1\n")
    with pytest.raises(SiteError) as caught:
        load_site(path)
    assert str(caught.value).count("\n") == 2
    assert len(caught.value.problems) == 3


def test_the_example_in_the_reference_is_right(tmp_path):
    page = (MUSEUM.parents[2] / "docs" / "site.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert problems(tmp_path, example) == []


def test_the_problem_in_the_reference_is_what_check_prints(tmp_path):
    page = (MUSEUM.parents[2] / "docs" / "site.md").read_text("utf-8")
    (line,) = problems(tmp_path, GOOD.replace("pin = 2,", "pin = 23,"))
    assert line.replace("site.toml", "museum.toml") in page
