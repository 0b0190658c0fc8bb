"""From what a gateway recorded to what is wrong with it: each symptom by itself, and the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tocsin import event
from tocsin.record import Record
from tocsin_host.doctor_command import doctor
from tocsin_host.history import make_history
from tocsin_host.store import Store, StoredFinding, StoredRecord
from tocsin_host.symptom_words import FINDINGS, NOTE, NOW, SOON, TROUBLES, WARNINGS
from tocsin_host.symptoms import Complaint, examine

GATEWAY = event.SOURCE_GATEWAY
DAY_MS = 86_400_000
UTC_MS = 1_790_000_000_000


def record(kind: int, source: int = GATEWAY, value: int = 0, count: int = 0, at_ms: int = 0, boot: int = 1) -> Record:
    return Record(kind, source, 0, 0, boot, at_ms, UTC_MS + at_ms, value, count)


def told(*records: Record, findings: tuple[str, ...] = ()) -> list[Complaint]:
    set_once = record(event.TYPE_TIME_SET)
    found = [StoredFinding(n, "gallery", 0, kind, "", 0) for n, kind in enumerate(findings)]
    return examine(make_history([set_once, *records], found))


def alarm(zone: int) -> list[Record]:
    return [record(event.TYPE_TRANSITION, zone, 1), record(event.TYPE_ALARM, zone), record(event.TYPE_RESTORE, zone)]


FAULT = record(event.TYPE_FAULT, 4, event.NO_READING)
RESTORE = record(event.TYPE_RESTORE, 4)


@pytest.mark.parametrize(
    ("records", "source", "urgency", "what", "mend"),
    [
        ([record(event.TYPE_CHATTER, 3, 0, 900)], 3, NOW, "chatters (1 times)", "magnet"),
        ([record(event.TYPE_TRANSITION, 3, n & 1) for n in range(51)], 3, SOON, "51 short movements", "worn"),
        ([record(event.TYPE_TAMPER, 3), record(event.TYPE_RESTORE, 3)] * 3, 3, NOW, "never alarms", "wrong end"),
        ([FAULT], 4, NOW, "gives no reading", "reversed"),
        ([FAULT, RESTORE] * 3, 4, SOON, "now and then (3 times)", "too long"),
        ([record(event.TYPE_BOOT, value=event.RESET_POWER)] * 3, GATEWAY, SOON, "power was gone 3 times", "plug"),
        ([record(event.TYPE_BOOT, value=event.RESET_WATCHDOG)], GATEWAY, SOON, "watchdog", "last-error"),
        ([record(event.TYPE_TIME_SET, value=4000)] * 3, GATEWAY, SOON, "set 3 times", "chrony"),
        ([record(event.TYPE_HEARTBEAT, value=71_000)], GATEWAY, SOON, "71 °C hot", "air"),
        ([record(event.TYPE_WEAR, value=9, count=300)], GATEWAY, SOON, "300 days", "board"),
        ([record(event.TYPE_TEST, 5, 4, 41)], 5, NOTE, "last: 41 days ago", "walk-test"),
        ([record(event.TYPE_TEST, 5, 4, 0xFFFFFFFF)], 5, NOTE, "last: never", "walk-test"),
    ],
)
def test_each_symptom_names_its_cause_and_mend(
    records: list[Record], source: int, urgency: str, what: str, mend: str
) -> None:
    (complaint,) = told(*records)
    assert (complaint.source, complaint.urgency) == (source, urgency)
    assert what in complaint.what
    assert mend in complaint.mend


@pytest.mark.parametrize("code", TROUBLES)
def test_each_trouble_is_told_with_its_mend(code: int) -> None:
    (complaint,) = told(record(event.TYPE_TROUBLE, value=code))
    assert complaint == (GATEWAY, TROUBLES[code][0], f"{TROUBLES[code][1]} (1 times)", TROUBLES[code][2])


def test_every_trouble_that_a_gateway_can_tell_has_a_line() -> None:
    codes = {value for name, value in vars(event).items() if name.startswith("TROUBLE_")}
    # Transitions that came too fast are told as chatter, too.
    assert codes - set(TROUBLES) == {event.TROUBLE_TRANSITIONS_LOST}


@pytest.mark.parametrize("code", WARNINGS)
def test_each_warning_is_told_until_it_is_over(code: int) -> None:
    begun, over = record(event.TYPE_WARNING, 7, 0, code), record(event.TYPE_WARNING, 7, 0, code + 256)
    assert told(begun) == [Complaint(7, SOON, f"{WARNINGS[code][0]}, still", WARNINGS[code][1])]
    assert [one.urgency for one in told(begun, over)] == [NOTE]


@pytest.mark.parametrize("kind", FINDINGS)
def test_each_finding_of_the_host_is_told(kind: str) -> None:
    assert told(findings=(kind,)) == [
        Complaint(GATEWAY, FINDINGS[kind][0], f"{FINDINGS[kind][1]} (1 times)", FINDINGS[kind][2])
    ]


def test_a_quiet_and_a_busy_healthy_gateway_have_nothing_to_mend() -> None:
    assert told(record(event.TYPE_BOOT, value=event.RESET_POWER)) == []
    assert told(*[one for _ in range(100) for one in alarm(1)]) == []


def test_a_supply_that_sags_with_the_siren_is_told_from_one_that_fails_by_itself() -> None:
    boot = record(event.TYPE_BOOT, value=event.RESET_POWER)
    siren = record(event.TYPE_OUTPUT, value=1, count=1, at_ms=60_000)
    (complaint,) = told(boot, siren, record(event.TYPE_BOOT, value=event.RESET_POWER, boot=2))
    assert "sags when an output comes on (1 times)" in complaint.what
    assert told(boot, siren, record(event.TYPE_HEARTBEAT, at_ms=80_000), boot) == []


def test_a_clock_that_was_never_set_is_told() -> None:
    never = Record(event.TYPE_HEARTBEAT, GATEWAY, 0, 0, 1, 0, 0, 20_000, 0)
    assert [one.what for one in examine(make_history([never]))] == ["its clock was never set"]


def test_the_most_urgent_comes_first_and_the_gateway_before_its_zones() -> None:
    found = told(
        record(event.TYPE_TEST, 5, 4, 41),
        record(event.TYPE_CHATTER, 3),
        record(event.TYPE_TROUBLE, value=event.TROUBLE_KEY_DAMAGED),
        record(event.TYPE_TROUBLE, value=event.TROUBLE_NETWORK),
    )
    assert [(one.urgency, one.source) for one in found] == [(NOW, GATEWAY), (NOW, 3), (SOON, GATEWAY), (NOTE, 5)]


def test_the_command_tells_what_is_wrong_and_fails(tmp_path: Path, gateway: Any) -> None:
    gateway.make(1, event.TROUBLE_KEY_DAMAGED, event.TYPE_TROUBLE)
    with Store(tmp_path) as store:
        store.append(StoredRecord("gallery", seq, data, None, UTC_MS) for seq, data in gateway.kept.items())
    arguments = ["gallery", "--store", str(tmp_path), "--days", "100000"]
    result = CliRunner().invoke(doctor, arguments)
    assert result.exit_code == 1
    assert "now: gateway: the key is gone: nothing can be proven (1 times); give it a new name" in result.output
    figures = json.loads(CliRunner().invoke(doctor, [*arguments, "--json"]).output)
    assert (figures["gateway"], figures["records"]) == ("gallery", 11)
    assert figures["complaints"][0]["urgency"] == NOW
    assert "told nothing in the last" in CliRunner().invoke(doctor, [*arguments[:3], "--days", "0"]).output
    unknown = CliRunner().invoke(doctor, ["attic", "--store", str(tmp_path)])
    assert unknown.exit_code == 1
    assert "no records of attic" in unknown.output
