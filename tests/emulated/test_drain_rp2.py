"""How fast the whole firmware on the emulated Pico W gives a backlog away. Emulated time, so the same everywhere."""

from tocsin_host.collector import Collector
from tocsin_host.keys import load_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.store import Store
from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL

SITE = """
name = "Test house"
timezone = "Europe/Berlin"

[[gateway]]
name = "gallery"
board = "pico_w"
room = "Gallery"

[[gateway.zone]]
number = 1
name = "front door"
kind = "door"
contact = { pin = 2, normally = "open" }
"""
BACKLOG = 150
LEAST_PER_S = 200
STEP_NS = 5 * NS_PER_MS

# Transitions, the commonest of what is not heartbeat, made before the tasks start.
MAIN = f"""
import gc
gc.threshold(32768)  # as main_rp2
from tocsin_fw import hal_rp2, start, supervisor
run = supervisor.Supervisor.run
async def make_first(self):
    for n in range({BACKLOG}):
        self._recorder.record(1, 1, value=n & 1)
    print("MADE")
    await run(self)
supervisor.Supervisor.run = make_first
start.run(hal_rp2.open_hal)
"""


def test_a_backlog_drains_at_200_records_a_second_over_a_clean_line(make_house, tmp_path):
    folder, flash = make_house(SITE, "gallery", {"/main.py": MAIN.encode()})
    board = EmulatedBoard(flash, TYPICAL)
    board.expect(b"MADE", limit_ms=20_000)
    board.run_until_ns(board.now_ns + 300 * NS_PER_MS)
    board.usb.read()  # the console's text, and a hello that nobody heard
    reports = []
    with Store(tmp_path) as store:
        secrets = {"gallery": load_secrets(folder / "keys" / "gallery.secrets")}
        utc_ms = lambda: 1_800_000_000_000 + int(board.now_ns / NS_PER_MS)  # noqa: E731
        collector = Collector(store, secrets, bytes.fromhex(lib_hash()), utc_ms, reports.append)
        collector.opened("usb", board.usb.write)
        stored = [(board.now_ns, 0)]
        while stored[-1][1] < BACKLOG and len(stored) < 1000:
            board.run_until_ns(board.now_ns + STEP_NS)
            collector.receive("usb", board.usb.read())
            collector.flush()
            stored.append((board.now_ns, store.size()))
    assert [report for report in reports if report["event"] in ("finding", "error", "noise")] == []
    began_ns, first = next(one for one in stored if one[1])
    ended_ns, last = stored[-1]
    assert last >= BACKLOG
    assert (last - first) * 1e9 / (ended_ns - began_ns) >= LEAST_PER_S
