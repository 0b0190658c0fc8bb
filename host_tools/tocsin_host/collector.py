"""The collector: frames in, verified records into the store, acknowledgements out - in this order.

Role in the flow: stages 9 and 10. Context: host; one thread calls it, ports come and go.
It must never: acknowledge what the store has not committed, or let one gateway's bad bytes stop another's good ones.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

from tocsin import host_session, messages
from tocsin.event import type_name
from tocsin.record import seq_of, unpack

from .describe import record_text
from .gateway_record import KNOWN, NEW, GatewayRecord
from .keys import GatewaySecrets
from .store import Store, StoredRecord
from .store_errors import StoreError

Write = Callable[[bytes], None]
Report = Callable[[dict[str, Any]], None]


class _Port:
    """One open port: its protocol state, the gateway behind it, and what it is owed."""

    def __init__(self, name: str, write: Write) -> None:
        self.name = name
        self.write = write
        self.session = host_session.HostSession()
        self.gateway: GatewayRecord | None = None
        self.owes_ack = False
        self.owes_resend = False
        self.asked_who = False
        self.damaged_told = 0


class Collector:
    """Verifies, stores and acknowledges for all ports of a host.

    `secrets` by gateway name; `clock()` gives UTC in ms; `report` hears of every event as a dict with a key "event".
    """

    def __init__(
        self,
        store: Store,
        secrets: Mapping[str, GatewaySecrets],
        lib_hash: bytes,
        clock: Callable[[], int],
        report: Report,
    ) -> None:
        self._store = store
        self._lib_hash = lib_hash
        self._clock = clock
        self._report = report
        self._ports: dict[str, _Port] = {}
        self._batch: list[StoredRecord] = []
        self._proven: dict[str, tuple[int, bytes]] = {}
        self._last_finding: dict[str, tuple[int, str]] = {}
        heads = store.heads()
        self._gateways = {name: GatewayRecord(one, heads.get(name)) for name, one in secrets.items()}

    def opened(self, port_name: str, write: Write) -> None:
        """A port was opened: ask who is there."""
        port = self._ports[port_name] = _Port(port_name, write)
        self._report({"event": "port", "port": port_name, "state": "open"})
        port.write(port.session.who())

    def lost(self, port_name: str, reason: str) -> None:
        """A port disappeared."""
        self._ports.pop(port_name, None)
        self._report({"event": "port", "port": port_name, "state": "lost", "detail": reason})

    def receive(self, port_name: str, data: bytes) -> None:
        """Bytes came in. What is stored is acknowledged by the next flush()."""
        port = self._ports.get(port_name)
        if port is None:
            return
        for event in port.session.receive(data):
            self._take(port, event)
        self._tell_damaged(port)

    def flush(self) -> None:
        """Commit what was verified, then acknowledge it. On a store error nothing is acknowledged, and nothing is lost."""
        try:
            self._store.append(self._batch)
        except StoreError as error:
            self._forget_batch(error)
        else:
            for row in self._batch:
                self._report(_record_event(row))
            self._acknowledge()
        self._batch = []
        self._proven = {}

    def send_commands(self) -> None:
        """Send what was put into the outbox since the last call."""
        for port in self._ports.values():
            if port.session.is_up and port.gateway is not None:
                self._send_commands(port, port.gateway)

    def _send_commands(self, port: _Port, gateway: GatewayRecord) -> None:
        try:
            orders = self._store.commands_after(gateway.secrets.gateway, gateway.command_counter)
        except StoreError as error:
            self._report({"event": "error", "detail": str(error)})
            return
        for order in orders:
            gateway.command_counter = order.counter
            port.write(port.session.command(order.counter, order.code, order.argument))

    def _take(self, port: _Port, event: tuple[Any, ...]) -> None:
        kind = event[0]
        if kind == host_session.RECORD:
            self._take_record(port, event[1], event[2])
            return
        self.flush()
        if kind == host_session.HELLO:
            self._take_hello(port, event[1], event[2])
        elif kind == host_session.TIME_ASK and self._is_known(port):
            port.write(port.session.time(event[1], self._clock()))
        elif kind == host_session.PING:
            self.send_commands()
            port.write(port.session.pong(event[1]))

    def _is_known(self, port: _Port) -> bool:
        """Whether `port` has a session; if not, ask once who is there."""
        if port.session.is_up and port.gateway is not None:
            return True
        if not port.asked_who:
            port.asked_who = True
            port.write(port.session.who())
        return False

    def _take_hello(self, port: _Port, hello: messages.Hello, body: bytes) -> None:
        gateway = self._gateways.get(hello.name)
        refusal = self._refusal(gateway, hello, body)
        if gateway is None or refusal:
            self._find(hello.name, -1, "refused", messages.REFUSAL_TEXTS[refusal])
            port.write(port.session.refuse(refusal))
            return
        if hello.next_seq < gateway.next_seq:
            detail = f"the gateway is at record {hello.next_seq}, the host has {gateway.next_seq}: an older state was restored"
            self._find(hello.name, hello.next_seq, "rollback", detail)
        if hello.lib_hash != self._lib_hash:
            detail = f"the gateway runs library {hello.lib_hash.hex()}, this host {self._lib_hash.hex()}"
            self._find(hello.name, -1, "version", detail)
        port.gateway = gateway
        port.asked_who = False
        port.owes_ack = port.owes_resend = False
        gateway.command_counter = hello.command_counter
        nonce = os.urandom(messages.NONCE_BYTES)
        link_key = gateway.secrets.link_key
        port.write(port.session.welcome(hello, link_key, self._lib_hash, gateway.next_seq, nonce))
        self._report({"event": "session", "gateway": hello.name, "port": port.name, "boot": hello.boot})
        self.send_commands()

    def _refusal(self, gateway: GatewayRecord | None, hello: messages.Hello, body: bytes) -> int:
        if gateway is None:
            return messages.REFUSED_UNKNOWN_GATEWAY
        if not messages.is_sealed(gateway.secrets.link_key, body):
            return messages.REFUSED_WRONG_LINK_KEY
        if hello.wire_version != messages.WIRE_VERSION:
            return messages.REFUSED_WIRE_VERSION
        return 0

    def _take_record(self, port: _Port, record: bytes, previous_mac: bytes | None) -> None:
        if not self._is_known(port) or port.gateway is None:
            return
        gateway = port.gateway
        name = gateway.secrets.gateway
        self._proven.setdefault(name, gateway.proven())
        verdict, detail = gateway.judge(record, previous_mac, self._store)
        port.owes_ack = True
        if verdict in (NEW, "gap"):
            gap_mac = previous_mac if verdict == "gap" else None
            self._batch.append(StoredRecord(name, seq_of(record), record, gap_mac, self._clock()))
        if verdict == "out-of-order":
            port.owes_resend = True
        elif verdict not in (NEW, KNOWN):
            self._find(name, seq_of(record), verdict, detail)

    def _acknowledge(self) -> None:
        for port in self._ports.values():
            if port.owes_ack and port.gateway is not None:
                port.write(port.session.ack(port.gateway.next_seq, port.owes_resend))
            port.owes_ack = port.owes_resend = False

    def _forget_batch(self, error: StoreError) -> None:
        for name, proven in self._proven.items():
            self._gateways[name].go_back(proven)
        for port in self._ports.values():
            port.owes_ack = port.owes_resend = False
        self._report({"event": "error", "detail": str(error)})

    def _find(self, gateway: str, seq: int, kind: str, detail: str) -> None:
        """Store and tell what is wrong; the same thing again and again only once."""
        if self._last_finding.get(gateway) == (seq, kind):
            return
        self._last_finding[gateway] = (seq, kind)
        self._report({"event": "finding", "gateway": gateway, "seq": seq, "kind": kind, "detail": detail})
        try:
            self._store.finding(gateway, seq, kind, detail, self._clock())
        except StoreError as error:
            self._report({"event": "error", "detail": str(error)})

    def _tell_damaged(self, port: _Port) -> None:
        count = port.session.damaged_count
        if count != port.damaged_told:
            detail = f"{count - port.damaged_told} damaged frames on {port.name}"
            port.damaged_told = count
            self._report({"event": "noise", "port": port.name, "detail": detail})


def _record_event(row: StoredRecord) -> dict[str, Any]:
    record = unpack(row.record)
    return {
        "event": "record",
        "gateway": row.gateway,
        "seq": record.seq,
        "type": type_name(record.type),
        "source": record.source,
        "utc_ms": record.utc_ms,
        "boot": record.boot,
        "uptime_ms": record.uptime_ms,
        "value": record.value,
        "count": record.count,
        "text": record_text(record),
    }
