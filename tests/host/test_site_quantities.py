"""Measured quantities and supervised detectors in the site: what the device reads, and mistakes that are explained."""

from pathlib import Path

import pytest
from tocsin_host.site import check, load_site
from tocsin_host.site_compile import compile_gateway, loop_limits, loop_voltages
from tocsin_host.site_model import Loop

HEAD = 'name = "S"\n[[gateway]]\nname = "g"\nboard = "pico_w"\nroom = "R"\n'
CONTACT = 'contact = { pin = 2, normally = "closed" }'
SHT = 'sensor = "sht4x-44"'


def zone(kind: str, *lines: str, number: int = 1) -> str:
    return (
        "\n".join(["[[gateway.zone]]", f"number = {number}", f'name = "z{number}"', f'kind = "{kind}"', *lines]) + "\n"
    )


def write(folder: Path, *zones: str) -> Path:
    path = folder / "site.toml"
    path.write_text(HEAD + "".join(zones))
    return path


def compiled(folder: Path, kind: str, *lines: str) -> dict[str, object]:
    found = compile_gateway(load_site(write(folder, zone(kind, *lines))), "g", "")["zones"][0]
    return {key: value for key, value in found.items() if key not in ("zone", "modes", "does")}


def test_the_bizot_profile_is_the_default(tmp_path: Path) -> None:
    assert compiled(tmp_path, "temperature", f"temperature = {{ {SHT} }}") == {
        "type": "temperature",
        "sensor": "sht4x-44/t",
        "low_milli": 16_000,
        "high_milli": 25_000,
        "hysteresis_milli": 300,
        "stuck_s": 86_400,
        "period_s": 60,
    }
    assert compiled(tmp_path, "humidity", f"humidity = {{ {SHT}, journal_s = 3600 }}") == {
        "type": "humidity",
        "sensor": "sht4x-44/rh",
        "low_milli": 40_000,
        "high_milli": 60_000,
        "hysteresis_milli": 1_000,
        "change_milli": 10_000,
        "span_s": 86_400,
        "mould_s": 604_800,
        "stuck_s": 86_400,
        "period_s": 60,
        "journal_s": 3600,
    }


def test_what_is_not_asked_for_is_left_out(tmp_path: Path) -> None:
    found = compiled(tmp_path, "humidity", f"humidity = {{ {SHT}, change_rh = 0, mould_h = 0, stuck_h = 0 }}")
    assert not {"change_milli", "span_s", "mould_s", "stuck_s", "journal_s"} & set(found)
    assert "stuck_s" not in compiled(tmp_path, "temperature", 'temperature = { sensor = "chip" }')


def test_a_current_loop_has_the_limits_of_namur_ne_43(tmp_path: Path) -> None:
    level = 'level = { adc = 1, signal = "4-20mA", range_mm = 1600, high_mm = 300, rise_mm = 50 }'
    found = compiled(tmp_path, "water-level", level)
    assert found == {
        "type": "level",
        "adc": 1,
        "zero_mv": 600,
        "gain": 1600,
        "per_mv": 2400,
        "least_milli": -40,
        "most_milli": 1700,
        "high_milli": 300,
        "hysteresis_milli": 8,
        "rise_milli": 50,
        "span_s": 600,
        "period_s": 10,
    }


def test_a_voltage_level_and_a_divider(tmp_path: Path) -> None:
    found = compiled(tmp_path, "water-level", 'level = { adc = 1, signal = "0-3.3V", range_mm = 1650, low_mm = 100 }')
    assert (found["zero_mv"], found["gain"], found["per_mv"], found["low_milli"]) == (0, 1650, 3300, 100)
    assert "least_milli" not in found
    voltage = "voltage = { adc = 0, top_ohm = 47000, bottom_ohm = 10000, low_v = 11.5, high_v = 14.8, missing_v = 2 }"
    found = compiled(tmp_path, "battery", voltage)
    assert (found["gain"], found["per_mv"], found["low_milli"], found["high_milli"]) == (57_000, 10_000, 11_500, 14_800)
    assert found["least_milli"] == 2000


def test_wind_and_accelerometer(tmp_path: Path) -> None:
    found = compiled(tmp_path, "wind", "wind = { pin = 7, metres_per_pulse = 0.667, mean_m_s = 15, gust_m_s = 25 }")
    assert found == {
        "type": "wind",
        "sensor": "pulses-7",
        "mm_per_pulse": 667,
        "mean_milli": 15_000,
        "gust_milli": 25_000,
    }
    found = compiled(tmp_path, "object", 'accelerometer = { sensor = "lis3dh-19", tilt_deg = 2.5 }')
    assert found == {"type": "tilt", "sensor": "lis3dh-19", "tilt_milli": 2500}


def test_a_supervised_detector(tmp_path: Path) -> None:
    found = compiled(tmp_path, "pir", "pulses = 2", "quiet_s = 3600", "stuck_s = 600", CONTACT)
    assert found == {
        "type": "contact",
        "pin": 2,
        "rest": 0,
        "pulses": 2,
        "pulse_window_s": 30,
        "quiet_s": 3600,
        "constant_s": 600,
    }


def test_what_a_calibrated_loop_reads_at_rest_moves_its_limits() -> None:
    loop = Loop(adc=0, scheme="4k7+2k2", calibrated_mv=1100)
    # 50 ohm of wire: 2350 + 4700 ohm against 4700.
    assert loop_voltages(loop) == (0, 1100, 1980, 3300)
    assert loop_limits(loop) == (550, 1540, 2640)
    nominal = Loop(adc=0, scheme="4k7+2k2", calibrated_mv=1052)
    assert loop_limits(nominal) == loop_limits(Loop(adc=0, scheme="4k7+2k2"))


