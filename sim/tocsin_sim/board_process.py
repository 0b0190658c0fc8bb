"""A board as the conductor sees it: a process that is told what happens and runs in a time of its own.

Role in the flow: stages 1 to 8 run inside; here is the outside. Context: CPython.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tocsin_sim.vm import wire

# A board that computes longer than this for one leap hangs; the whole night takes less.
_PATIENCE_S = 60
_PACKAGES = ("tocsin", "tocsin_boards", "tocsin_fw", "tocsin_sim")


class BoardError(Exception):
    """A board died or could not be started; the message holds its console."""


def micropython_executable() -> str:
    """Path of the MicroPython unix port: $MICROPYTHON, else the one beside this Python, else on the PATH.

    Raises: BoardError naming what to install.
    """
    named = os.environ.get("MICROPYTHON")
    beside = Path(sys.executable).parent / "micropython"
    found = named or (str(beside) if beside.exists() else shutil.which("micropython"))
    if not found:
        raise BoardError("no MicroPython found: run `make setup`, or set MICROPYTHON to the unix port's executable")
    return found


def import_path() -> str:
    """MICROPYPATH for the firmware's packages, from wherever they are installed."""
    import importlib.util

    folders: list[str] = []
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise BoardError(f"package {package} is not installed: run `make setup`")
        folder = str(Path(spec.origin).parent.parent)
        if folder not in folders:
            folders.append(folder)
    return ":".join([*folders, ".frozen"])


class BoardProcess:
    """One powered board, virtual or emulated. All times are ms since its power-up."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        """Power up the board whose flash lies in `folder`: `command` runs it; it waits for its first run."""
        self.now_ms = 0
        self.has_restarted = False
        # (ms, pin, level): what the board drove its outputs to.
        self.driven: list[tuple[int, int, int]] = []
        self._folder = folder
        self._console = (folder / "console.txt").open("ab")
        self._orders = bytearray()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._console,
            env=environment,
            bufsize=0,
        )

    def tell(self, kind: int, at_ms: int, payload: bytes = b"") -> None:
        """Say what happens at `at_ms` (see `wire`); sent with the next run."""
        self._orders += wire.pack(kind, at_ms, payload)

    def start_run(self, until_ms: int) -> None:
        """Let the board run until `until_ms`, or until its link has something to say."""
        assert self._process.stdin is not None
        self.tell(wire.RUN, until_ms)
        orders, self._orders = bytes(self._orders), bytearray()
        try:
            self._process.stdin.write(orders)
        except BrokenPipeError:
            raise self._death() from None

    def finish_run(self) -> bytes:
        """Wait until the board has stopped; return what its link sent. `now_ms` is the time it stopped at."""
        output = b""
        while True:
            kind, at_ms, length = wire.unpack_head(self._read(wire.HEAD_BYTES))
            payload = self._read(length)
            if kind == wire.DRIVE:
                self.driven.append((at_ms, payload[0], payload[1]))
                continue
            self.now_ms = at_ms
            if kind == wire.OUTPUT:
                output += payload
            else:
                self.has_restarted = kind == wire.RESTART
                return output

    def power_off(self) -> None:
        """Cut the power at this very moment; what the flash holds stays."""
        assert self._process.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):  # it has ended by itself
                self._process.stdin.write(wire.pack(wire.POWER_OFF, self.now_ms))
            self._process.wait(_PATIENCE_S)
        finally:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._console):
                if pipe is not None:
                    pipe.close()

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = b""
        while len(data) < count:
            piece = self._process.stdout.read(count - len(data))
            if not piece:
                raise self._death()
            data += piece
        return data

    def _death(self) -> BoardError:
        self._process.wait(_PATIENCE_S)
        console = (self._folder / "console.txt").read_text(errors="replace")[-4000:]
        return BoardError(f"board {self._folder.name} ended by itself; its console says:\n{console}")
