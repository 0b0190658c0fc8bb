"""What lies on the technician's bench: the shell, the board, hands for its doors, and firmware that must not run.

Role in the flow: the field rehearsal. Context: CPython.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.bundle import signed_message
from tocsin_host.board_check import BoardError
from tocsin_host.board_port import open_port
from tocsin_host.keys import load_secrets, secrets_path
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway
from tocsin_host.unlock import KEY_FILE_VARIABLE
from tocsin_host.update_bundle import join_bundle, make_manifest
from tocsin_host.update_key import sign_update
from tocsin_host.update_send import send_bundle

from tocsin_sim.broken_firmware import broken_files
from tocsin_sim.rehearsal.bench_board import BenchBoard
from tocsin_sim.rehearsal.shell import Shell, StepError

SITE = Path(__file__).parents[2] / "sites" / "rehearsal.toml"
_PATIENCE_S = 600  # a busy machine is much slower than the chip
FRONT_DOOR, STORE_DOOR, LID = 2, 3, 4
TECHNICIAN = 4  # T. Doerr


class Bench:
    """`shell` and `board`."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.board = BenchBoard(shell.folder, compile_gateway(load_site(SITE), "gallery", lib_hash()))

    @contextmanager
    def moving(self, pin: int, after_s: float) -> Iterator[None]:
        """A hand opens and closes a door while the block runs, `after_s` of the chip's time from now on."""

        def hand() -> None:
            self.board.wait_s(after_s)
            self.board.move(pin)

        thread = threading.Thread(target=hand)
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def make_broken(self, path: Path, version: int, key: str = "update-key", key_file: str = "signer.key") -> None:
        """A bundle, signed with the key in the folder `key`, whose firmware fails as soon as it starts."""
        files = broken_files()
        manifest = make_manifest(files, "pico_w", version, 0, bytes.fromhex(lib_hash()))
        with self._unlocked(key_file):
            signature = sign_update(self.shell.folder / key, version, signed_message(manifest.encode()))
        path.write_bytes(join_bundle(manifest, signature, files))

    def send_unchecked(self, bundle: Path) -> None:
        """Send what the host's own check would keep back; the gateway must refuse it. Raises: StepError if not."""
        with self._unlocked("host.key"):
            secrets = load_secrets(secrets_path(self.shell.folder / "store" / "keys", "gallery"))
        with open_port(str(self.board.port)) as port:
            try:
                send_bundle(port, "gallery", secrets.link_key, bundle.read_bytes(), lambda at: None, _PATIENCE_S)
            except BoardError as error:
                if "signature" in str(error):
                    return
                raise StepError(f"refused for another reason: {error}") from error
        raise StepError("the gateway took firmware that nobody signed")

    @contextmanager
    def _unlocked(self, key_file: str) -> Iterator[None]:
        os.environ[KEY_FILE_VARIABLE] = str(self.shell.folder / key_file)
        try:
            yield
        finally:
            del os.environ[KEY_FILE_VARIABLE]
