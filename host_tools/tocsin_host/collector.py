"""The collector: frames in, verified records into the store, acknowledgements out - in this order.

Role in the flow: stages 9 and 10. Context: host; one thread calls it, ports come and go.
It must never: acknowledge what the store has not committed, or let one gateway's bad bytes stop another's good ones.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

from tocsin import host_messages, host_session, messages
from tocsin.record import seq_of
from tocsin.seal import key_id

from .describe import record_event
from .finding_log import FindingLog, Report
from .gateway_record import GatewayRecord, Judgement, Place, refusal_of
from .host_clock import uptime_ms
from .keys import GatewaySecrets
from .order_line import OrderLine
from .revocations import Revocations
from .silence import SILENT_AFTER_S, SilenceWatch
from .store import Store, StoredRecord
from .store_errors import StoreError
from .update_courier import UpdateCourier

Write = Callable[[bytes], None]


class _Port:
    """One open port: its protocol state, the gateway behind it, what it is owed and what it was told."""

    def __init__(self, name: str, write: Write) -> None:
        self.name = name
        self.write = write
        self.session = host_session.HostSession()
        self.gateway: GatewayRecord | None = None
        # Records that came since the last ack.
        self.came: set[int] = set()
        self.asked_who = False
        self.tell_damaged_at = 1


class Collector:
    """Verifies, stores and acknowledges for all ports of a host.

    `secrets` by gateway name; `people`, names by number; `clock()` gives UTC in ms; `report` hears of every event as a
    dict with a key "event"; `silence` watches the same gateways, for 30 s on this computer's clock unless given; the
    caller ticks `updates`.
    """

    def __init__(
        self,
        store: Store,
        secrets: Mapping[str, GatewaySecrets],
        lib_hash: bytes,
        clock: Callable[[], int],
        report: Report,
        silence: SilenceWatch | None = None,
        updates: UpdateCourier | None = None,
        people: Mapping[int, str] | None = None,
    ) -> None:
        self._people = people
        self._silence = silence or SilenceWatch(secrets, uptime_ms, SILENT_AFTER_S * 1000)
        self._store = store
        self._lib_hash = lib_hash
        self._clock = clock
        self._report = report
        self._findings = FindingLog(store, clock, report)
        self.updates = updates or UpdateCourier(None, self._findings.note, report)
        self._ports: dict[str, _Port] = {}
        self._batch: list[StoredRecord] = []
        self._places: dict[str, Place] = {}
        self._last_error = ""
        self._revocations = Revocations(store)
        self._gateways = {name: GatewayRecord(one, store) for name, one in secrets.items()}
        self._orders = {name: OrderLine(name) for name in secrets}
        self._commands_made = -1

    def opened(self, port_name: str, write: Write) -> None:
        """A port was opened: ask who is there. `write` must return at once."""
        port = self._ports[port_name] = _Port(port_name, write)
        self._report({"event": "port", "port": port_name, "state": "open"})
        port.write(port.session.who())

    def lost(self, port_name: str, reason: str) -> None:
        """A port disappeared."""
        self.updates.lost(port_name)
        port = self._ports.pop(port_name, None)
        if port is not None and port.gateway is not None:
            self._orders[port.gateway.secrets.gateway].lost(port_name)
            self._commands_made = -1  # another port may have to send them again
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
        """Commit what was verified, then acknowledge it. On a store error nothing is acknowledged: it comes again."""
        batch, self._batch = self._batch, []
        places, self._places = self._places, {}
        try:
            if batch:
                self._store.append(batch)
                self._last_error = ""
        except StoreError as error:
            self._go_back(places)
            self._complain(error)
            return
        for row in batch:
            self._orders[row.gateway].look_at(row.record)
            self.updates.look_at(row.gateway, row.record)
            self._report(record_event(row.gateway, row.record, self._people))
        self._acknowledge()

    def obey_revocations(self) -> None:
        """End the sessions of gateways whose keys were revoked since the last call."""
        try:
            revoked = self._revocations.look()
        except StoreError as error:
            self._complain(error)
            return
        for port in self._ports.values() if revoked else ():
            if port.gateway is not None and port.gateway.secrets.gateway in revoked:
                self.flush()  # what came before it was known
                port.gateway = None
                port.write(port.session.refuse(host_messages.REFUSED_KEY_REVOKED))

    def tell_silence(self) -> None:
        """Tell which gateways have not been heard for too long. To be called every second at least."""
        for gateway, silent_ms in self._silence.fallen_silent():
            self._findings.note(gateway, "silent", f"no new record for {silent_ms / 1000:.0f} s")

    def send_commands(self) -> None:
        """Send what was put into the outbox since the last call."""
        try:
            made = self._store.commands_made()
        except StoreError as error:
            self._complain(error)
            return
        # A thousand ports are not worth a thousand questions where only some wait for an outcome, or none.
        names = {name for name, line in self._orders.items() if made != self._commands_made or line.is_waiting}
        self._commands_made = made
        for port in self._ports.values() if names else ():
            if port.session.is_up and port.gateway is not None and port.gateway.secrets.gateway in names:
                self._send_commands(port, port.gateway)

    def _send_commands(self, port: _Port, gateway: GatewayRecord) -> None:
        line = self._orders[gateway.secrets.gateway]
        try:
            for order in line.take(port.name, self._store, self._clock()):
                port.write(port.session.command(order.counter, order.code, order.argument, order.payload))
        except StoreError as error:
            self._commands_made = -1  # they are asked for again
            self._complain(error)

    def _take(self, port: _Port, event: tuple[Any, ...]) -> None:
        kind = event[0]
        if kind == host_session.RECORD:
            self._take_record(port, event[1], event[2])
            return
        if kind == host_session.GONE and port.gateway is not None:
            self._remember(port.gateway)
            self._settle(port, port.gateway, port.gateway.pass_over(event[1], event[2]))
            return
        self.flush()
        if kind == host_session.HELLO:
            self._take_hello(port, event[1], event[2])
        elif kind == host_session.TIME_ASK and self._known(port) is not None:
            port.write(port.session.time(event[1], self._clock()))
        elif kind == host_session.PING:
            self.send_commands()
            port.write(port.session.pong(event[1]))
        elif kind == host_session.UPDATE_STATE:
            self.updates.hear(port.name, event[1], event[2])

    def _known(self, port: _Port) -> GatewayRecord | None:
        """The gateway that `port` has a session with; if there is none, ask once who is there."""
        if port.session.is_up:
            return port.gateway
        if not port.asked_who:
            port.asked_who = True
            port.write(port.session.who())
        return None

    def _take_hello(self, port: _Port, hello: messages.Hello, body: bytes) -> None:
        gateway = self._gateways.get(hello.name)
        refusal = refusal_of(gateway, hello, body)
        if not refusal and hello.name in self._revocations.names:
            refusal = host_messages.REFUSED_KEY_REVOKED
        if gateway is None or refusal:
            self._findings.tell(port.name, hello.name, -1, "refused", host_messages.REFUSAL_TEXTS[refusal])
            port.write(port.session.refuse(refusal))
        elif port.gateway is gateway and port.session.is_open_for(hello):
            port.write(port.session.welcome_again())
        else:
            self._look_at(port, hello, gateway)
            self._open_session(port, hello, gateway)

    def _look_at(self, port: _Port, hello: messages.Hello, gateway: GatewayRecord) -> None:
        """Tell what a sealed hello says that should not be."""
        if hello.next_seq < gateway.end_seq and not self._is_heard_elsewhere(port, gateway):
            detail = f"gateway at record {hello.next_seq}, host at {gateway.end_seq}: an older state was restored"
            self._findings.tell(port.name, hello.name, hello.next_seq, "rollback", detail)
        if hello.lib_hash != self._lib_hash:
            detail = f"the gateway runs library {hello.lib_hash.hex()}, this host {self._lib_hash.hex()}"
            self._findings.tell(port.name, hello.name, -1, "version", detail)
        held = key_id(gateway.secrets.k0)
        if hello.key_id != held:
            detail = f"the gateway seals with key {hello.key_id.hex()}, its secrets here are of {held.hex()}"
            self._findings.tell(port.name, hello.name, -1, "wrong key", detail)

    def _is_heard_elsewhere(self, port: _Port, gateway: GatewayRecord) -> bool:
        """Whether records of this gateway may have overtaken, on another port, what it says on this one."""
        return any(one is not port and one.gateway is gateway and one.session.is_up for one in self._ports.values())

    def _open_session(self, port: _Port, hello: messages.Hello, gateway: GatewayRecord) -> None:
        port.gateway = gateway
        port.asked_who = False
        port.came.clear()
        self._orders[hello.name].opened(port.name, hello.command_counter)
        nonce = os.urandom(messages.NONCE_BYTES)
        port.write(port.session.welcome(hello, gateway.secrets.link_key, self._lib_hash, gateway.next_seq, nonce))
        self.updates.opened(port.name, gateway, hello.next_seq, port.session, port.write)
        detail = f"on {port.name}, boot {hello.boot}"
        told = {"event": "session", "gateway": hello.name, "port": port.name, "boot": hello.boot, "detail": detail}
        self._report(told)
        self._send_commands(port, gateway)

    def _take_record(self, port: _Port, record: bytes, previous_mac: bytes | None) -> None:
        gateway = self._known(port)
        if gateway is None:
            return
        if self._batch and gateway.needs_store(seq_of(record)):
            self.flush()
        self._remember(gateway)
        try:
            judgement = gateway.judge(record, previous_mac, self._store)
        except StoreError as error:
            self._complain(error)
            return
        port.came.add(seq_of(record))
        self._settle(port, gateway, judgement)

    def _remember(self, gateway: GatewayRecord) -> None:
        """Where the gateway's record stands before what is not stored yet."""
        if gateway.secrets.gateway not in self._places:
            self._places[gateway.secrets.gateway] = gateway.place()

    def _settle(self, port: _Port, gateway: GatewayRecord, judgement: Judgement) -> None:
        """Have stored what is to be stored, and tell what was found."""
        name, now_ms = gateway.secrets.gateway, self._clock()
        self._batch += [StoredRecord(name, seq_of(row), row, proof, now_ms) for row, proof in judgement.rows]
        for finding in judgement.findings:
            self._findings.tell(port.name, name, *finding)
        silent_ms = self._silence.heard(name) if judgement.rows else None
        if silent_ms is not None:
            self._findings.note(name, "heard again", f"on {port.name}, after {silent_ms / 1000:.0f} s")

    def _acknowledge(self) -> None:
        for port in self._ports.values():
            if port.came and port.session.is_up and port.gateway is not None:
                port.write(_acks(port.session, port.gateway, port.came))
            port.came.clear()

    def _go_back(self, places: Mapping[str, Place]) -> None:
        """Nothing was stored: the gateways will send it again."""
        for name, place in places.items():
            self._gateways[name].go_back(place)
        for port in self._ports.values():
            port.came.clear()

    def _complain(self, error: StoreError) -> None:
        """Report a trouble of the store, once while it lasts."""
        if str(error) != self._last_error:
            self._last_error = str(error)
            self._report({"event": "error", "detail": str(error)})

    def _tell_damaged(self, port: _Port) -> None:
        """Report damaged frames at 1, 2, 4, 8 … of them: a port that brings nothing else must not flood the view."""
        count = port.session.damaged_count
        if count >= port.tell_damaged_at:
            port.tell_damaged_at = 2 * count
            self._report({"event": "noise", "port": port.name, "detail": f"{count} damaged frames so far"})


def _acks(session: host_session.HostSession, gateway: GatewayRecord, came: set[int]) -> bytes:
    """The acks for the records that `came`: one for each urgent one far ahead, then the one of the window."""
    next_seq = gateway.next_seq
    frames = b""
    for seq in sorted(came):
        if seq >= next_seq + messages.WINDOW_RECORDS and gateway.has(seq):
            frames += session.ack(next_seq, seq, gateway.has(seq))
    return frames + session.ack(next_seq, next_seq, gateway.has(next_seq))
