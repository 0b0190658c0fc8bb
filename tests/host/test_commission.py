"""Commissioning: what each step takes for right, who may answer for what is open, and what is written down."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin import event
from tocsin.event import NO_READING, VERDICT_DONE, VERDICT_REFUSED
from tocsin.record import Record
from tocsin_host import commission_command
from tocsin_host.cli import tocsin
from tocsin_host.commission import Outcome, Override, Plan, commission
from tocsin_host.commission_record import page_of, record_of
from tocsin_host.commission_steps import Step
from tocsin_host.commission_talk import Terminal
from tocsin_host.diag_snapshot import Bounce, DiagError, Snapshot, parse
from tocsin_host.gateway_files import site_json
from tocsin_host.keys import make_secrets, secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.roster_table import build_table, entries_of, version_of
from tocsin_host.service_keys import write_technician_key
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.trail import read_trail

SITE = """
name = "Test house"

[[person]]
number = 7
name = "T. Doerr"
role = "technician"

[[person]]
number = 8
name = "M. <Adler>"
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

[[gateway.zone]]
number = 4
name = "shelves"
kind = "temperature"
temperature = { sensor = "chip" }

[[gateway.zone]]
number = 5
name = "lid"
kind = "tamper"
contact = { pin = 3, normally = "closed" }

