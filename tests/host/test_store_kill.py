"""A writer killed at any moment loses nothing that append() had returned for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tocsin_host.store import Store

# Appends batches for ever and says after each return how far it is: what it said must be there afterwards.
WRITER = """
import sys
from tocsin.seal import Sealer
from tocsin_host.store import Store, StoredRecord
store = Store(sys.argv[1])
seq = store.head("gallery")[0]
while True:
    batch = [StoredRecord("gallery", n, n.to_bytes(4, "little") * 16, None, 0) for n in range(seq, seq + 7)]
    store.append(batch)
    seq += 7
    print(seq, flush=True)
"""
ROUNDS = 8


def run_and_kill(folder: Path, lines: int) -> int:
    """Start a writer, kill it -9 after it has told `lines` times; the last number it told."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    return int([line for line in told if line.endswith("\n")][-1])


def test_append_kill_minus_nine_in_a_loop_loses_nothing(tmp_path: Path) -> None:
    for lines in range(1, ROUNDS + 1):
        told = run_and_kill(tmp_path, lines)
        with Store(tmp_path) as store:
            rows = list(store.records("gallery"))
            assert store.database.check() == []
        assert len(rows) >= told
        assert len(rows) % 7 == 0  # whole batches only
        assert [row.seq for row in rows] == list(range(len(rows)))
        assert all(row.record == row.seq.to_bytes(4, "little") * 16 for row in rows)
