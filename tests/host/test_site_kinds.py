"""Kinds of zones, and what a site may say otherwise."""

from pathlib import Path
from typing import get_args

import pytest
from tocsin import zone as device
from tocsin_host import site_kinds
from tocsin_host.site import check, load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.site_kinds import KINDS, Kind

HEAD = (
    'name = "S"\n[[gateway]]\nname = "g"\nboard = "sim_bench"\nroom = "R"\n[[gateway.zone]]\nnumber = 1\nname = "z"\n'
)
CONTACT = 'contact = { pin = 2, normally = "closed" }\n'


def write(folder: Path, *lines: str) -> Path:
    path = folder / "site.toml"
    path.write_text(HEAD + "\n".join(lines) + "\n" + CONTACT)
    return path


def compiled(folder: Path, *lines: str) -> dict[str, object]:
    return compile_gateway(load_site(write(folder, *lines)), "g", "")["zones"][0]


DELAYS = 'room = "R"\nguard = { entry_s = 20, exit_s = 30 }\n'


def test_every_kind_has_its_facts_and_the_bits_are_those_of_the_device() -> None:
    assert set(get_args(Kind)) == set(KINDS)
    for name in ("SILENT", "CHIME", "IS_TAMPER", "RELEASABLE", "NO_WALK_TEST", "NO_INHIBIT", "FIRE", "NO_CONFIRM"):
        assert getattr(site_kinds, name) == getattr(device, name)


@pytest.mark.parametrize(
    ("kind", "modes", "does", "layer"),
    [
        ("door", "1331", None, None),
        ("case", "1331", None, None),
        ("glass", "1331", None, 0),
        ("vibration", "1331", None, 0),
        ("object", "3333", 8, None),
        ("hold-up", "3333", 33, None),
        ("tamper", "3333", 36, None),
        ("smoke", "3333", 192, None),
        ("water", "3333", 128, None),
    ],
)
def test_defaults_by_kind(tmp_path: Path, kind: str, modes: str, does: int | None, layer: int | None) -> None:
    zone = compiled(tmp_path, f'kind = "{kind}"')
    assert (zone["modes"], zone.get("does"), zone.get("layer"), zone.get("confirm_ms")) == (modes, does, layer, None)


def test_a_zone_may_say_otherwise(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'kind = "door"',
        'modes = { open = "off", closed = "delayed" }',
        'layer = "fast"',
        "confirm_s = 1.5",
        "silent = true",
        "chime = true",
    )
    path.write_text(path.read_text().replace('room = "R"\n', DELAYS))
    config = compile_gateway(load_site(path), "g", "")
    assert config["guard"] == {"entry_s": 20, "exit_s": 30}
    assert config["zones"][0] == {
        "zone": 1,
        "type": "contact",
        "pin": 2,
        "rest": 0,
        "modes": "0231",
        "does": 3,
        "layer": 0,
        "confirm_ms": 1500,
    }
    assert compiled(tmp_path, 'kind = "hold-up"', "silent = false")["does"] == 32
    assert compiled(tmp_path, 'kind = "glass"', 'layer = "normal"').get("layer") is None


def test_around_the_clock_is_short_for_all_modes(tmp_path: Path) -> None:
    assert compiled(tmp_path, 'kind = "pir"', "around_the_clock = true")["modes"] == "3333"
    assert compiled(tmp_path, 'kind = "water"', "around_the_clock = false")["modes"] == "1331"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['kind = "door"', 'modes = { opened = "log" }'], "zone 1, modes.opened: unknown key; did you mean open?"),
        (['kind = "door"', 'modes = { open = "maybe" }'], "zone 1, modes.open: 'maybe' is not known; use one of: "),
        (['kind = "door"', 'layer = "slow"'], "zone 1, layer: 'slow' is not known; use one of: "),
        (
            ['kind = "door"', "around_the_clock = true", 'modes = { open = "log" }'],
            "zone 1, modes: around_the_clock says the same, perhaps otherwise; keep one of them",
        ),
        (
            ['kind = "door"', 'modes = { closed = "delayed" }'],
            "zone 1, modes: delayed, but the gateway has no entry delay; write guard = { entry_s = 30 }",
        ),
        (
            ['kind = "smoke"', 'modes = { open = "log" }'],
            "zone 1, modes: a smoke is an alarm at once in every mode; leave modes out",
        ),
        (['kind = "temperature"'], "zone 1, kind: a temperature cannot be wired as contact; wire it as temperature"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, lines: list[str], problem: str) -> None:
    assert problem in "\n".join(map(str, check(write(tmp_path, *lines))))
