"""People on a virtual board with the real collector: a roster is replaced by orders, over a power cut."""

import datetime
from pathlib import Path

from tocsin import event
from tocsin.record import Record, unpack
from tocsin_host.orders import roster
from tocsin_host.roster_table import build_table, entries_of, version_of
from tocsin_host.site import load_site
from tocsin_host.store import Store
from tocsin_sim.scenario import Action, Scenario
from tocsin_sim.stage import set_up
from tocsin_sim.tiers import VirtualTier

STAFFED = Path(__file__).parents[2] / "sim" / "sites" / "staffed.toml"


def test_who_is_taken_off_the_list_is_unknown_from_the_last_order_on(tmp_path: Path) -> None:
    touches = [
        Action(at_s=at_s, do="touch", gateway="wing", zone="cellar", person="M. Adler") for at_s in (10.0, 30.0, 60.0)
    ]
    start = datetime.datetime(2026, 3, 9, 9, tzinfo=datetime.UTC)
    stage = set_up(Scenario("push", STAFFED, start, 70_000, 1, touches), tmp_path, lambda _: None, VirtualTier())
    people = [person for person in load_site(STAFFED).people if person.name != "M. Adler"]
    table = build_table(entries_of(people), stage.secrets["wing"].link_key)
    wanted = roster(table)

    def order(first: int, end: int) -> None:
        with Store(stage.store) as store:
            for one in wanted[first:end]:
                store.add_command("wing", one.code, one.argument, 0, one.payload)
        conductor.hear_collector("wing")

    conductor = stage.conductor
    try:
        conductor.start_collector()
        conductor.power_on("wing")
        conductor.run_until(20_000)
        # The power goes in the middle of a push: the old roster holds.
        order(0, 2)
        conductor.run_until(22_000)
        conductor.power_off("wing")
        conductor.power_on("wing")
        conductor.run_until(40_000)
        order(0, len(wanted))
        conductor.run_until(45_000)
        conductor.power_off("wing")
        conductor.power_on("wing")
        conductor.run_until(70_000)
    finally:
        conductor.close()
    with Store(stage.store, read_only=True) as store:
        records = [unpack(row.record) for row in store.records("wing")]
    assert _told(records, event.TYPE_ACCESS) == [(1, 0), (1, 0), (0, 1)]
    versions = [count for _, count in _told(records, event.TYPE_CONFIG)]
    assert versions[:2] == [versions[0]] * 2
    assert versions[2:] == [version_of(table)] * 2
    verdicts = [value >> 8 for value, _ in _told(records, event.TYPE_COMMAND)]
    assert verdicts == [event.VERDICT_DONE] * (2 + len(wanted))


def _told(records: list[Record], kind: int) -> list[tuple[int, int]]:
    return [(record.value, record.count) for record in records if record.type == kind]
