"""`tocsin collect` as a real process: on a pseudo-terminal or a socket, killed, unplugged, told to end."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tocsin import event
from tocsin_host.checkpoint import open_checkpoint
from tocsin_host.cli import tocsin
from tocsin_host.keys import secrets_path, write_secrets
from tocsin_host.log_key import make_log_key
from tocsin_host.store import Store

PATIENCE_S = 60


class PtyPort:
    """A pseudo-terminal under a fixed path, which can be unplugged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.fd, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.fd, False)
        self.path.symlink_to(os.ttyname(self.slave))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self.fd)
        os.close(self.slave)


class Bench:
    """A collector process, its store, and a soft gateway at the other end of a file descriptor."""

    def __init__(self, folder: Path, gateway: Any, url: str) -> None:
        self.folder = folder
        self.gateway = gateway
        self.command = [sys.executable, "-m", "tocsin_host.cli", "collect", "--json"]
        self.command += ["--store", str(folder / "store"), "--port", url]
        write_secrets(self._keys(), gateway.secrets)
        self.process: subprocess.Popen[bytes] | None = None

    def _keys(self) -> Path:
        keys = self.folder / "store" / "keys"
        keys.mkdir(parents=True)
        return secrets_path(keys, self.gateway.secrets.gateway)

    def start(self) -> None:
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=subprocess.STDOUT)

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def stored(self) -> list[bytes]:
        with Store(self.folder / "store", read_only=True) as store:
            return [row.record for row in store.records("gallery")]

    def converse(self, fd: int, until: Callable[[], bool]) -> None:
        """Carry bytes both ways until `until()`; the gateway's clock is the real one."""
        started_s = time.monotonic()
        pending = b""
        while not until():
            elapsed_s = time.monotonic() - started_s
            assert elapsed_s < PATIENCE_S, self.output()
            pending += self.gateway.session.transmit(int(elapsed_s * 1000))
            readable, writable, _ = select.select([fd], [fd] if pending else [], [], 0.02)
            if writable:
                pending = pending[os.write(fd, pending) :]
            if readable:
                self.gateway.hear(os.read(fd, 4096), int(elapsed_s * 1000))
        self.gateway.session.line_lost()  # its clock starts again at the next call

    def all_acknowledged(self) -> bool:
        session = self.gateway.session
        return session.is_up and self.gateway.acked_seq == self.gateway.next_seq


@pytest.fixture
def port(tmp_path: Path) -> Iterator[PtyPort]:
    made = PtyPort(tmp_path / "port")
    yield made
    made.unplug()


@pytest.fixture
def bench(tmp_path: Path, port: PtyPort, soft_gateway: Callable[..., Any]) -> Iterator[Bench]:
    made = Bench(tmp_path, soft_gateway(), f"gallery={port.path}")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


