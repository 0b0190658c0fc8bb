"""`tocsin update send` without a port, and `status`: what waits, and what the sealed records tell of the rest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin.event import (
    TYPE_UPDATE,
    UPDATE_BEGUN,
    UPDATE_CONFIRMED,
    UPDATE_REFUSED,
    UPDATE_TRIED,
    UPDATE_WENT_BACK,
)
from tocsin_host import update_status
from tocsin_host.cli import tocsin
from tocsin_host.keys import write_secrets
from tocsin_host.store import Store, StoredRecord
from tocsin_host.trail import read_trail
from tocsin_host.update_outbox import queue_bundle, queued_bundles, remove_bundle
from tocsin_sim.update_signer import SimulatedSigner

FILES = {"/lib/tocsin/a.mpy": b"first file"}


@pytest.fixture(scope="module")
def signer() -> SimulatedSigner:
    """Its tree takes a second or two."""
    return SimulatedSigner()


class Office:
    """A store with a gateway, its keys, and a bundle of version 6."""

    def __init__(self, folder: Path, signer: SimulatedSigner, gateway: Any) -> None:
        self.store, self.keys, self.bundle, self.gateway = folder, folder / "keys", folder / "six.tocsin", gateway
        self.keys.mkdir()
        write_secrets(self.keys / "gallery.secrets", gateway.secrets)
        signer.write_public(self.keys)
        self.bundle.write_bytes(signer.bundle(FILES))
        self.record((UPDATE_BEGUN, 900))

    def record(self, *updates: tuple[int, int]) -> None:
        for what, figure in updates:
            self.gateway.make(1, what, TYPE_UPDATE, figure)
        with Store(self.store) as store:
            store.append(StoredRecord("gallery", seq, row, None, 1000) for seq, row in self.gateway.kept.items())

    def find(self, detail: str) -> None:
        with Store(self.store) as store:
            store.finding("gallery", -1, "update", detail)

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(tocsin, ["update", *map(str, arguments), "--store", str(self.store)])

    def waiting(self) -> list[str]:
        return sorted(queued_bundles(self.keys))


@pytest.fixture
def office(tmp_path: Path, signer: SimulatedSigner, soft_gateway: Callable[[], Any]) -> Office:
    """See Office."""
    return Office(tmp_path, signer, soft_gateway())


def test_a_bundle_waits_for_the_collector_and_the_trail_knows(office: Office) -> None:
    result = office.run("send", "gallery", office.bundle)
    assert result.exit_code == 0, result.output
    assert "gallery: version 6 waits for the collector in" in result.output
    assert queued_bundles(office.keys)["gallery"].path.read_bytes() == office.bundle.read_bytes()
    (line,) = read_trail(office.keys)
    assert (line["action"], line["gateway"], line["version"]) == ("update queued", "gallery", "6")
    assert office.run("status").output == "gallery: version 6 waits\n"


def test_what_is_not_signed_or_for_nobody_does_not_wait(office: Office, signer: SimulatedSigner) -> None:
    assert "attic.secrets: no such gateway here" in office.run("send", "attic", office.bundle).output
    good = signer.bundle(FILES)
    office.bundle.write_bytes(good[:-1] + b"x")
    result = office.run("send", "gallery", office.bundle)
    assert result.exit_code == 1
    assert "not what was signed" in result.output
    assert "does without" in office.run("send", "gallery", office.bundle, "--port", "loop://", "--wait").output
    assert office.waiting() == []


def test_a_newer_bundle_takes_the_place_of_one_that_waits_and_is_not_removed_for_it(office: Office) -> None:
    queue_bundle(office.keys, "gallery", b"older")
    older = queued_bundles(office.keys)["gallery"]
    path = queue_bundle(office.keys, "gallery", b"newer")
    remove_bundle(older)
    assert path.read_bytes() == b"newer"
    remove_bundle(queued_bundles(office.keys)["gallery"])
    assert office.waiting() == []
    assert office.run("status", "gallery").output == "gallery: no update is recorded\n"


def test_half_a_file_does_not_wait(office: Office) -> None:
    queue_bundle(office.keys, "gallery", b"whole")
    (office.keys / "updates" / ".attic.tocsin.77.part").write_bytes(b"half")
    assert office.waiting() == ["gallery"]
    assert office.run("status").output == "gallery: what waits is no bundle\n"


@pytest.mark.parametrize(
    ("updates", "text", "version", "state"),
    [
        ([(UPDATE_TRIED, 6)], "version 6 on trial, unknown", 6, "on trial"),
        ([(UPDATE_TRIED, 6), (UPDATE_CONFIRMED, 6)], "version 6 confirmed, unknown", 6, "confirmed"),
        ([(UPDATE_TRIED, 6), (UPDATE_WENT_BACK, 6)], "version 6 went back, unknown", 6, "went back"),
        ([(UPDATE_CONFIRMED, 6), (UPDATE_REFUSED, 5)], "refused: its signature is not that", 6, "refused"),
        ([(UPDATE_REFUSED, 5), (UPDATE_TRIED, 7)], "version 7 on trial, unknown", 7, "on trial"),
    ],
)
def test_status_tells_what_the_records_tell(
    office: Office, updates: list[tuple[int, int]], text: str, version: int, state: str
) -> None:
    office.record(*updates)
    assert text in office.run("status", "gallery").output
    told = json.loads(office.run("status", "--json").output)
    assert (told["gateway"], told["version"], told["state"]) == ("gallery", version, state)
    assert (told["refusal"] is None) == (state != "refused")
    assert "no gateway 'attic' here; there are: gallery" in office.run("status", "attic").output


def test_wait_shows_the_records_until_it_is_kept(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.record((UPDATE_CONFIRMED, 6))  # of earlier days
    steps: list[Callable[[], None]] = [
        lambda: office.record((UPDATE_BEGUN, 700)),
        lambda: office.record((UPDATE_TRIED, 6)),
        lambda: office.record((UPDATE_CONFIRMED, 6)),
    ]
    monkeypatch.setattr(update_status.time, "sleep", lambda s: steps.pop(0)())
    result = office.run("send", "gallery", office.bundle, "--wait")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[1:] == [
        "gallery: a bundle of 700 bytes comes",
        "gallery: version 6 is signed and whole, and is tried at the restart",
        "gallery: version 6 works, and is kept",
    ]


@pytest.mark.parametrize("how", ["undone", "refused"])
def test_wait_fails_when_it_is_not_kept(office: Office, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    office.find("of earlier days")

    def go_on(_: float) -> None:
        if how == "undone":
            office.record((UPDATE_TRIED, 6), (UPDATE_WENT_BACK, 6))
        else:
            office.find("version 6 refused: its signature")

    monkeypatch.setattr(update_status.time, "sleep", go_on)
    result = office.run("send", "gallery", office.bundle, "--wait")
    assert result.exit_code == 1
    told = "it runs the firmware before" if how == "undone" else "gallery: version 6 refused: its signature"
    assert told in result.output
