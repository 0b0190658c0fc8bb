"""What a technician does with `tocsin diag`: in whose name, what is refused, calibration, the keys of the screen."""

import asyncio
import json
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tocsin.event import NO_READING, VERDICT_DONE, VERDICT_REFUSED
from tocsin_host.diag_actions import Actions
from tocsin_host.diag_calibrate import READINGS, calibrate
from tocsin_host.diag_screen import DiagScreen
from tocsin_host.diag_snapshot import Bounce, DiagError, Snapshot, parse
from tocsin_host.site import load_site
from tocsin_host.site_model import Gateway

SITE = """
name = "Test house"

[[person]]
number = 7
name = "T. Doerr"
role = "technician"

[[person]]
number = 8
name = "M. Adler"
role = "manager"

[[gateway]]
name = "gallery"
board = "pico_w"
room = "Gallery"

[[gateway.zone]]
number = 1
name = "front door"
kind = "door"
contact = { pin = 2, normally = "closed" }

[[gateway.zone]]
number = 3
name = "side door"
kind = "door"
loop = { adc = 0, scheme = "4k7+2k2" }

[[gateway.output]]
number = 1
name = "siren"
kind = "siren"
pin = 16
"""


TOLD = json.loads(Path(__file__).with_name("diag_told.json").read_text())
KNOWN = {1: ("front door", "door"), 3: ("side door", "door")}


def seen(**changes: Any) -> Snapshot:
    return parse(json.dumps({**TOLD, **changes}), KNOWN)


class FakeHand:
    """A gateway's console that notes what is done; `verdict` of the walk test."""

    def __init__(self, readings: tuple[int, ...] = (1079,), verdict: int = VERDICT_DONE) -> None:
        self.did: list[tuple[str, int]] = []
        self.busy = False
        self._readings = readings
        self._verdict = verdict

    def begin_walk_test(self, person: int) -> int:
        self.did.append(("begin", person))
        return self._verdict

    def end_walk_test(self, person: int) -> int:
        self.did.append(("end", person))
        return self._verdict

    def beep(self, output: int) -> bool:
        self.did.append(("beep", output))
        return not self.busy

    def readings(self, zone: int, count: int) -> list[int]:
        self.did.append(("readings", zone))
        return [self._readings[place % len(self._readings)] for place in range(count)]


@pytest.fixture
def gallery(tmp_path: Path) -> Gateway:
    (tmp_path / "site.toml").write_text(SITE)
    return load_site(tmp_path / "site.toml").gateway("gallery")


@pytest.fixture
def actions(tmp_path: Path) -> Callable[..., Actions]:
    (tmp_path / "site.toml").write_text(SITE)
    site = load_site(tmp_path / "site.toml")

    def make(hand: FakeHand, *, person: bool = True, calibration: Path | None = None) -> Actions:
        named = site.people[0] if person else None
        return Actions(hand, site.gateway("gallery"), named, calibration, lambda _: None)

    return make


def test_a_walk_test_is_begun_in_a_persons_name_or_not_at_all(actions: Callable[..., Actions]) -> None:
    hand = FakeHand()
    assert "begun by T. Doerr" in actions(hand).begin_walk_test()
    with pytest.raises(DiagError, match="--as NAME"):
        actions(hand, person=False).begin_walk_test()
    assert hand.did == [("begin", 7)]


def test_what_the_gateway_refuses_is_told(actions: Callable[..., Actions]) -> None:
    refused = actions(FakeHand(verdict=VERDICT_REFUSED))
    with pytest.raises(DiagError, match="one runs already"):
        refused.begin_walk_test()
    with pytest.raises(DiagError, match="no walk test runs"):
        refused.end_walk_test()


def test_every_output_is_heard_by_its_name_and_one_that_is_on_is_left_alone(actions: Callable[..., Actions]) -> None:
    hand = FakeHand()
    both = seen(outputs=[{"output": 1, "on": False}, {"output": 2, "on": False}])
    assert actions(hand).beep(both) == "on for half a second: siren, output 2"
    assert hand.did == [("beep", 1), ("beep", 2)]
    hand.busy = True
    assert "left alone, on for a reason of its own: siren" in actions(hand).beep(seen())
    with pytest.raises(DiagError, match="no output to be heard"):
        actions(hand).beep(seen(outputs=[]))


