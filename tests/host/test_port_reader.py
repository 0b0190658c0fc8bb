"""Ports that are stuck, flood, or vanish, and what the collector's loop makes of them."""

import os
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
import serial
from tocsin import messages
from tocsin.framing import FrameReader, encode_frame
from tocsin_host import port_reader
from tocsin_host.collect_command import serve
from tocsin_host.collector import Collector
from tocsin_host.lib_hash import lib_hash
from tocsin_host.port_reader import QUEUED_EVENTS, PortEvent, PortReader
from tocsin_host.store import Store

PATIENCE_S = 30


class FakePort:
    """A serial port in memory. While `is_stuck` is set, a write does not return; an error in `incoming` is raised."""

    def __init__(self) -> None:
        self.incoming: Queue[bytes | OSError] = Queue()
        self.written: Queue[bytes] = Queue()
        self.is_stuck = threading.Event()
        self.let_go = threading.Event()
        self.in_waiting = 0

    def read(self, size: int) -> bytes:
        try:
            data = self.incoming.get(timeout=0.01) if size else b""
        except Empty:
            return b""
        if isinstance(data, OSError):
            raise data
        return data

    def write(self, data: bytes) -> int:
        if self.is_stuck.is_set():
            self.let_go.wait(PATIENCE_S)
            raise serial.SerialTimeoutException("Write timeout")
        self.written.put(data)
        return len(data)

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def fake_ports(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakePort]:
    ports = {"good": FakePort(), "bad": FakePort()}
    monkeypatch.setattr(port_reader.serial, "serial_for_url", lambda url, *_, **__: ports[url])
    return ports


@pytest.fixture
def pty_path() -> Iterator[tuple[int, str]]:
    """(master, path of the slave)"""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


class Loop:
    """The collector's loop in a thread, on the ports named."""

    def __init__(self, store_folder: Path, gateways: list[Any], urls: list[str]) -> None:
        self.events: Queue[dict[str, Any]] = Queue()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._arguments = store_folder, {one.secrets.gateway: one.secrets for one in gateways}
        self.queue: Queue[PortEvent] = Queue(QUEUED_EVENTS)
        self._readers = [PortReader(url, url, self.queue) for url in urls]
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        folder, secrets = self._arguments
        with Store(folder) as store:
            collector = Collector(store, secrets, bytes.fromhex(lib_hash()), lambda: 0, self.events.put)
            serve(collector, self.queue, self._stopping)

    def __enter__(self) -> "Loop":
        for thread in (*self._readers, self._thread):
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for reader in self._readers:
            reader.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def wait_for_frame(port: FakePort, kind: int) -> bytes:
    while True:
        for body in FrameReader().receive(port.written.get(timeout=PATIENCE_S)):
            if body[0] == kind:
                return body


def test_stuck_port_does_not_hold_up_the_other(
    tmp_path: Path, fake_ports: dict[str, FakePort], soft_gateway: Callable[..., Any]
) -> None:
    good, bad = soft_gateway("gallery", 1), soft_gateway("storeroom", 2)
    good.make(3)
    fake_ports["bad"].is_stuck.set()
    with Loop(tmp_path, [good, bad], ["good", "bad"]):
        fake_ports["bad"].incoming.put(bad.session.transmit(0))
        fake_ports["good"].incoming.put(good.session.transmit(0))
        good.hear(encode_frame(wait_for_frame(fake_ports["good"], messages.WELCOME)))
        fake_ports["good"].incoming.put(good.session.transmit(0))
        assert messages.decode_ack(wait_for_frame(fake_ports["good"], messages.ACK)) == (3, 3, 0)
        assert fake_ports["bad"].written.empty()
        fake_ports["bad"].let_go.set()


def test_port_whose_write_failed_is_reported_and_opened_again(
    tmp_path: Path, fake_ports: dict[str, FakePort], soft_gateway: Callable[..., Any]
) -> None:
    bad = fake_ports["bad"]
    bad.is_stuck.set()
    bad.let_go.set()
    with Loop(tmp_path, [soft_gateway()], ["bad"]) as loop:
        assert loop.events.get(timeout=PATIENCE_S)["state"] == "open"
        lost = loop.events.get(timeout=PATIENCE_S)
        assert (lost["state"], lost["detail"]) == ("lost", "Write timeout")
        bad.is_stuck.clear()
        assert loop.events.get(timeout=PATIENCE_S)["state"] == "open"
        wait_for_frame(bad, messages.WHO)


def test_port_that_never_falls_silent_does_not_keep_the_other_from_its_ack(
    tmp_path: Path, fake_ports: dict[str, FakePort], soft_gateway: Callable[..., Any]
) -> None:
    good = soft_gateway("gallery", 1)
    good.make(3)
    done = threading.Event()

    def flood(_: int) -> bytes:
        return b"" if done.is_set() else b"\x55" * 500

    fake_ports["bad"].read = flood  # type: ignore[method-assign]
    with Loop(tmp_path, [good], ["good", "bad"]):
        fake_ports["good"].incoming.put(good.session.transmit(0))
        good.hear(encode_frame(wait_for_frame(fake_ports["good"], messages.WELCOME)))
        fake_ports["good"].incoming.put(good.session.transmit(0))
        assert messages.decode_ack(wait_for_frame(fake_ports["good"], messages.ACK)) == (3, 3, 0)
        done.set()


def test_port_that_takes_nothing_is_given_up_without_waiting(pty_path: tuple[int, str]) -> None:
    _, path = pty_path
    queue: Queue[PortEvent] = Queue(QUEUED_EVENTS)
    reader = PortReader("port", path, queue)
    reader.start()
    opened = queue.get(timeout=PATIENCE_S)
    for _ in range(3000):  # more than the line and the queue behind it can hold
        opened.write(bytes(100))
    lost = queue.get(timeout=PATIENCE_S)
    assert (lost.kind, lost.detail) == ("lost", "the port takes no bytes")
    reader.stop()


def test_write_to_an_opening_that_is_over_reaches_no_later_one(tmp_path: Path, fake_ports: dict[str, FakePort]) -> None:
    queue: Queue[PortEvent] = Queue(QUEUED_EVENTS)
    reader = PortReader("good", "good", queue)
    reader.start()
    first = queue.get(timeout=PATIENCE_S)
    old, fake_ports["good"] = fake_ports["good"], FakePort()
    old.incoming.put(OSError("gone"))
    assert [queue.get(timeout=PATIENCE_S).kind for _ in range(2)] == ["lost", "open"]
    first.write(b"late")
    assert fake_ports["good"].written.empty()
    reader.stop()


def test_two_readers_do_not_share_a_port(pty_path: tuple[int, str]) -> None:
    _, path = pty_path
    queue: Queue[PortEvent] = Queue(QUEUED_EVENTS)
    readers = [PortReader(name, path, queue) for name in ("first", "second")]
    for reader in readers:
        reader.start()
    events = [queue.get(timeout=PATIENCE_S) for _ in readers]
    for reader in readers:
        reader.stop()
    assert sorted(event.kind for event in events) == ["lost", "open"]
    assert "lock" in next(event.detail for event in events if event.kind == "lost")


def test_url_that_no_port_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        PortReader("x", "nonsense://x", Queue())
    PortReader("x", "socket://127.0.0.1:1", Queue())
    PortReader("x", "/dev/not-there-yet", Queue())
