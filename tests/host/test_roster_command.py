"""`tocsin roster`: check, push and show; a push is carried out whole or the old roster stays."""

import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tocsin import command, event
from tocsin.seal import Sealer
from tocsin_host import orders
from tocsin_host.cli import tocsin
from tocsin_host.keys import load_secrets, make_secrets, secrets_path, write_secrets
from tocsin_host.roster_table import build_table, entries_of, version_of
from tocsin_host.site import load_site
from tocsin_host.store import Store, StoredRecord

STAFFED = Path(__file__).resolve().parents[2] / "sim" / "sites" / "staffed.toml"


class Wing:
    """A store with what the wing recorded, and its keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sealer = Sealer(bytes(32))
        (folder / "keys").mkdir()
        write_secrets(secrets_path(folder / "keys", "wing"), make_secrets("wing"))
        self.record(event.TYPE_BOOT, 1, 0)

    @property
    def table(self) -> bytes:
        link_key = load_secrets(secrets_path(self.folder / "keys", "wing")).link_key
        return build_table(entries_of(load_site(STAFFED).people), link_key)

    def record(self, kind: int, value: int, count: int) -> None:
        seq = self.sealer.seq
        data = self.sealer.seal(kind, 255, 0, 1, 250, 1_790_000_000_000, value, count)
        with Store(self.folder) as store:
            store.append([StoredRecord("wing", seq, data, None, 1)])

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(tocsin, ["roster", *arguments, "--store", str(self.folder)])

    def obey(self, verdicts: dict[int, int] | None = None) -> threading.Thread:
        """Carry out what comes into the outbox, as a gateway would; `verdicts` by code."""

        def work() -> None:
            done = 0
            for _ in range(100):
                with Store(self.folder) as store:
                    found = store.commands_after("wing", done)
                for one in found:
                    done = one.counter
                    verdict = (verdicts or {}).get(one.code, 0)
                    self.record(event.TYPE_COMMAND, verdict << 8 | one.code, one.counter)
                    if one.code == command.ROSTER_COMMIT:
                        return
                time.sleep(0.05)

        thread = threading.Thread(target=work)
        thread.start()
        return thread


@pytest.fixture
def wing(tmp_path: Path) -> Wing:
    return Wing(tmp_path)


def test_check_lists_people_and_counts() -> None:
    result = CliRunner().invoke(tocsin, ["roster", "check", str(STAFFED)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "  1  M. Adler  manager  1 credential"
    assert "… 2026-12-31  mon-fri 07:00-19:00  sat 09:00-13:00" in lines[1]
    assert lines[-1].endswith("5 people, 7 entries, no problem")


def test_check_tells_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(STAFFED.read_text("utf-8").replace('role = "manager"', 'role = "guard"'), "utf-8")
    result = CliRunner().invoke(tocsin, ["roster", "check", str(path)])
    assert result.exit_code == 1
    assert "nobody in the roster is a manager" in result.output


def test_push_puts_the_whole_table_into_the_outbox(wing: Wing) -> None:
    result = wing.run("push", str(STAFFED), "wing", "--wait-s", "0")
    assert result.exit_code == 0, result.output
    with Store(wing.folder) as store:
        found = store.commands_after("wing", 0)
    assert [one.code for one in found] == [8, 9, 9, 10]
    assert found[0].argument == len(wing.table)
    assert b"".join(one.payload for one in found) == wing.table
    assert found[-1].argument & 0xFFFFFFFF == version_of(wing.table)


def test_push_waits_until_all_is_carried_out(wing: Wing) -> None:
    gateway = wing.obey()
    result = wing.run("push", str(STAFFED), "wing", "--wait-s", "20")
    gateway.join()
    assert result.exit_code == 0, result.output
    assert "the new roster is in force" in result.output


def test_push_that_is_refused_says_that_the_old_one_holds(wing: Wing) -> None:
    gateway = wing.obey({command.ROSTER_COMMIT: event.VERDICT_REFUSED})
    result = wing.run("push", str(STAFFED), "wing", "--wait-s", "20")
    gateway.join()
    assert result.exit_code == 1
    assert "wing: refused; the old roster holds" in result.output


def test_push_to_a_gateway_that_is_away_stays_in_the_outbox(wing: Wing) -> None:
    result = wing.run("push", str(STAFFED), "wing", "--wait-s", "0.3")
    assert result.exit_code == 1
    assert "4 of 4 orders still wait in the outbox" in result.output


def test_push_for_a_gateway_that_is_none(wing: Wing) -> None:
    result = wing.run("push", str(STAFFED), "attic")
    assert result.exit_code == 1
    assert "no gateway 'attic'" in result.output


def test_show_compares_with_the_site(wing: Wing) -> None:
    assert "never told of a roster" in wing.run("show", "wing").output
    wing.record(event.TYPE_CONFIG, 1, 0xABCDEF01)
    other = wing.run("show", "wing", "--site", str(STAFFED))
    assert other.exit_code == 1
    assert "roster abcdef01" in other.output
    assert "run: tocsin roster push" in other.output
    wing.record(event.TYPE_CONFIG, 1, version_of(wing.table))
    same = wing.run("show", "wing", "--site", str(STAFFED))
    assert same.exit_code == 0, same.output
    assert "the same" in same.output
    wing.record(event.TYPE_TROUBLE, event.TROUBLE_ROSTER, 0)
    assert "missing or damaged since" in wing.run("show", "wing").output


def test_orders_of_a_roster_fit_their_frames_whatever_its_version() -> None:
    for last in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        wanted = orders.roster(bytes(200) + last.to_bytes(4, "little"))
        assert [len(one.payload) for one in wanted] == [0, 96, 96, 12, 0]
        assert -(1 << 31) <= wanted[-1].argument < 1 << 31
        assert wanted[-1].argument & 0xFFFFFFFF == last
