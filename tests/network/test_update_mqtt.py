"""An update over the broker: queued by a person, passed on by the running collector, tried and kept by the gateway."""

from click.testing import CliRunner
from tocsin_host.cli import tocsin
from tocsin_host.store import Store
from tocsin_host.update_status import update_records
from tocsin_sim.update_signer import SimulatedSigner

RECORDS = 300


def updates(museum):
    with Store(museum.folder / "store", read_only=True) as store:
        return [(record.value, record.count) for record in update_records(store, "gallery")]


def test_a_bundle_is_taken_over_the_broker_while_records_go_on_and_is_kept(museum):
    signer = SimulatedSigner()
    signer.write_public(museum.keys)
    files = {"/lib/tocsin/a.mpy": bytes(30_000), "/lib/tocsin_fw/b.mpy": bytes(range(256))}
    museum.flash_files = {
        "/slots/a.tocsin": signer.bundle({}, 5),
        "/slots/active": b"a",
        "/keys/update.key": signer.public.key,
    }
    museum.broker.start()
    museum.start_gateway(record_count=RECORDS, every_ms=10)
    museum.start_collector()
    museum.wait_event("session", "mqtt:gallery")
    data = signer.bundle(files, 6, board="sim_bench")
    (museum.folder / "new.tocsin").write_bytes(data)
    where = ["--store", str(museum.folder / "store"), "--keys", str(museum.keys)]

    def run(*arguments):
        result = CliRunner().invoke(tocsin, ["update", *map(str, arguments), *where])
        assert result.exit_code == 0, result.output
        return result.output

    assert "version 6 waits for the collector in" in run("send", "gallery", museum.folder / "new.tocsin")
    museum.go()
    museum.wait(lambda: (1, 6) in updates(museum), "the bundle is tried")
    museum.wait_gateway_ends()
    assert updates(museum) == [(0, len(data)), (1, 6)]
    assert not list((museum.keys / "updates").iterdir())
    before = len(museum.test_records())
    assert museum.test_records() == list(range(before))
    museum.start_gateway()
    museum.wait(lambda: (2, 6) in updates(museum), "it is kept")
    assert "gallery: version 6 confirmed" in run("status", "gallery")
    assert museum.findings() == []