LEVEL = 'level = {{ adc = 0, signal = "4-20mA", range_mm = 2000, {} }}'
VOLTAGE = "voltage = {{ adc = 0, top_ohm = 47000, bottom_ohm = 10000, {} }}"


@pytest.mark.parametrize(
    ("kind", "lines", "problem"),
    [
        ("humidity", ["humidity = { sensor = 'sht2x-40' }"], "humidity.sensor: 'sht2x-40' is not allowed; write its"),
        (
            "humidity",
            [f"humidity = {{ {SHT}, low_rh = 60 }}"],
            "low_rh 60 is not below high_rh 60; set the limits apart",
        ),
        ("humidity", [f"humidity = {{ {SHT}, mold_h = 3 }}"], "mold_h: unknown key; did you mean mould_h?"),
        ("temperature", [f"temperature = {{ {SHT}, high_c = 3 }}"], "low_c 16 is not below high_c 3"),
        ("water-level", [LEVEL.format("shunt_ohm = 100")], "says nothing to alarm of; give high_mm, low_mm or rise_mm"),
        ("water-level", [LEVEL.format("high_mm = 2000")], "2000 mm is not within the sensor's range of 2000 mm"),
        ("water-level", [LEVEL.format("low_mm = 300, high_mm = 200")], "low_mm 300 is not below high_mm 200"),
        (
            "water-level",
            [LEVEL.format("high_mm = 5, shunt_ohm = 250")],
            "250 ohm make 5500 mV of 22 mA; use a resistor",
        ),
        (
            "battery",
            [VOLTAGE.format("low_v = 19")],
            "19 V cannot be read: this divider ends at 18.8 V; choose a larger",
        ),
        ("battery", [VOLTAGE.format("low_v = 11, missing_v = 12")], "missing_v 12 is not below low_v 11; set it below"),
        (
            "wind",
            ["wind = { pin = 2, metres_per_pulse = 1, mean_m_s = 20, gust_m_s = 15 }"],
            "gust_m_s 15 is below mean_m_s 20; a gust is always at least as strong",
        ),
        ("object", ["accelerometer = { sensor = 'lis3dh-18' }"], "says nothing to alarm of; give tilt_deg, shake_mg"),
        ("door", ["accelerometer = { sensor = 'lis3dh-18', tilt_deg = 3 }"], "a door cannot be wired as accelerometer"),
        ("pir", ["pulse_window_s = 10", CONTACT], "there is no number of pulses; give `pulses = 2`"),
        ("pir", ["pulses = 1", CONTACT], "zone 1, pulses: 1 is not allowed"),
        ("humidity", ["pulses = 2", f"humidity = {{ {SHT} }}"], "pulses: humidity knows no such thing; remove it"),
        (
            "door",
            ['loop = { adc = 0, scheme = "4k7+2k2", calibrated_mv = 1300 }'],
            "1300 mV is not near the 1052 mV of '4k7+2k2' at rest; measure again",
        ),
        ("door", ['loop = { adc = 0, scheme = "2k2" }'], "loop.scheme: '2k2' is not known; use one of: '4k7+2k2'"),
        ("door", ["loop = { adc = 0 }"], "zone 1, loop: scheme is missing"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, kind: str, lines: list[str], problem: str) -> None:
    found = "\n".join(map(str, check(write(tmp_path, zone(kind, *lines)))))
    assert problem in found


def test_two_chips_cannot_have_one_address(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        zone("humidity", 'humidity = { sensor = "sht4x-44" }'),
        zone("temperature", 'temperature = { sensor = "sht4x-44" }', number=2),
        zone("temperature", 'temperature = { sensor = "sht3x-44" }', number=3),
    )
    assert [str(problem).partition(": ")[2] for problem in check(path)] == [
        "gateway g, zone 3, temperature.sensor: I2C address 44 is taken by a sht4x; "
        "set another address at one of the two, by its address pin"
    ]


def test_one_reading_is_one_zone(tmp_path: Path) -> None:
    again = 'humidity = { sensor = "sht4x-44" }'
    found = check(write(tmp_path, zone("humidity", again), zone("humidity", again, number=2)))
    assert ["sensor sht4x-44 is taken by zone 1 'z1'; move one of them" in str(problem) for problem in found] == [True]


def test_a_board_counts_one_anemometer(tmp_path: Path) -> None:
    wind = "wind = {{ pin = {}, metres_per_pulse = 1, mean_m_s = 15, gust_m_s = 25 }}"
    found = check(write(tmp_path, zone("wind", wind.format(2)), zone("wind", wind.format(3), number=2)))
    assert ["zone 2, wind: a board counts one anemometer; wire" in str(problem) for problem in found] == [True]


def test_the_pins_of_the_buses_and_of_the_anemometer_are_taken(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        zone("door", 'contact = { pin = 4, normally = "closed" }'),
        zone("humidity", 'humidity = { sensor = "sht4x-44" }', number=2),
        zone("door", 'contact = { pin = 7, normally = "closed" }', number=3),
        zone("wind", "wind = { pin = 7, metres_per_pulse = 1, mean_m_s = 15, gust_m_s = 25 }", number=4),
    )
    found = [str(problem) for problem in check(path)]
    assert any("zone 2, humidity.sensor: the I2C bus needs pin 4, taken by zone 1 'z1'" in line for line in found)
    assert any("zone 4, wind.pin: pin 7 is taken by zone 3 'z3'; move one of them" in line for line in found)
    assert len(found) == 2
