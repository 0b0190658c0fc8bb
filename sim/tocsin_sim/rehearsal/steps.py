"""What a technician does with a gateway from its first day on, step by step, each one checked.

Role in the flow: the field rehearsal. Context: CPython. Each step is a function of the bench; its docstring is what is
told of it, what it returns is the evidence.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin_host.private_file import read_private, write_private

from tocsin_sim.rehearsal.bench import FRONT_DOOR, LID, SITE, STORE_DOOR, TECHNICIAN, Bench
from tocsin_sim.rehearsal.shell import StepError, stored


def provision(bench: Bench) -> str:
    """Make the key that signs updates, the gateway's keys, its image and its label."""
    shell = bench.shell
    shutil.copy(SITE, shell.folder / "site.toml")
    shell.tocsin("site", "check", "site.toml")
    shell.tocsin("update", "key", "--key-file", "signer.key", key_file="signer.key")
    shell.tocsin("provision", "site.toml", "--key-file", "host.key", "--update-key", "update-key/update.pub")
    label = shell.folder / "provisioned" / "labels.html"
    must((shell.folder / "provisioned" / "gallery.uf2").exists(), "no image was written")
    must(label.exists(), "no label was written")
    return f"{label.name}, gallery.uf2"


def flash(bench: Bench) -> str:
    """Write the image to the board; it starts and proves its name, library and key."""
    said = bench.shell.tocsin(
        "flash", "gallery", "--site", "site.toml", "--drive", bench.board.drive.name, "--port", "port", "--wait-s", 600
    )
    must("proven by its seal" in said, said)
    return said.strip().splitlines()[-1]


def look(bench: Bench) -> str:
    """Look into the gateway while it guards."""
    said = bench.shell.tocsin("diag", "--port", "port", "--site", "site.toml", "--once", "--json")
    found = json.loads(said)
    states = {zone["name"]: zone["state"] for zone in found["zones"]}
    must(states == {"front door": "normal", "store door": "normal", "box lid": "normal"}, str(states))
    return f"{len(states)} zones, all normal"


def walk(bench: Bench) -> str:
    """A walk test: every zone is moved once, none raises an alarm."""
    shell = bench.shell
    with shell.collector(bench.board.port) as collector:
        collector.wait_for("the first boot record", lambda rows: any(row["type"] == "boot" for row in rows))
        shell.tocsin("order", "walk-test", "gallery", "begin", "--by", "T. Doerr", "--site", "site.toml")
        collector.wait_for("the walk test begins", lambda rows: len(of_type(rows, "test", 0)) == 1)
        for pin in (FRONT_DOOR, STORE_DOOR, LID):
            bench.board.move(pin)
        collector.wait_for("three zones work", lambda rows: len(of_type(rows, "test", 1)) >= 3)
        shell.tocsin("order", "walk-test", "gallery", "end", "--by", "T. Doerr", "--site", "site.toml")
        collector.wait_for("the walk test ends", lambda rows: len(of_type(rows, "test", 2)) == 1)
    rows = stored(shell)
    person, untested = divmod(of_type(rows, "test", 2)[0]["count"], 256)
    must((person, untested) == (TECHNICIAN, 0), f"ended by person {person}, with {untested} zones untested")
    real = [row for row in rows if row["type"] in ("alarm", "tamper") and not row["test"]]
    must(not real, f"the walk test raised alarms: {real}")
    return "3 of 3 zones seen to work"


def update(bench: Bench) -> str:
    """The collector passes new firmware on while the gateway guards; a door opens meanwhile; the firmware is kept."""
    shell = bench.shell
    shell.tocsin("update", "make", "new.tocsin", "--version", 1, key_file="signer.key")
    shell.tocsin("update", "verify", "new.tocsin", "--key", "update-key/update.pub")
    with shell.collector(bench.board.port) as collector, bench.moving(FRONT_DOOR, after_s=1.5):
        shell.tocsin("update", "send", "gallery", "new.tocsin", "--wait")
        collector.wait_for("the gap is told", lambda rows: bool(of_type(rows, "update", 5)))
    rows = stored(shell)
    must([row["count"] for row in of_type(rows, "update", 2)] == [1], "another version was kept")
    begun, tried = of_type(rows, "update", 0)[0]["seq"], of_type(rows, "update", 1)[0]["seq"]
    opened = [row["seq"] for row in rows if row["type"] == "alarm" and row["source"] == 1]
    must(any(begun < seq < tried for seq in opened), f"the door that opened meanwhile is not on record: {opened}")
    # Not its length: the host's clock goes on while the emulated chip is slow.
    return "version 1 is kept; the door that opened meanwhile is on record, and so is the gap at the switch"


