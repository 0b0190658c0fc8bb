"""`tocsin revoke`: a revoked gateway is heard no more, the others are, and the past stays proven."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from tocsin import host_messages, messages
from tocsin_host.cli import tocsin
from tocsin_host.keys import secrets_path, write_secrets
from tocsin_host.store import Store

MakeDesk = Callable[..., Any]


def revoke(where: str | Path, gateway: str = "gallery", keys: Path = Path("nowhere")) -> Result:
    arguments = ["revoke", gateway, "--reason", "the box was stolen", "--store", str(where), "--keys", str(keys)]
    return CliRunner().invoke(tocsin, arguments)


def refusals(desk: Any, port: str) -> list[int]:
    return [body[1] for body in desk.bodies(port) if body[0] == messages.REFUSED]


def test_a_running_collector_ends_the_session_and_hears_the_gateway_no_more(
    where: str | Path, soft_gateway: Callable[..., Any], make_desk: MakeDesk
) -> None:
    stolen, other = soft_gateway(), soft_gateway("attic", 2)
    with Store(where) as store:
        desk = make_desk(store, stolen, other)
        for gateway in (stolen, other):
            gateway.make(5)
            desk.talk(gateway)
        assert revoke(where).output == "gallery: revoked from record 5 on; give the new box another name and new keys\n"
        desk.collector.obey_revocations()
        assert refusals(desk, "gallery") == [host_messages.REFUSED_KEY_REVOKED]
        desk.collector.obey_revocations()
        assert refusals(desk, "gallery") == []
        for gateway in (stolen, other):
            gateway.make(5)
            gateway.session.line_lost()
            desk.open(gateway.secrets.gateway)
            desk.talk(gateway)
        assert desk.stored() == list(range(5))
        assert desk.stored("attic") == list(range(10))
        kinds = [(finding.seq, finding.kind, finding.detail) for finding in store.findings("gallery")]
    assert kinds == [(5, "revoked", "the box was stolen"), (-1, "refused", "the gateway's keys were revoked")]


def test_records_that_were_verified_before_are_stored(
    where: str | Path, soft_gateway: Callable[..., Any], make_desk: MakeDesk
) -> None:
    gateway = soft_gateway()
    with Store(where) as store:
        desk = make_desk(store, gateway)
        gateway.make(1)
        desk.talk(gateway)
        gateway.make(3)
        desk.collector.receive("gallery", gateway.say(desk.now_ms))
        assert desk.stored() == [0]
        assert revoke(where).exit_code == 0
        desk.collector.obey_revocations()
        gateway.make(3)
        desk.talk(gateway)
        assert desk.stored() == [0, 1, 2, 3]


def test_a_collector_started_later_refuses_it_too(
    where: str | Path, soft_gateway: Callable[..., Any], make_desk: MakeDesk
) -> None:
    gateway = soft_gateway()
    with Store(where) as store:
        desk = make_desk(store, gateway)
        gateway.make(2)
        desk.talk(gateway)
    revoke(where)
    gateway.session.line_lost()
    gateway.make(2)
    with Store(where) as store:
        desk = make_desk(store, gateway)
        desk.talk(gateway)
        assert desk.stored() == [0, 1]
        assert store.findings_made() == 2


def test_revoking_twice_or_a_stranger_is_refused_and_one_never_heard_is_not(
    where: str | Path, tmp_path: Path, soft_gateway: Callable[..., Any]
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    write_secrets(secrets_path(keys, "gallery"), soft_gateway().secrets)
    strange = revoke(where, "cellar", keys)
    assert (strange.exit_code, "know a gateway 'cellar'" in strange.output) == (1, True)
    assert revoke(where, "gallery", keys).exit_code == 0
    again = revoke(where, "gallery", keys)
    assert again.exit_code == 1
    assert "already: the box was stolen" in again.output
    with Store(where) as store:
        assert [finding.seq for finding in store.revoked()] == [-1]
