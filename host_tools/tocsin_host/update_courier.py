"""Passes bundles on to gateways within the sessions of the running collector, whatever link these have.

Role in the flow: beside stages 8 and 9. Context: host, the collector's thread. Source: docs/update.md, "The transfer".
What became of a bundle is believed from the gateway's sealed records alone. It must never: hold up a record or an
acknowledgement, send to a gateway that still has a backlog, or send a bundle for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tocsin.errors import TocsinError
from tocsin.event import TYPE_UPDATE, UPDATE_REFUSED, UPDATE_TRIED
from tocsin.host_session import HostSession
from tocsin.record import unpack

from .gateway_record import GatewayRecord
from .host_clock import uptime_ms
from .update_bundle import check_bundle
from .update_key import PUBLIC_FILE, read_public
from .update_outbox import Queued, queued_bundles, remove_bundle
from .update_transfer import REFUSALS, Transfer

LOOK_EVERY_MS = 250
# When it comes no further, or nothing tells what became of it, for so long, another session has its turn.
STUCK_AFTER_MS = 20_000
# Sessions, and beginnings in them, that brought a gateway no byte further.
TRIES_MAX = 10


class _Line(NamedTuple):
    """A session of a gateway on one port; `next_seq`: where its records ended when it began."""

    gateway: GatewayRecord
    next_seq: int
    session: HostSession
    write: Callable[[bytes], None]


@dataclass
class _Parcel:
    """A bundle under way; `port`: where it is sent at present."""

    queued: Queued
    version: int
    transfer: Transfer
    port: str = ""
    was_sent: bool = False


class UpdateCourier:
    """Empties the outbox of updates in a folder of keys, if any; `note(gateway, kind, text)` keeps what is wrong."""

    def __init__(
        self,
        keys: Path | None,
        note: Callable[[str, str, str], None],
        report: Callable[[dict[str, Any]], None],
        clock_ms: Callable[[], int] = uptime_ms,
    ) -> None:
        self._keys = keys
        self._note = note
        self._report = report
        self._clock_ms = clock_ms
        self._lines: dict[str, _Line] = {}
        self._parcels: dict[str, _Parcel] = {}
        self._done: dict[str, Queued] = {}
        self._told = ""
        self._look_at_ms = 0
        self._look()

    def opened(self, port: str, gateway: GatewayRecord, next_seq: int, session: HostSession, write: Any) -> None:
        """A session began on `port`; its hello said that the gateway's records end before `next_seq`."""
        self.lost(port)
        self._lines[port] = _Line(gateway, next_seq, session, write)

    def lost(self, port: str) -> None:
        """The port is gone."""
        self._lines.pop(port, None)
        for parcel in self._parcels.values():
            if parcel.port == port:
                parcel.port = ""

    def hear(self, port: str, status: int, at: int) -> None:
        """What a gateway said of a bundle."""
        line = self._lines.get(port)
        parcel = self._parcels.get(line.gateway.secrets.gateway) if line is not None else None
        if parcel is not None and parcel.port == port:
            parcel.transfer.hear(status, at, self._clock_ms())

    def look_at(self, gateway: str, data: bytes) -> None:
        """A verified record may show what became of a bundle."""
        parcel = self._parcels.get(gateway)
        record = unpack(data)
        if parcel is None or record.type != TYPE_UPDATE:
            return
        if record.value == UPDATE_TRIED and record.count == parcel.version:
            self._tell(gateway, parcel, "taken, on trial")
            self._end(gateway, parcel.queued)
        elif record.value == UPDATE_REFUSED and parcel.was_sent:
            self._give_up(gateway, parcel, f"refused: {REFUSALS.get(record.count, record.count)}")

    def tick(self) -> None:
        """Look for bundles, and send what may be sent now. Returns at once."""
        now_ms = self._clock_ms()
        if now_ms >= self._look_at_ms:
            self._look_at_ms = now_ms + LOOK_EVERY_MS
            self._look()
        for gateway, parcel in list(self._parcels.items()):
            self._pass_on(gateway, parcel, now_ms)

    def _pass_on(self, gateway: str, parcel: _Parcel, now_ms: int) -> None:
        transfer = parcel.transfer
        is_stuck = now_ms - transfer.moved_at_ms >= max(STUCK_AFTER_MS, transfer.patience_ms)
        if not parcel.port or is_stuck or not self._lines[parcel.port].session.is_up:
            port = self._next_port(gateway, parcel.port)
            if not port:
                return
            if transfer.tries >= TRIES_MAX:
                text = f"given up: in {TRIES_MAX} tries it came no further than {transfer.at} bytes"
                self._give_up(gateway, parcel, f"{text}; was the gateway flashed with a key for updates?")
                return
            parcel.port, parcel.was_sent = port, True
            transfer.connect(self._lines[port].session.update_key(), now_ms)
            self._tell(gateway, parcel, f"goes out from byte {transfer.at} on")
        data = transfer.transmit(now_ms)
        if data:
            self._lines[parcel.port].write(data)

    def _next_port(self, gateway: str, port: str) -> str:
        """The port after `port` with a session of the gateway and no backlog; "" when there is none."""
        ports = [
            name
            for name, line in self._lines.items()
            if line.gateway.secrets.gateway == gateway and line.session.is_up and line.gateway.next_seq >= line.next_seq
        ]
        if port in ports:
            return ports[(ports.index(port) + 1) % len(ports)]
        return ports[0] if ports else ""

    def _look(self) -> None:
        """What waits now; one that was taken away or replaced is under way no more."""
        if self._keys is None:
            return
        try:
            found = queued_bundles(self._keys)
        except OSError as error:
            self._complain(str(error))
            return
        for gateway, parcel in list(self._parcels.items()):
            if found.get(gateway) != parcel.queued:
                del self._parcels[gateway]
        for gateway, queued in found.items():
            if gateway not in self._parcels and self._done.get(gateway) != queued:
                self._load(self._keys, gateway, queued)

    def _load(self, keys: Path, gateway: str, queued: Queued) -> None:
        try:
            data = queued.path.read_bytes()
            version = check_bundle(data, read_public(keys / PUBLIC_FILE).key).version
        except OSError as error:
            self._done[gateway] = queued
            self._complain(f"{queued.path}: {error.strerror}; let this user read it")
        except TocsinError as error:
            self._note(gateway, "update", f"not sent: {error}")
            self._end(gateway, queued)
        else:
            self._parcels[gateway] = _Parcel(queued, version, Transfer(data))

    def _tell(self, gateway: str, parcel: _Parcel, text: str) -> None:
        self._report({"event": "update", "gateway": gateway, "detail": f"version {parcel.version} {text}"})

    def _give_up(self, gateway: str, parcel: _Parcel, why: str) -> None:
        self._note(gateway, "update", f"version {parcel.version} {why}")
        self._end(gateway, parcel.queued)

    def _end(self, gateway: str, queued: Queued) -> None:
        """It is not sent again, whether its file can be removed or not."""
        self._parcels.pop(gateway, None)
        self._done[gateway] = queued
        try:
            remove_bundle(queued)
        except OSError as error:
            self._complain(f"{queued.path}: {error.strerror}; remove it")

    def _complain(self, text: str) -> None:
        """Report a trouble of the folder, once while it lasts."""
        if text != self._told:
            self._told = text
            self._report({"event": "error", "detail": text})
