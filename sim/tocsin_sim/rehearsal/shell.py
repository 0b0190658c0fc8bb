"""The technician's shell: commands run as they are typed, shown, and held to what must come of them.

Role in the flow: the field rehearsal. Context: CPython.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tocsin_host.unlock import KEY_FILE_VARIABLE

HOST_KEY_FILE = "host.key"
_PATIENCE_S = 900


class StepError(Exception):
    """A step that did not come out as it must; the text says what came instead."""


class Shell:
    """Runs commands in `folder`; `show` gets every line that a person would see."""

    def __init__(self, folder: Path, show: Callable[[str], None]) -> None:
        self.folder = folder
        self.show = show

    def tocsin(self, *words: object, fails: bool = False, key_file: str = HOST_KEY_FILE) -> str:
        """What `tocsin WORDS` printed. Raises: StepError when it fails, or with `fails` when it does not.

        `key_file` unlocks the keys: the signer's are not those of the host that collects.
        """
        return self._run("tocsin", [sys.executable, "-m", "tocsin_host.cli"], words, fails, key_file)

    def mpremote(self, *words: object, fails: bool = False) -> str:
        """The same for mpremote."""
        return self._run("mpremote", [sys.executable, "-m", "mpremote"], words, fails)

    def collector(self, port: Path) -> Collector:
        """`tocsin collect` beside everything else, until its block ends."""
        self.show(f"$ tocsin collect --port {port.name} &")
        command = [sys.executable, "-m", "tocsin_host.cli", "collect", "--port", port.name, "--json"]
        return Collector(self, command)

    def start(self, command: list[str], output: Path) -> subprocess.Popen[bytes]:
        """A command that stays."""
        with output.open("ab") as file:
            return subprocess.Popen(command, cwd=self.folder, env=_environment(HOST_KEY_FILE), stdout=file, stderr=file)

    def _run(
        self, name: str, command: list[str], words: tuple[object, ...], fails: bool, key_file: str = HOST_KEY_FILE
    ) -> str:
        texts = [f'"{word}"' if " " in str(word) else str(word) for word in words]
        prefix = "" if key_file == HOST_KEY_FILE else f"{KEY_FILE_VARIABLE}={key_file} "
        self.show(f"$ {prefix}{name} {' '.join(texts)}")
        done = subprocess.run(
            [*command, *map(str, words)],
            cwd=self.folder,
            env=_environment(key_file),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        if (done.returncode != 0) != fails:
            raise StepError(f"{name} {' '.join(texts)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout


class Collector:
    """`with shell.collector(port) as collector:` the collector runs."""

    def __init__(self, shell: Shell, command: list[str]) -> None:
        self._shell = shell
        self._command = command

    def __enter__(self) -> Collector:
        self._log = self._shell.folder / "collector.log"
        self._process = self._shell.start(self._command, self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def wait_for(self, what: str, is_it: Callable[[list[dict[str, Any]]], bool], patience_s: float = 300) -> None:
        """Until the stored records satisfy. Raises: StepError naming `what` after `patience_s`."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            if self._process.poll() is not None:
                raise StepError(f"the collector ended: {self._log.read_text()[-1000:]}")
            rows = stored(self._shell)
            if is_it(rows):
                return
            time.sleep(1)
        last = [row["text"] or row["type"] for row in stored(self._shell)[-8:]]
        raise StepError(f"{what}: not within {patience_s:.0f} s; the last records: {last}")


def _environment(key_file: str) -> dict[str, str]:
    return {**os.environ, KEY_FILE_VARIABLE: key_file, "PYTHONUNBUFFERED": "1"}


def stored(shell: Shell) -> list[dict[str, Any]]:
    """All records of the gateway in the store, oldest first; none before the first."""
    command = [sys.executable, "-m", "tocsin_host.cli", "log", "show", "gallery", "--json"]
    done = subprocess.run(command, cwd=shell.folder, capture_output=True, text=True, timeout=60, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]
