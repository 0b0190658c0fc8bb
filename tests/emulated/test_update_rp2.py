"""Updates on the emulated Pico W: taken while it guards, kept when they work, undone in every other case."""

from pathlib import Path

import pytest
from tocsin import event
from tocsin_host import image, image_uf2, update_transfer
from tocsin_host.board_check import BoardError, first_hello
from tocsin_host.gateway_files import reserved_areas
from tocsin_host.keys import make_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.update_outbox import queue_bundle, queued_bundles
from tocsin_host.update_send import send_bundle
from tocsin_sim.bench.update_case import slots
from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.port_host import UTC_MS, PortHost, UsbPort, hear_for_ms
from tocsin_sim.update_signer import SimulatedSigner

SITE = (Path(__file__).parents[2] / "sim/sites/one-door.toml").read_text()
PATIENCE_S = 600
NEW_LIB = b"new lib!"
SECRETS = make_secrets("gallery")


def compiled(source):
    """A module of one's own, for the board."""
    return image.compiled({"module": source})["/lib/module.mpy"]


@pytest.fixture(scope="module")
def signer():
    """Its public half is on the board."""
    return SimulatedSigner()


@pytest.fixture(scope="module")
def make_flash(official_image, signer, tmp_path_factory):
    """make_flash(more files): a board of version 5."""
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text(SITE)
    config = compile_gateway(load_site(path), "gallery", lib_hash())

    def make(more):
        files = {**image.gateway_files(config, SECRETS, None, signer.public), **more}
        uf2 = image.build(official_image, files, reserved_areas("pico_w", SECRETS))
        return image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES)

    return make


def power_up(flash):
    board = EmulatedBoard(flash, TYPICAL)
    board.pin(2, False)
    return board


@pytest.fixture(scope="module")
def running(make_flash):
    """A gateway that runs; use it in forked() only."""
    board = power_up(make_flash({}))
    board.run_for_ms(2200)
    return board


def send(board, bundle):
    """Nothing is lost on the way, and emulated time is slow: what is said again would only pile up."""
    update_transfer.AGAIN_AFTER_MS = 1000 * PATIENCE_S
    send_bundle(UsbPort(board), "gallery", SECRETS.link_key, bundle, lambda at: None, PATIENCE_S)


def updates(rows):
    return [(row.value, row.count) for row in rows if row.type == event.TYPE_UPDATE]


def test_an_update_that_works_is_kept_when_the_host_has_heard_it(make_flash, signer):
    """Its last sample before was taken when the board was switched on: the gap is all of its start."""
    bundle = signer.bundle(image.device_files(), lib_hash=NEW_LIB)
    board = power_up(make_flash({"/slots/b.tocsin": bundle, "/slots/trial": b"b%d" % UTC_MS}))
    board.run_for_ms(2500)
    before = slots(board.flash_image())
    hello, _ = first_hello(UsbPort(board), PATIENCE_S)
    assert hello.lib_hash == NEW_LIB
    assert (before["active"], before["tried"][:1]) == (b"a", b"b")
    rows = hear_for_ms(board, SECRETS, 4500)
    kept = slots(board.flash_image())
    (confirmed, gap) = updates(rows)
    assert (confirmed, gap[0]) == ((event.UPDATE_CONFIRMED, 6), event.UPDATE_GAP)
    print(f"emulated: no samples for {gap[1]} ms at a restart into new firmware")
    assert 200 <= gap[1] <= 450
    assert (kept["active"], sorted(kept)) == (b"b", ["a.tocsin", "active", "b.tocsin"])
    assert [row for row in rows if row.type == event.TYPE_TROUBLE] == []
    again = power_up(board.flash_image())
    again.run_for_ms(2500)
    assert first_hello(UsbPort(again), PATIENCE_S)[0].lib_hash == NEW_LIB


