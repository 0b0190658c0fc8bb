"""The whole of `make bench-link`: which cells, and the bars they are held to.

Role in the flow: the bench's grid. Context: CPython. Every cell runs in a process of its own, in virtual time.
"""

import multiprocessing
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tocsin_sim.bench.bars import Bar
from tocsin_sim.bench.link_cell import OURS, Cell, Trouble
from tocsin_sim.bench.link_kill import KillRun, run_kills
from tocsin_sim.bench.link_model import LinkModel
from tocsin_sim.bench.link_peers import PEERS, run_peer
from tocsin_sim.bench.link_tape import tape
from tocsin_sim.bench.link_wire import SERIAL, USB, Line

CORRUPTIONS = (0.0, 0.0001, 0.001, 0.005, 0.01)
_EVERYTHING = Trouble(0.0, 3000, 15_000, 20_000, 30_000, 0.9)
_RATE_PER_S = 200.0
_BACK_WITHIN_MS = 1000.0
_ALARM_WITHIN_MS = 1000.0
# Up to here a line counts as one that is back; beyond it, who, hello and welcome are lost as often as not.
_SOUND_CORRUPTION = 0.001


@dataclass(frozen=True)
class Mode:
    """Records of each cell on USB, on a serial line and of each peer; records and kills of the real processes."""

    name: str
    usb_records: int
    serial_records: int
    peer_records: int
    kill_records: int
    kills: int


MODES = {"quick": Mode("quick", 4000, 500, 1000, 3000, 3), "full": Mode("full", 100_000, 10_000, 20_000, 20_000, 20)}


@dataclass(frozen=True)
class Run:
    """`draining`: nothing but corruption. `troubled`: everything at once. Of each, ours and the peers."""

    mode: Mode
    seed: int
    draining: list[Cell]
    troubled: list[Cell]
    kill: KillRun
    bars: list[Bar]


Task = tuple[str, int, Line, Trouble, int]


def measure(mode: Mode, seed: int, workers: int, tell: Callable[[str], None]) -> Run:
    """Run everything."""
    tell("sealing")
    tape(mode.usb_records)
    tell("draining and troubled lines")
    draining = _tasks(mode, seed, Trouble())
    troubled = _tasks(mode, seed, _EVERYTHING)
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        cells = pool.map(_run, draining + troubled, chunksize=1)
    tell("real collectors, killed")
    with tempfile.TemporaryDirectory() as folder:
        kill = run_kills(mode.kill_records, mode.kills, seed, Path(folder))
    first, second = cells[: len(draining)], cells[len(draining) :]
    return Run(mode, seed, first, second, kill, _bars(first, second, kill))


def _tasks(mode: Mode, seed: int, trouble: Trouble) -> list[Task]:
    tasks: list[Task] = []
    for corruption in CORRUPTIONS:
        here = replace(trouble, corruption=corruption)
        tasks.append((OURS, mode.usb_records, USB, here, seed))
        tasks.append((OURS, mode.serial_records, SERIAL, here, seed))
        tasks += [(name, mode.peer_records, USB, here, seed) for name in PEERS]
    return tasks


def _run(task: Task) -> Cell:
    way, count, line, trouble, seed = task
    if way != OURS:
        return run_peer(way, count, line, trouble, seed)
    memory = Path("/dev/shm")  # the disk is measured by the real collectors, not here
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return LinkModel(count, line, trouble, seed, Path(folder)).run()


def _bars(draining: list[Cell], troubled: list[Cell], kill: KillRun) -> list[Bar]:
    ours = [cell for cell in draining + troubled if cell.way == OURS]
    usb = [cell for cell in draining if cell.way == OURS and cell.line == USB.name]
    rough = [cell for cell in troubled if cell.way == OURS and cell.line == USB.name]
    sound = [cell for cell in rough if cell.trouble.corruption <= _SOUND_CORRUPTION]
    back_ms = [ms for cell in sound for ms in cell.recovery_ms()]
    alarm_ms = [ms for cell in rough for ms in cell.alarm_ms]
    return [
        Bar("records lost", sum(cell.lost for cell in ours), 0),
        Bar("records wrong", sum(cell.wrong for cell in ours), 0),
        Bar("records doubled, stored or told", sum(cell.doubled for cell in ours), 0),
        Bar("false findings", sum(cell.findings for cell in ours), 0),
        Bar("records a second on USB, worst corruption", min(cell.rate_per_s for cell in usb), _RATE_PER_S, True),
        Bar("ms until records come again, USB up to 0.1 %", max(back_ms, default=None), _BACK_WITHIN_MS),
        Bar("ms until an alarm behind a backlog is stored, USB", max(alarm_ms, default=None), _ALARM_WITHIN_MS),
        Bar("real kill -9: records lost", kill.lost, 0),
        Bar("real kill -9: records wrong, doubled, false findings", kill.wrong + kill.doubled + kill.findings, 0),
    ]
