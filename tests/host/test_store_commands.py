"""What a person and a gateway do with the store, in each database it can lie in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin_host.cli import tocsin
from tocsin_host.keys import secrets_path, write_secrets
from tocsin_host.store import Store
from tocsin_host.store_errors import StoreError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(tocsin, [str(argument) for argument in arguments])


def test_collected_shown_ordered_exported_verified(
    where: str | Path, tmp_path: Path, soft_gateway: Callable[..., Any], make_desk: Callable[..., Any]
) -> None:
    gateway, keys = soft_gateway(), tmp_path / "keys"
    keys.mkdir()
    write_secrets(secrets_path(keys, "gallery"), gateway.secrets)
    gateway.make(40)
    with Store(where) as store:
        make_desk(store, gateway).talk(gateway)
    shown = run("log", "show", "gallery", "--store", where, "--json")
    assert [json.loads(line)["seq"] for line in shown.stdout.splitlines()] == list(range(40))
    ordered = run("order", "heartbeat", "gallery", "--store", where)
    assert ordered.exit_code == 0, ordered.output
    log, key_file = tmp_path / "g.tlog", tmp_path / "g.keys"
    exported = run("export", "gallery", "--store", where, "--keys", keys, "-o", log, "--key-file", key_file)
    assert exported.exit_code == 0, exported.output
    assert "clean: 40 records" in run("verify", log, "--keys", key_file).stdout


def test_store_that_fails_to_write_acknowledges_nothing_and_goes_on(
    where: str | Path,
    monkeypatch: pytest.MonkeyPatch,
    soft_gateway: Callable[..., Any],
    make_desk: Callable[..., Any],
) -> None:
    gateway = soft_gateway()
    with Store(where) as store:
        desk = make_desk(store, gateway)
        gateway.make(3)
        desk.talk(gateway)
        gateway.make(4)

        def full(query: str, *_: object) -> list[object]:
            raise StoreError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(store.database, "execute", full)
            patch.setattr(store.database, "execute_many", full)
            desk.talk(gateway)
        assert desk.told("error") == ["the disk is full"]
        assert store.size() == 3
        desk.now_ms += 60_000
        desk.talk(gateway)
        assert desk.stored() == list(range(7))


def test_store_in_postgresql_needs_to_be_told_where_the_keys_lie(postgres_url: str) -> None:
    result = run("export", "gallery", "--store", postgres_url)
    assert result.exit_code == 1
    assert "--keys: with a store in PostgreSQL, say in which folder the keys lie" in result.output
