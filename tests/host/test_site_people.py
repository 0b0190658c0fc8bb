"""People, readers and rounds in a site description: each mistake is told with its line and its mend."""

from pathlib import Path
from typing import Any

import pytest
from tocsin import messages
from tocsin_host.gateway_files import own_files
from tocsin_host.keys import GatewaySecrets
from tocsin_host.roster_table import ENTRIES_MAX, build_table, rom_bytes
from tocsin_host.site import check, load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.site_people import parse_days, parse_hours
from tocsin_host.site_times import utc_offsets

STAFFED = Path(__file__).resolve().parents[2] / "sim" / "sites" / "staffed.toml"
TEXT = STAFFED.read_text("utf-8")


def problems(tmp_path: Path, text: str) -> list[str]:
    """Problem lines without file and line number."""
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return [str(problem).split(": ", 1)[1] for problem in check(path)]


def test_the_staffed_wing_is_right() -> None:
    assert check(STAFFED) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            'role = "manager"',
            'role = "staff"',
            'person: nobody in the roster is a manager; give one person role = "man',
        ),
        ('role = "guard"', 'role = "boss"', "person 3, role: 'boss' is not known; use one of: 'guard', 'staff', "),
        ('"01-0000333333cd"', '"01-0000333333cc"', "person 3, credentials: 01-0000333333cc stands here twice; give"),
        ("01-0000222222bb", "01-000012345678", "person 2, credentials: 01-000012345678 is that of 'M. Adler'; give"),
        (
            "01-0000222222bb",
            "12345678",
            "person 2, credentials #1: '12345678' is not allowed; write what is engraved on",
        ),
        ("01-0000222222bb", "28-0000222222bb", "person 2, credentials: 28-0000222222bb is no iButton; write what is"),
        (
            "2026-12-31",
            "2026-12-31\nvalid_from = 2027-01-01",
            "person 2, valid_until: valid_until 2026-12-31 is before",
        ),
        ("mon-fri 07:00", "mo-fr 07:00", "person 2, hours: 'mo-fr' names no days; write mon-fri, or mon,wed,sat"),
        ("sat 09:00-13:00", "sat 09:00-9:00", "person 2, hours: '9:00' is no time; write it like 07:30"),
        ("sat 09:00-13:00", "sat 09:00-09:00", "person 2, hours: 'sat 09:00-09:00' is empty; write from and until"),
        (
            "sat 09:00",
            "fri 09:00",
            "person 2, hours: 'fri 09:00-13:00' and 'mon-fri 07:00-19:00' overlap; make one win",
        ),
        (
            "number = 4\n",
            "number = 3\n",
            "person 3, number: number 3 is taken by 'G. Celik'; give each person their own",
        ),
        ("T. Doerr", "M. Adler", "person 4, name: another person is called 'M. Adler'; give each person a name that"),
        ("person = 7", "person = 8", "gateway wing, zone 13, person: there is no [[person]] 8; use one of: 1, 2, 3, 4"),
        ("person = 7\n", "", "gateway wing, zone 13: a keyswitch of nobody; add `person = ...`, the number of the"),
        ('"keyswitch"', '"door"', "gateway wing, zone 13, person: a door is no one's; remove it"),
        ('kind = "pir"', 'kind = "pir"\nsets = "closed"', "gateway wing, zone 2, sets: a pir sets nothing; remove it"),
        ("[11, 12]", "[11, 99]", "gateway wing, round 1, checkpoints: there is no zone 99; use one of: 11, 12"),
        ("[11, 12]", "[11, 2]", "gateway wing, round 1, checkpoints: zone 2 is a pir; use one of: 11, 12"),
        ("[11, 12]", "[11, 11]", "gateway wing, round 1, checkpoints: a checkpoint stands here twice; make a second"),
        ('"22:00"', '"10 pm"', "gateway wing, round 1, start: '10 pm' is no time; write it like 07:30"),
        (
            "pin = 14",
            "pin = 2",
            "gateway wing, zone 10, reader.pin: pin 2 is taken by zone 1 'front door'; move one of",
        ),
        ("pin = 14", "pin = 99", "gateway wing, zone 10, reader.pin: sim_bench has no pin 99; use one of"),
        (
            '"reader"\nreader = { pin = 14 }',
            '"reader"\ncontact = { pin = 14, normally = "open" }',
            "cannot be wired as",
        ),
    ],
)
def test_each_mistake_is_explained(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in TEXT
    found = problems(tmp_path, TEXT.replace(before, after, 1))
    assert len(found) == 1, found
    assert told in found[0]


def test_a_reader_without_a_roster_is_a_mistake(tmp_path: Path) -> None:
    found = problems(tmp_path, TEXT.split("[[person]]")[0] + "[[gateway]]" + TEXT.split("[[gateway]]")[1])
    assert "person: there is a reader, and nobody in the roster; add a [[person]] for each who may use it" in found[0]


def test_more_people_than_a_gateway_takes(tmp_path: Path) -> None:
    codes = [f'"01-{number:012x}"' for number in range(1, 250)]
    hours = "hours = [" + ", ".join(f'"{day} 07:00-08:00"' for day in ("mon", "tue")) + "]"
    text = TEXT.replace('credentials = ["01-000012345678"]', f"credentials = [{', '.join(codes)}]\n{hours}")
    (found,) = problems(tmp_path, text)
    assert f"a gateway takes {ENTRIES_MAX}; give people fewer credentials or fewer hours" in found


def test_two_rounds_of_one_number(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, TEXT.replace('number = 2\nname = "second', 'number = 1\nname = "second'))
    assert found == "gateway wing, round 1, number: another round has this number; give each its own"


def test_what_the_gateway_reads() -> None:
    config = compile_gateway(load_site(STAFFED), "wing", "0" * 16)
    zones: dict[int, dict[str, Any]] = {zone["zone"]: zone for zone in config["zones"]}
    assert zones[10] == {"zone": 10, "type": "reader", "pin": 14, "modes": "3333", "does": 48, "acts": 1}
    assert zones[11] == {"zone": 11, "type": "reader", "pin": 15, "modes": "0000", "does": 176, "acts": 0}
    assert (zones[13]["type"], zones[13]["acts"], zones[13]["person"]) == ("contact", 1, 7)
    assert config["guard"] == {"test_days": 30}
    assert config["rounds"][:1] == [{"round": 1, "zones": [11, 12], "start": 1320, "days": 127, "within": 10}]
    assert config["utc_offsets"][:6] == [0, 60, 29579100, 120, 29881500, 60]
    assert len(config["roster"]) == 6 + 1


def test_roster_is_a_file_of_its_own_and_no_credential_is_in_any() -> None:
    config = compile_gateway(load_site(STAFFED), "wing", "0" * 16)
    secrets = GatewaySecrets("wing", bytes(32), b"k" * 32)
    files = own_files(config, secrets)
    assert files["/roster"] == build_table(config["roster"], secrets.link_key)
    assert b"roster" not in files["/site.json"]
    assert all(rom_bytes("01-000012345678")[1:7] not in data and b"12345678" not in data for data in files.values())
    # 96 bytes an order: a roster of this size is replaced in two.
    assert len(files["/roster"]) == 13 + 7 * 19 + 4 <= 2 * messages.COMMAND_PAYLOAD_MAX


def test_rom_ids_have_their_crc() -> None:
    """The example of Maxim's application note 27."""
    assert rom_bytes("02-00000001b81c").hex() == "021cb801000000a2"


def test_days_and_hours() -> None:
    assert [parse_days(text) for text in ("mon", "sat-mon", "mon,wed-fri", "mon-sun")] == [1, 0b1100001, 0b11101, 127]
    assert parse_hours("fri 22:00-06:00") == (0b10000, 1320, 360)
    assert parse_hours("sun 00:00-24:00") == (0b1000000, 0, 1440)


def test_offsets_of_zones_that_change_by_half_an_hour_or_never() -> None:
    assert utc_offsets("UTC") == [0, 0]
    assert utc_offsets("Asia/Kolkata") == [0, 330]
    assert utc_offsets("Australia/Lord_Howe", 2026) == [0, 660, 29588580, 630, 29850690, 660]