def test_a_calibration_is_the_mean_with_its_line_beside_the_nominal_value(gallery: Gateway) -> None:
    found = calibrate("gallery", gallery.zones[1], [1078, 1080, 1081, 1078])
    assert (found.mv, found.nominal_mv, found.line) == (1079, 1052, "calibrated_mv = 1079")
    assert found.text == "side door: 1079 mV over 4 readings (1078 to 1081), nominal 1052 mV, +27"


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ([1963] * 4, "1963 mV is not near the 1052 mV of '4k7\\+2k2' at rest; close the contact"),
        ([1052 + 158] * 4, "is not near"),  # what `tocsin site check` would refuse, too
        ([1052, 1052, 1052, NO_READING], "no reading"),
        ([1000, 1114, 1000, 1114], "it reads 1000 to 1114 mV; keep the contact still"),
    ],
)
def test_an_implausible_calibration_is_refused(gallery: Gateway, readings: list[int], why: str) -> None:
    with pytest.raises(DiagError, match=why):
        calibrate("gallery", gallery.zones[1], readings)


def test_only_loops_are_calibrated(actions: Callable[..., Actions]) -> None:
    hand = FakeHand()
    with pytest.raises(DiagError, match="zone 1 is no supervised loop; these are: 3 side door"):
        actions(hand).calibrate(1)
    assert hand.did == []


def test_the_calibration_file_is_toml_with_the_line_of_each_loop(
    actions: Callable[..., Actions], tmp_path: Path
) -> None:
    path = tmp_path / "calibration.toml"
    told = actions(FakeHand((1078, 1080)), calibration=path).calibrate(3)
    assert told.endswith(f"calibrated_mv = 1079, written to {path}")
    assert f"# side door: 1079 mV over {READINGS} readings (1078 to 1080), nominal 1052 mV, +27" in path.read_text()
    assert tomllib.loads(path.read_text()) == {"gallery": {"zone-3": {"calibrated_mv": 1079}}}


def _played(snapshot: Snapshot, actions: Actions, keys: str, told: int) -> DiagScreen:
    """The screen after these keys were pressed and `told` lines came of it; then the cable is pulled."""
    over = threading.Event()

    def look() -> Snapshot:
        if over.wait(0.01):
            raise DiagError("the cable is out")
        return snapshot

    async def play() -> None:
        async with screen.run_test(size=(150, 30)) as pilot:
            while screen.sub_title == "":
                await asyncio.sleep(0.01)
            for key in keys.split():
                await pilot.press(key)
            while len(screen.told) < told:
                await asyncio.sleep(0.01)
            over.set()
            while not screen.error:
                await asyncio.sleep(0.01)

    screen = DiagScreen(look, Bounce({2: [8, 4, 0, 0, 0, 0]}), lambda _: "there.html", actions)
    asyncio.run(play())
    return screen


def test_the_screen_ends_with_the_reason_when_the_gateway_is_gone(actions: Callable[..., Actions]) -> None:
    screen = _played(seen(mode=0), actions(FakeHand()), "", 0)
    assert (screen.error, screen.sub_title, screen.told) == ("the cable is out", "gallery, mode open", [])


def test_the_keys_of_the_screen_do_what_they_say_once_that_was_confirmed(actions: Callable[..., Actions]) -> None:
    hand = FakeHand()
    screen = _played(seen(), actions(hand), "w y o enter down c y r", 4)
    assert hand.did == [("begin", 7), ("beep", 1), ("readings", 3)]
    told = [line for line in screen.told if line != "written: there.html"]
    assert len(screen.told) == len(told) + 1
    assert [line.split(",")[0] for line in told] == [
        "walk test begun by T. Doerr: open every door",
        "on for half a second: siren",
        "side door: 1079 mV over 32 readings (1079 to 1079)",
    ]


def test_what_is_not_confirmed_or_in_nobodys_name_is_not_done(actions: Callable[..., Actions]) -> None:
    hand = FakeHand()
    screen = _played(seen(), actions(hand, person=False), "o n o escape c n w", 1)
    assert hand.did == []
    assert screen.told == ["who tests? Begin with --as NAME, of the people in --site FILE"]


def test_a_walk_test_that_runs_is_ended_by_the_same_key(actions: Callable[..., Actions]) -> None:
    hand = FakeHand()
    assert _played(seen(testing=True), actions(hand), "w y", 1).told == ["walk test ended"]
    assert hand.did == [("end", 7)]