def test_the_collector_passes_an_update_on_while_the_gateway_guards(running, signer, tmp_path):
    """The door opens while the bundle comes, and the acknowledgement of that goes between its pieces."""
    files = {"/lib/tocsin_fw/__init__.mpy": compiled(""), "/lib/tocsin_fw/large.mpy": bytes(9000)}
    bundle = signer.bundle(files)
    signer.write_public(tmp_path)

    def case():
        with PortHost(running, SECRETS, keys=tmp_path) as host:
            host.hear_for_ms(500)
            queue_bundle(tmp_path, "gallery", bundle)
            rows = []
            while queued_bundles(tmp_path) and running.now_ns < 20_000 * NS_PER_MS:
                rows = host.hear_for_ms(20)
                if updates(rows):
                    running.pin(2, True)
            told = [(row.type, row.value) for row in rows if row.type in (event.TYPE_UPDATE, event.TYPE_ALARM)]
            return told, updates(rows), list(host.store.findings())

    told, records, findings = forked(case)
    assert records == [(event.UPDATE_BEGUN, len(bundle)), (event.UPDATE_TRIED, 6)]
    assert [kind for kind, _ in told] == [event.TYPE_UPDATE, event.TYPE_ALARM, event.TYPE_UPDATE]
    assert findings == []


BROKEN = {"raises": "1 // 0\n", "hangs": "while True:\n    pass\n"}


@pytest.mark.parametrize("how", BROKEN)
def test_an_update_that_does_not_work_is_undone_by_itself(running, signer, how):
    """The door opens while the bundle comes."""
    files = {
        "/lib/tocsin_fw/__init__.mpy": compiled(""),
        "/lib/tocsin_fw/hal_rp2.mpy": compiled(BROKEN[how]),
        "/lib/tocsin_fw/large.mpy": bytes(9000),
    }

    def case():
        running.pin(2, True, running.now_ns + 400 * NS_PER_MS)
        send(running, signer.bundle(files))
        running.run_until(lambda: len(running.watchdog_resets_ns) == 2, limit_ms=15_000, every_ms=20)
        running.run_for_ms(2500)
        rows = hear_for_ms(running, SECRETS, 2500)
        alarms = [row.boot for row in rows if row.type == event.TYPE_ALARM]
        troubles = [row.value for row in rows if row.type == event.TYPE_TROUBLE]
        seqs = [row.seq for row in rows]
        return updates(rows)[1:], slots(running.flash_image())["active"], alarms[:1], troubles, seqs

    told, active, alarms, troubles, seqs = forked(case)
    assert told == [(event.UPDATE_TRIED, 6), (event.UPDATE_WENT_BACK, 6)]
    assert active == b"a"
    assert alarms == [1]
    assert troubles == ([event.TROUBLE_START_FAILED] if how == "raises" else [])
    assert seqs == list(range(len(seqs)))


def test_a_power_cut_in_a_trial_ends_it(running, signer):
    bundle = signer.bundle({"/lib/tocsin_fw/__init__.mpy": compiled(""), "/lib/tocsin_fw/x.mpy": compiled("")})

    def case():
        send(running, bundle)
        running.run_until(lambda: bool(running.watchdog_resets_ns), limit_ms=5000, every_ms=1)
        running.run_for_ms(60)
        return running.flash_image()

    board = power_up(forked(case))
    board.run_for_ms(2500)
    assert (event.UPDATE_WENT_BACK, 6) in updates(hear_for_ms(board, SECRETS, 1500))


def test_what_is_not_signed_not_newer_or_not_for_this_board_is_never_tried(running, signer):
    files = {"/lib/tocsin_fw/__init__.mpy": compiled("")}
    good = signer.bundle(files)
    cases = {
        "its signature": good[:9] + b"\x01" + good[10:],
        "its signature is": good[:200] + bytes((good[200] ^ 1,)) + good[201:],
        "it came damaged": good[:-1] + bytes((good[-1] ^ 1,)),
        "its version is not above": signer.bundle(files, version=5),
        "or the one that runs is too old": signer.bundle(files, 7, from_version=6),
        "another board": signer.bundle(files, 8, board="sim_bench"),
    }

    def case():
        for why, bundle in cases.items():
            with pytest.raises(BoardError, match=why):
                send(running, bundle)
        running.run_for_ms(3000)
        return sorted(slots(running.flash_image())), running.watchdog_resets_ns

    assert forked(case) == (["a.tocsin", "active"], [])