def bad_update(bench: Bench) -> str:
    """The same with signed firmware that does not start: the gateway goes back by itself, and says so."""
    shell = bench.shell
    bench.make_broken(shell.folder / "bad.tocsin", 2)
    restarts = bench.board.restarts
    with shell.collector(bench.board.port):
        shell.tocsin("update", "send", "gallery", "bad.tocsin", "--wait", fails=True)
    must(bench.board.restarts - restarts == 2, f"{bench.board.restarts - restarts} restarts, not two")
    rows = stored(shell)
    must([row["count"] for row in of_type(rows, "update", 3)] == [2], "no record tells that it went back")
    must([row["count"] for row in of_type(rows, "update", 2)] == [1], "the broken firmware was kept")
    return "version 2 was tried once and undone; version 1 runs"


def forged_update(bench: Bench) -> str:
    """Send firmware that another key signed: it is refused, and never tried."""
    shell = bench.shell
    shell.tocsin("update", "key", "--folder", "other-key", "--key-file", "other.key", key_file="other.key")
    bench.make_broken(shell.folder / "forged.tocsin", 3, "other-key", "other.key")
    shell.tocsin("update", "send", "gallery", "forged.tocsin", "--port", "port", fails=True)
    restarts = bench.board.restarts
    bench.send_unchecked(shell.folder / "forged.tocsin")
    must(bench.board.restarts == restarts, "the board restarted")
    with shell.collector(bench.board.port) as collector:
        collector.wait_for("the refusal", lambda rows: bool(of_type(rows, "update", 4)))
    return "refused by the host and by the chip, on record"


def serve(bench: Bench) -> str:
    """Service mode: closed without the technician's key, open to mpremote with it, closed again, all on record."""
    shell = bench.shell
    shell.mpremote("connect", "port", "exec", "print(6*7)", fails=True)
    shell.tocsin("service", "key", "gallery", "-o", "technician.key")
    stranger = {**json.loads(read_private(shell.folder / "technician.key", "")), "keys": {"gallery": "00" * 32}}
    write_private(shell.folder / "stranger.key", json.dumps(stranger))
    shell.tocsin("service", "open", "--port", "port", "--key", "stranger.key", fails=True)
    shell.tocsin("service", "open", "--port", "port", "--key", "technician.key", "--minutes", 20)
    must(shell.mpremote("connect", "port", "exec", "print(6*7)").strip() == "42", "mpremote did not compute 42")
    must("site.json" in shell.mpremote("connect", "port", "fs", "ls"), "the files are not there")
    shell.tocsin("service", "close", "--port", "port")
    shell.mpremote("connect", "port", "exec", "print(6*7)", fails=True)
    with shell.collector(bench.board.port) as collector:
        collector.wait_for("the end of service", lambda rows: len(of_type(rows, "service", 1)) >= 2)
    rows = stored(shell)
    must(len(of_type(rows, "service", 4)) == 1, "the stranger's attempt is not on record")
    return "locked, refused, opened, closed and locked again"


def prove(bench: Bench) -> str:
    """Everything that happened is in the store, sealed and whole."""
    shell = bench.shell
    shell.tocsin("fsck")
    rows = stored(shell)
    must([row["seq"] for row in rows] == list(range(len(rows))), "numbers are missing")
    lost = [row["text"] for row in rows if row["type"] == "trouble" and "sample" in row["text"]]
    must(not lost, f"samples were lost: {lost}")
    return f"{len(rows)} records, none missing, no sample lost"


STEPS = (provision, flash, look, walk, update, bad_update, forged_update, serve, prove)


def must(condition: bool, text: str) -> None:
    """Raises: StepError with `text` when it is not so."""
    if not condition:
        raise StepError(text)


def of_type(rows: Sequence[Mapping[str, Any]], kind: str, value: int) -> list[Mapping[str, Any]]:
    """Records of one type with one value."""
    return [row for row in rows if row["type"] == kind and row["value"] == value]