def records(gateway: Any) -> list[bytes]:
    return [gateway.read(seq) for seq in range(gateway.next_seq)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everything_arrives_and_a_signal_ends_it_cleanly(bench: Bench, port: PtyPort, number: int) -> None:
    bench.gateway.make(100)
    bench.start()
    bench.converse(port.fd, bench.all_acknowledged)
    assert bench.end(number) == 0
    assert not (bench.folder / "store" / "tocsin.db-wal").exists()  # closed, not just dropped
    assert bench.stored() == records(bench.gateway)
    assert "Traceback" not in bench.output()


def test_people_have_their_names_where_the_site_is_given(bench: Bench, port: PtyPort) -> None:
    staffed = Path(__file__).parents[2] / "sim/sites/staffed.toml"
    bench.command += ["--site", str(staffed)]
    bench.gateway.make(1, event.SERVICE_BEGUN, event.TYPE_SERVICE, 20 | 4 << 8)
    bench.start()
    bench.converse(port.fd, bench.all_acknowledged)
    assert bench.end(signal.SIGTERM) == 0
    assert "console open for 20 min, to a technician's key, T. Doerr" in bench.output()


def test_gateway_that_speaks_before_the_port_is_open_gets_its_session(bench: Bench, port: PtyPort) -> None:
    for _ in range(3):
        bench.gateway.make(5)
        os.write(port.fd, bench.gateway.session.transmit(0)[:-7])  # half a hello lies in the line
        bench.start()
        bench.converse(port.fd, bench.all_acknowledged)
        assert bench.end(signal.SIGTERM) == 0
    assert bench.stored() == records(bench.gateway)
    assert "finding" not in bench.output()


def test_port_that_disappears_within_a_frame_and_comes_back(bench: Bench, port: PtyPort) -> None:
    bench.gateway.make(10)
    bench.start()
    bench.converse(port.fd, bench.all_acknowledged)
    for _ in range(2):
        bench.gateway.make(10)
        os.write(port.fd, bench.gateway.session.transmit(0)[:20])
        port.unplug()
        bench.gateway.session.line_lost()
        port.plug()
        bench.converse(port.fd, bench.all_acknowledged)
    assert bench.end(signal.SIGTERM) == 0
    assert bench.stored() == records(bench.gateway)
    assert bench.output().count('"state": "lost"') >= 2
    assert "finding" not in bench.output()


def test_kill_minus_nine_and_restart_lose_and_double_nothing(bench: Bench, port: PtyPort) -> None:
    for round_ in range(4):
        bench.start()
        target = bench.gateway.next_seq + 3 * round_
        bench.gateway.make(40)
        bench.converse(port.fd, lambda target=target: bench.gateway.acked_seq >= target + 1)  # type: ignore[misc]
        bench.end(signal.SIGKILL)
        stored = bench.stored()
        assert len(stored) > target
        assert stored == records(bench.gateway)[: len(stored)]
    bench.start()
    bench.converse(port.fd, bench.all_acknowledged)
    assert bench.end(signal.SIGTERM) == 0
    assert bench.stored() == records(bench.gateway)
    assert "finding" not in bench.output()


def test_order_put_into_the_outbox_is_sent(bench: Bench, port: PtyPort) -> None:
    bench.start()
    bench.converse(port.fd, bench.all_acknowledged)
    with Store(bench.folder / "store") as store:
        store.add_command("gallery", 1, 0, 0)
    bench.converse(port.fd, lambda: bool(bench.gateway.commands))
    assert bench.gateway.commands == [(1, 1, 0)]


def test_socket_url(tmp_path: Path, soft_gateway: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        bench = Bench(tmp_path, soft_gateway(), f"socket://127.0.0.1:{server.getsockname()[1]}")
        bench.gateway.make(20)
        bench.start()
        try:
            for _ in range(2):
                server.settimeout(PATIENCE_S)
                connection, _ = server.accept()
                with connection:
                    bench.converse(connection.fileno(), bench.all_acknowledged)
                bench.gateway.make(20)
            connection, _ = server.accept()
            with connection:
                bench.converse(connection.fileno(), bench.all_acknowledged)
        finally:
            assert bench.end(signal.SIGTERM) == 0
    assert bench.stored() == records(bench.gateway)


def collect(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(tocsin, ["collect", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_missing_secrets_name_the_command_that_makes_them(tmp_path: Path) -> None:
    result = collect("--port", "x", "--store", tmp_path)
    assert result.exit_code == 1
    assert f"run: tocsin provision SITE.toml --keys {tmp_path / 'keys'}" in result.output


def test_secrets_that_others_may_read_are_refused(tmp_path: Path, soft_gateway: Callable[..., Any]) -> None:
    path = secrets_path(tmp_path, "gallery")
    write_secrets(path, soft_gateway().secrets)
    path.chmod(0o644)
    result = collect("--port", "x", "--store", tmp_path, "--keys", tmp_path)
    assert result.exit_code == 1
    assert "chmod 600" in result.output


def test_arguments_that_cannot_work_are_refused(tmp_path: Path, soft_gateway: Callable[..., Any]) -> None:
    write_secrets(secrets_path(tmp_path, "gallery"), soft_gateway().secrets)
    common = ("--store", tmp_path, "--keys", tmp_path)
    site = tmp_path / "site.toml"
    site.write_text('name = "x"\nnonsense = 1\n')
    for arguments, told in (
        (("--port", "nonsense://x"), "give a device or a pyserial URL"),
        (("--port", "a=x", "--port", "a=y"), "--port a: given twice"),
        (("--port", "x", "--site", site), "site.toml:2"),
        (("--port", "x", "--clock", tmp_path / "no-clock"), "no-clock"),
    ):
        result = collect(*arguments, *common)
        assert result.exit_code == 1, result.output
        assert told in result.output


def test_checkpoints_are_signed_while_it_collects(bench: Bench, port: PtyPort) -> None:
    key = make_log_key(bench.folder / "store" / "keys", "museum.example/tocsin")
    bench.command += ["--checkpoint-every", "0.05"]
    bench.gateway.make(30)
    bench.start()
    signed = bench.folder / "store" / "keys" / "log.signed"
    bench.converse(port.fd, lambda: signed.exists() and "\n30\n" in signed.read_text())
    assert bench.end(signal.SIGTERM) == 0, bench.output()
    assert open_checkpoint(signed.read_text(), key).size == 30
    assert '"event": "checkpoint"' in bench.output()


def test_without_a_log_key_it_says_that_nothing_is_signed(bench: Bench, port: PtyPort) -> None:
    bench.gateway.make(3)
    bench.start()
    bench.converse(port.fd, bench.all_acknowledged)
    assert bench.end(signal.SIGTERM) == 0
    assert "no checkpoints are signed; make a log key with: tocsin checkpoint init NAME" in bench.output()