[[gateway.output]]
number = 1
name = "siren"
kind = "siren"
pin = 16
"""
TOLD = json.loads(Path(__file__).with_name("diag_told.json").read_text())
ZONES = {
    1: {"type": "contact", "state": 0, "pin": 2, "level": 0},
    3: {"type": "loop", "state": 0, "value": 1060, "warnings": 0},
    4: {"type": "quantity", "state": 0, "value": 19_437, "warnings": 0, "is_testable": False},
    5: {"type": "contact", "state": 0, "pin": 3, "level": 0},
}


class FakeBoard:
    """A gateway in service mode. `hits`: zones seen to work, one more with each look of a walk test; `changes`: to what
    it tells; `zone_changes`: to a zone."""

    def __init__(self, config: dict[str, Any], hits: tuple[int, ...] = (1, 3, 5)) -> None:
        self.did: list[str] = []
        self.testing = False
        self.config = config
        self.proves = True
        self.verdict = VERDICT_DONE
        self.changes: dict[str, Any] = {}
        self.zone_changes: dict[int, dict[str, Any]] = {}
        self.told_records: list[Record] = []
        self.on_look: Callable[[], None] = lambda: None
        self.bounce = Bounce()
        self._to_hit, self._hit = list(hits), set[int]()

    def look(self, known: Mapping[int, tuple[str, str]]) -> Snapshot:
        self.on_look()
        if self.testing and self._to_hit:
            self._hit.add(self._to_hit.pop(0))
        zones = []
        for number, facts in ZONES.items():
            is_hit = number in self._hit
            tests = {"is_testable": True, "hits": int(is_hit), "tested_day": 20_782 if is_hit else None}
            zones.append({"zone": number, **tests, **facts, **self.zone_changes.get(number, {})})
        return parse(json.dumps({**TOLD, **self.changes, "testing": self.testing, "zones": zones}), known)

    def begin_walk_test(self, person: int) -> int:
        self.did.append(f"begin for {person}")
        self.testing = self.verdict == VERDICT_DONE
        return self.verdict

    def end_walk_test(self, person: int) -> int:
        self.did.append("end")
        self.testing = False
        return VERDICT_DONE

    def beep(self, output: int) -> bool:
        assert not self.testing, "no output sounds during a walk test"
        self.did.append(f"beep {output}")
        return True

    def readings(self, zone: int, count: int) -> list[int]:
        raise AssertionError("commissioning calibrates nothing")

    def has_key(self, service_key: bytes, challenge: bytes) -> bool:
        return self.proves and len(challenge) == 16

    def site_json(self) -> dict[str, Any]:
        return self.config

    def records(self, boot: int, next_seq: int) -> list[Record]:
        return self.told_records


class FakeTalk:
    """A person with the answers `says`; `patience`: looks after which he has enough."""

    def __init__(self, says: bool | None = True, patience: int = 20) -> None:
        self.steps: list[Step] = []
        self._says = says
        self._patience = patience

    def told(self, step: Step) -> None:
        self.steps.append(step)

    def walked(self, snapshot: Snapshot) -> None:
        self._patience -= 1

    def is_enough(self) -> bool:
        return self._patience <= 0

    def confirm(self, question: str) -> bool | None:
        return False if "once more" in question else self._says


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin_host.commission_walk._LOOK_EVERY_S", 0)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    site = load_site(path)
    config = site_json(compile_gateway(site, "gallery", lib_hash()))
    return Plan(site.gateway("gallery"), config, bytes(32), site.people[0], 1000)


@pytest.fixture
def board(plan: Plan) -> FakeBoard:
    return FakeBoard(plan.config)


@pytest.fixture
def adler(plan: Plan, tmp_path: Path) -> Override:
    return Override(load_site(tmp_path / "site.toml").people[1], "scaffold until March")


def statuses(outcome: Outcome) -> dict[str, str]:
    return {step.key: step.status for step in outcome.steps}


def test_a_gateway_in_order_is_commissioned_and_every_step_is_told_as_it_is_known(plan: Plan, board: FakeBoard) -> None:
    talk = FakeTalk()
    outcome = commission(board, plan, talk)
    assert talk.steps == outcome.steps
    assert statuses(outcome) == {
        "gateway": "ok",
        "key": "ok",
        "version": "ok",
        "site": "ok",
        "clock": "ok",
        "tamper": "ok",
        "loops": "ok",
        "sensors": "ok",
        "walk": "ok",
        "rest": "ok",
        "outputs": "ok",
        "power": "ok",
        "journal": "ok",
        "doctor": "ok",
    }
    assert board.did == ["begin for 7", "end", "beep 1"]
    assert (outcome.failed, outcome.unseen, outcome.override) == ([], [], None)


def trouble(code: int) -> Record:
    return Record(event.TYPE_TROUBLE, event.SOURCE_GATEWAY, 0, 1, 3, 1000, 0, code, 1, bytes(16))


@pytest.mark.parametrize(
    ("step", "changes", "zone_changes", "found"),
    [
        ("clock", {"utc_ms": 0}, {}, "never set"),
        ("clock", {"clock_error_ms": 1001}, {}, "within 1001 ms"),
        ("tamper", {}, {5: {"state": 2}}, "lid: tamper"),
        ("loops", {}, {3: {"value": 1200}}, "side door 1200 mV instead of 1052 mV"),
        ("loops", {}, {3: {"state": 1, "value": 1963}}, "side door 1963 mV"),
        ("sensors", {}, {4: {"state": 3, "value": NO_READING}}, "no reading: shelves"),
        ("rest", {}, {1: {"state": 1}}, "front door: alarm"),
        ("journal", {"samples_lost": 2}, {}, "2 samples lost"),
        ("journal", {"erases": 90_001}, {}, "90001 erases"),
    ],
)
def test_what_is_not_as_it_should_be_is_open_and_says_how_to_mend_it(
    plan: Plan, board: FakeBoard, step: str, changes: dict[str, Any], zone_changes: dict[int, Any], found: str
) -> None:
    board.changes, board.zone_changes = changes, zone_changes
    outcome = commission(board, plan, FakeTalk())
    (open_step,) = [one for one in outcome.failed if one.key == step]
    assert found in open_step.found
    assert open_step.mend
    assert outcome.can_be_overridden


def test_records_of_this_start_tell_of_flash_of_memory_and_of_what_the_doctor_finds(
    plan: Plan, board: FakeBoard
) -> None:
    board.told_records = [trouble(event.TROUBLE_JOURNAL_DAMAGED), trouble(event.TROUBLE_MEMORY)]
    outcome = commission(board, plan, FakeTalk())
    assert [one.key for one in outcome.failed] == ["power", "journal", "doctor"]
    assert "journal slots were found damaged (1 times)" in outcome.failed[2].found


def test_a_first_start_says_nothing_of_power_cuts_and_that_is_not_required(plan: Plan, board: FakeBoard) -> None:
    board.changes = {"boot": 1}
    outcome = commission(board, plan, FakeTalk())
    assert (statuses(outcome)["power"], outcome.failed) == ("none", [])


def test_an_untested_zone_is_open_until_somebody_answers_for_it(plan: Plan, board: FakeBoard, adler: Override) -> None:
    board = FakeBoard(plan.config, hits=(1, 5))
    outcome = commission(board, plan, FakeTalk(patience=5))
    assert [one.key for one in outcome.failed] == ["walk"]
    assert outcome.failed[0].found == "2 of 3 zones seen to work; missing: side door"
    outcome.answer_for(adler)
    assert (outcome.failed, statuses(outcome)["walk"]) == ([], "overridden")


def test_the_roster_of_a_gateway_with_readers_is_that_of_the_site(plan: Plan, board: FakeBoard, tmp_path: Path) -> None:
    site = load_site(tmp_path / "site.toml")
    entries = plan.config["roster"] = entries_of(site.people)
    link_key, board.config = bytes(range(32)), site_json(plan.config)
    version = version_of(build_table(entries, link_key))
    for count, key, status in ((version, link_key, "ok"), (version + 1, link_key, "failed"), (version, None, "none")):
        board.told_records = [Record(event.TYPE_CONFIG, event.SOURCE_GATEWAY, 0, 1, 3, 1000, 0, 1, count, bytes(16))]
        outcome = commission(board, replace(plan, link_key=key), FakeTalk())
        assert statuses(outcome)["roster"] == status


@pytest.mark.parametrize("what", ["key", "site"])
def test_another_gateway_or_site_is_not_tested_and_cannot_be_answered_for(
    plan: Plan, board: FakeBoard, adler: Override, what: str
) -> None:
    if what == "key":
        board.proves = False
    else:
        board.config = {**plan.config, "zones": plan.config["zones"][1:]}
    outcome = commission(board, plan, FakeTalk())
    assert board.did == []
    assert not outcome.can_be_overridden
    outcome.answer_for(adler)
    assert [one.key for one in outcome.failed] == [what]


def test_summer_times_are_no_difference_and_every_difference_is_named(plan: Plan, board: FakeBoard) -> None:
    board.config = {**plan.config, "utc_offsets": [0, 60]}
    assert statuses(commission(board, plan, FakeTalk()))["site"] == "ok"
    changed = [{**zone, "modes": "0000"} if zone["zone"] == 3 else zone for zone in plan.config["zones"]]
    board.config = {**plan.config, "zones": changed, "board": "other"}
    (step,) = commission(board, plan, FakeTalk()).failed
    assert step.found == "differs in board, zone 3"


def test_nobody_there_confirms_nothing_and_that_stands_in_the_record(plan: Plan, board: FakeBoard) -> None:
    outcome = commission(board, plan, FakeTalk(says=None))
    assert ([one.key for one in outcome.unseen], outcome.failed) == (["outputs"], [])
    record = record_of(outcome, "Test house", datetime(2026, 11, 25, 14, 5, tzinfo=UTC))
    assert (record["result"], record["unconfirmed"]) == ("commissioned", ["outputs"])
    assert "Nobody confirmed what a person must see: outputs" in page_of(
        outcome, "Test house", datetime(2026, 11, 25, 14, 5, tzinfo=UTC), Bounce()
    )


def test_an_output_that_is_not_heard_is_open(plan: Plan, board: FakeBoard) -> None:
    (step,) = commission(board, plan, FakeTalk(says=False)).failed
    assert (step.key, step.found) == ("outputs", "siren: not heard")


def test_a_walk_test_that_runs_is_gone_on_with(plan: Plan, board: FakeBoard) -> None:
    board.testing = True
    assert not commission(board, plan, FakeTalk()).failed
    assert board.did == ["end", "beep 1"]


def test_a_walk_test_that_cannot_begin_or_ends_meanwhile_is_told(plan: Plan, board: FakeBoard) -> None:
    board.verdict = VERDICT_REFUSED
    with pytest.raises(DiagError, match="coming in or leaving"):
        commission(board, plan, FakeTalk())
    board.verdict = VERDICT_DONE

    def end() -> None:
        board.testing = False

    board.on_look = end
    with pytest.raises(DiagError, match="ended by somebody else"):
        commission(board, plan, FakeTalk())


def test_ctrl_c_ends_the_walk_test(plan: Plan) -> None:
    board = FakeBoard(plan.config, hits=())

    def pressed() -> None:
        if board.testing:
            raise KeyboardInterrupt

    board.on_look = pressed
    with pytest.raises(KeyboardInterrupt):
        commission(board, plan, FakeTalk())
    assert (board.did, board.testing) == (["begin for 7", "end"], False)


def test_the_page_needs_nothing_else_and_takes_names_for_text(plan: Plan, adler: Override) -> None:
    outcome = commission(FakeBoard(plan.config, hits=(1,)), plan, FakeTalk(patience=3))
    at = datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
    assert '<div class="result refused">Not commissioned</div>' in page_of(outcome, "Test house", at, Bounce())
    outcome.answer_for(adler)
    page = page_of(outcome, "Test house", at, Bounce())
    assert "M. &lt;Adler&gt; answers for what is marked with !: “scaffold until March”" in page
    assert "by T. Doerr, 25 November 2026, 14:05 UTC" in page
    assert not any(word in page for word in ("http:", "https:", "src=", "<script"))


class Bench:
    """`tocsin commission` with a fake board behind its port."""

    def __init__(self, folder: Path, board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.board, self.is_open = folder, board, False
        (folder / "keys").mkdir(mode=0o700)
        write_secrets(secrets_path(folder / "keys", "gallery"), make_secrets("gallery"))
        monkeypatch.setattr(commission_command, "CommissionConsole", self._console)
        monkeypatch.setattr(commission_command, "_check_hello", lambda *_: None)

    def _console(self, url: str, keys: dict[str, bytes], minutes: int) -> "Bench":
        assert list(keys) == ["gallery"]
        return self

    def __enter__(self) -> FakeBoard:
        self.is_open = True
        return self.board

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def run(self, *arguments: str, answers: str = "") -> Result:
        common = ["--site", self.folder / "site.toml", "--port", "there", "--keys", self.folder / "keys"]
        return CliRunner().invoke(tocsin, ["commission", "gallery", *map(str, common), *arguments], input=answers)

    def trail(self) -> list[dict[str, str]]:
        return [line for line in read_trail(self.folder / "keys") if line["action"] == "commissioned"]


@pytest.fixture
def bench(tmp_path: Path, board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, board, monkeypatch)


def test_the_command_writes_both_records_and_a_line_in_the_trail(bench: Bench, tmp_path: Path) -> None:
    file, page = tmp_path / "record.json", tmp_path / "record.html"
    done = bench.run("--as", "T. Doerr", "--yes", "--json", str(file), "--report", str(page), "--wait-s", "60")
    assert done.exit_code == 0, done.output
    assert "gallery: commissioned, by T. Doerr" in done.output
    assert "nobody confirmed what a person must see: outputs" in done.output
    record = json.loads(file.read_text())
    assert (record["format"], record["result"]) == ("tocsin-commission-1", "commissioned")
    assert (record["person"], record["gateway"], record["room"]) == (
        {"number": 7, "name": "T. Doerr"},
        "gallery",
        "Gallery",
    )
    assert record["steps"][-1]["step"] == "service"
    assert "Checklist" in page.read_text()
    assert [(line["gateway"], line["person"], line["not_seen"]) for line in bench.trail()] == [
        ("gallery", "T. Doerr", "outputs")
    ]
    assert not bench.is_open


def test_without_a_name_for_what_is_open_nothing_is_commissioned(bench: Bench) -> None:
    bench.board.zone_changes = {1: {"state": 1}}
    refused = bench.run("--as", "7", "--yes")
    assert (refused.exit_code, bench.trail()) == (1, [])
    assert "gallery: NOT commissioned" in refused.output
    assert "--override NAME --reason TEXT" in refused.output
    named = bench.run("--as", "7", "--yes", "--override", "8", "--reason", "painters")
    assert named.exit_code == 0, named.output
    assert [(line["left_open"], line["answers"], line["reason"]) for line in bench.trail()] == [
        ("walk, rest", "M. <Adler>", "painters")
    ]


def test_a_person_is_asked_who_it_is_what_was_heard_and_who_answers(bench: Bench) -> None:
    bench.board.zone_changes = {5: {"state": 2}}
    answers = "T. Doerr\ny\nM. <Adler>\nlid is printed\n"
    done = bench.run("--wait-s", "0", answers=answers)
    assert done.exit_code == 0, done.output
    assert "seen to work: front door" in done.output
    assert bench.trail()[0]["left_open"] == "tamper, walk, rest"
    bench.board.did.clear()
    assert bench.run("--wait-s", "0", answers="7\nn\nn\n\n").exit_code == 1


def test_a_technicians_key_does_and_leaves_no_trail(bench: Bench, tmp_path: Path) -> None:
    key = tmp_path / "technician.key"
    write_technician_key(tmp_path / "keys", (), key)
    done = bench.run("--as", "7", "--yes", "--wait-s", "60", "--key", str(key))
    assert (done.exit_code, bench.trail()) == (0, []), done.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--yes"], "say who commissions it"),
        (["--yes", "--as", "nobody"], "it lists: T. Doerr, M. <Adler>"),
        (["--yes", "--as", "7", "--override", "8"], "belong together"),
        (["--yes", "--as", "7", "--override", "8", "--reason", " "], "belong together"),
        (["--yes", "--as", "7", "--override", "9", "--reason", "x"], "no person '9'"),
    ],
)
def test_who_is_not_in_the_roster_or_gives_no_reason_is_refused(bench: Bench, arguments: list[str], why: str) -> None:
    refused = bench.run(*arguments)
    assert refused.exit_code != 0
    assert why in refused.output
    assert not bench.board.did


def test_the_terminal_asks_nothing_where_nobody_is(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Terminal(asks=False)
    assert talk.confirm("heard?") is None
    assert not talk.is_enough()
    talk.told(Step("walk", "walk test", "failed", "2 of 3", "go and see"))
    assert capsys.readouterr().out.split("\n")[:2] == ["✗ walk test          2 of 3", " " * 21 + "go and see"]
