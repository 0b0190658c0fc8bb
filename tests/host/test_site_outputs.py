"""Outputs in a site: what the gateway reads of them, and what is wrong with them."""

from pathlib import Path

import pytest
from tocsin import alarm_memory, judge
from tocsin_fw import outputs
from tocsin_host.site import check, load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.site_outputs import SHOWN

HEAD = """name = "S"
[[gateway]]
name = "g"
board = "sim_bench"
room = "R"
[[gateway.zone]]
number = 1
name = "z"
kind = "door"
contact = { pin = 2, normally = "closed" }
"""
SIREN = '[[gateway.output]]\nnumber = 1\nname = "yard"\nkind = "siren"\npin = 16\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(HEAD + text)
    return path


def compiled(folder: Path, text: str) -> list[dict[str, int]]:
    return compile_gateway(load_site(write(folder, text)), "g", "")["outputs"]


def test_bits_are_those_of_the_device() -> None:
    names = [name.upper().replace("SILENT-ALARM", "SILENT") for name in SHOWN]
    bits = {f"_SHOW_{name}": 1 << bit for bit, name in enumerate(names)}
    known = [(name, value) for module in (alarm_memory, judge, outputs) for name, value in vars(module).items()]
    found = {name: value for name, value in known if name.startswith("_SHOW_")}
    assert found == bits
    assert all(bits[name] == value for name, value in known if name.startswith("_SHOW_"))
    assert bits["_SHOW_CHIME"] | bits["_SHOW_UNSET"] | bits["_SHOW_SET"] == outputs._COMMON


def test_a_siren_has_its_usual_limit_and_shows(tmp_path: Path) -> None:
    assert compiled(tmp_path, SIREN) == [{"output": 1, "pin": 16, "active": 1, "shows": 259, "limit_s": 180}]


def test_an_output_may_be_told_otherwise(tmp_path: Path) -> None:
    more = 'active = "low"\nshows = ["silent-alarm"]\nlimit_s = 5\nsilent_in = ["open", "reopening"]\n'
    (entry,) = compiled(tmp_path, SIREN + more)
    assert entry == {"output": 1, "pin": 16, "active": 0, "shows": 512, "limit_s": 5, "quiet": 9}


def test_a_gateway_without_outputs_reads_nothing_of_them(tmp_path: Path) -> None:
    assert "outputs" not in compile_gateway(load_site(write(tmp_path, "")), "g", "")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("pin = 16", "pin = 2", "g, output 1, pin: pin 2 is taken by zone 1 'z'; move one of them"),
        ("pin = 16", "pin = 25", "g, output 1, pin: sim_bench has no pin 25; use one of: 0-22, 26-28"),
        ("pin = 16", "pin = 16\nlimit_s = 0", "output 1, limit_s: a siren without a limit would never be quiet; give"),
        ("pin = 16", 'pin = 16\nshows = ["noise"]', "output 1, shows #1: 'noise' is not known; use one of: 'alarm'"),
        ("pin = 16", "pin = 16\nlimit = 5", "output 1, limit: unknown key; did you mean limit_s?"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problem in "\n".join(map(str, check(write(tmp_path, SIREN.replace(old, new)))))


def test_two_outputs_on_one_pin_or_of_one_number(tmp_path: Path) -> None:
    found = "\n".join(map(str, check(write(tmp_path, SIREN + SIREN))))
    assert "output 1, number: number 1 is taken by 'yard'; give each output of a gateway its own" in found
    assert "output 1, pin: pin 16 is taken by output 1 'yard'; move one of them" in found
