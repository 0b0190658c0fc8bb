"""A gateway, a broker and a collector, each a process of its own, over real sockets of 127.0.0.1 in real time.

A test waits for what must happen and looks at what did; how long the machine took decides only when it is given up.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tocsin.event import TYPE_TROUBLE
from tocsin.record import unpack
from tocsin_host.keys import NetworkSecrets, load_secrets, make_secrets, secrets_path, write_secrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.store import Store
from tocsin_sim import provision
from tocsin_sim.board_process import micropython_executable
from tocsin_sim.broker_process import BrokerProcess, free_port, make_certificate
from tocsin_sim.collector_process import CollectorProcess

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATIENCE_S = 240
TEST_TROUBLE = 99


class Museum:
    """The three processes and what they leave behind. `record_count` test records are made once `go()` was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.flash = folder / "flash"
        self.flash_files: dict[str, bytes] = {}
        self.events: list[Mapping[str, Any]] = []
        secrets = make_secrets("gallery")._replace(network=NetworkSecrets("wireless secret", "broker secret"))
        write_secrets(secrets_path(self.keys, "gallery"), secrets)
        (self.keys / "collector.password").write_text("host secret\n")
        self.certificate = make_certificate(folder, "broker")
        self.broker = BrokerProcess(folder, "gallery:broker secret\ncollector:host secret\n")
        self.cable_port = free_port()
        self.collector = CollectorProcess([], folder / "collector.log", self.events.append)
        self._gateway: subprocess.Popen[bytes] | None = None

    def start_gateway(self, record_count: int = 0, every_ms: int = 2, cable: bool = False, **network: Any) -> None:
        """Provision it if it is new, and switch it on; `network` replaces entries of its configuration."""
        if not self.flash.exists():
            found = {"ssid": "museum", "broker": "127.0.0.1", "port": self.broker.port}
            found.update({"certificates": [self.certificate], **network})
            head = {"gateway": "gallery", "board": "sim_bench", "lib_hash": lib_hash(), "network": found}
            zones = [{"zone": 1, "type": "contact", "pin": 2, "rest": 0, "modes": "1333"}]
            provision.flash(
                self.flash, load_secrets(secrets_path(self.keys, "gallery")), {**head, "zones": zones}, self.flash_files
            )
        folders = [*(str(ROOT / name) for name in ("lib", "firmware", "boards", "sim")), ".frozen"]
        script = [micropython_executable(), "-X", "heapsize=16m", str(HERE / "gateway_process.py"), str(self.flash)]
        port = self.cable_port if cable else 0
        with (self.folder / "gateway.log").open("ab") as log:
            self._gateway = subprocess.Popen(
                [*script, str(port), str(record_count), str(every_ms)],
                env=os.environ | {"MICROPYPATH": ":".join(folders)},
                stdout=log,
                stderr=log,
            )

    def wait_gateway_ends(self) -> None:
        """Until it restarts by itself: it has to be switched on again."""
        assert self._gateway is not None
        self._gateway.wait(PATIENCE_S)
        self._gateway = None

    def stop_gateway(self) -> None:
        """Pull its plug."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait()
            self._gateway = None

    def start_collector(self, *arguments: str, mqtt: bool = True) -> None:
        """`tocsin collect` on the broker, and on what `arguments` name."""
        url = f"mqtts://127.0.0.1:{self.broker.port}"
        network = ["--mqtt", url, "--mqtt-ca", str(self.folder / "broker.crt")] if mqtt else []
        store = ["--store", str(self.folder / "store"), "--keys", str(self.keys)]
        self.collector = CollectorProcess(
            [*network, *store, *arguments], self.folder / "collector.log", self.events.append
        )
        self.collector.start()

    def cable(self) -> list[str]:
        """Arguments for a collector on the gateway's cable."""
        return ["--port", f"usb=socket://127.0.0.1:{self.cable_port}"]

    def go(self) -> None:
        """Let the gateway make its test records."""
        (self.flash / "go").touch()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until it holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"never: {what}\n{self.console()}"
            assert self._gateway is None or self._gateway.poll() is None, f"the gateway ended\n{self.console()}"
            time.sleep(0.05)

    def wait_event(self, event: str, port: str, state: str = "", detail: str = "", after: int = 0) -> Mapping[str, Any]:
        """The first event of that kind, port, state and part of its detail."""

        def found() -> list[Mapping[str, Any]]:
            return [
                one
                for one in self.events[after:]
                if (one["event"], one.get("port")) == (event, port)
                and one.get("state", "") == state
                and detail in one.get("detail", "")
            ]

        self.wait(lambda: bool(found()), f"{event} {port} {state} {detail}")
        return found()[0]

    def test_records(self) -> list[int]:
        """Numbers of the test records in the store, by seq."""
        return [number for code, number in self._troubles() if code == TEST_TROUBLE]

    def troubles(self) -> list[int]:
        """Codes of the gateway's own troubles in the store, by seq."""
        return [code for code, _ in self._troubles() if code != TEST_TROUBLE]

    def _troubles(self) -> list[tuple[int, int]]:
        with Store(self.folder / "store", read_only=True) as store:
            records = [unpack(row.record) for row in store.records("gallery")]
        return [(record.value, record.count) for record in records if record.type == TYPE_TROUBLE]

    def told(self) -> int:
        """How many test records the collector has reported as stored."""
        return len([e for e in self.events if e["event"] == "record" and f"code {TEST_TROUBLE}" in e.get("text", "")])

    def findings(self) -> list[str]:
        """What the collector found wrong."""
        with Store(self.folder / "store", read_only=True) as store:
            return [f"{finding.kind}: {finding.detail}" for finding in store.findings()]

    def console(self) -> str:
        """For a person who looks for the reason: what every process said last."""
        logs = {name: (self.folder / name) for name in ("gateway.log", "collector.log", "log")}
        texts = [f"{n}: {p.read_text(errors='replace')[-3000:]}" for n, p in logs.items() if p.exists()]
        return "\n".join([*texts, *(json.dumps(event) for event in self.events[-20:])])

    def end(self) -> None:
        """Stop everything."""
        self.collector.stop()
        self.stop_gateway()
        self.broker.kill()


@pytest.fixture
def museum(tmp_path: Path) -> Iterator[Museum]:
    """A museum with a broker that is not started yet."""
    found = Museum(tmp_path)
    yield found
    found.end()
