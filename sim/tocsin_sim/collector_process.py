"""The real collector as a process of its own, so that it can be killed like one.

Role in the flow: stages 9 and 10 run inside; here is the outside. Context: CPython.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

_STOP_PATIENCE_S = 20


class CollectorProcess:
    """Runs `tocsin collect --json`; `hear` gets every event, in a thread of its own."""

    def __init__(self, arguments: list[str], log: Path, hear: Callable[[Mapping[str, Any]], None]) -> None:
        self._arguments = arguments
        self._log = log
        self._hear = hear
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it opens its ports by itself."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tocsin_host.cli", "collect", "--json", *self._arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._listener.start()

    def kill(self) -> None:
        """kill -9."""
        self._end(lambda process: process.kill())

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(lambda process: process.terminate())

    def console(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _end(self, how: "Callable[[subprocess.Popen[str]], None]") -> None:
        if self._process is None:
            return
        how(self._process)
        self._process.wait(_STOP_PATIENCE_S)
        if self._listener is not None:
            self._listener.join(_STOP_PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _listen(self, output: IO[str]) -> None:
        for line in output:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # a line cut short by kill -9
            self._hear(event)
