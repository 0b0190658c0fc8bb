"""A running gateway's service console, asked again and again what it looks like.

Role in the flow: stages 1 to 8 seen by a technician. Context: host. mpremote's transport speaks to the console.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from .board_port import open_port
from .diag_snapshot import Bounce, DiagError, Snapshot, parse
from .service_session import close_console, open_console

_PROBE = Path(__file__).with_name("diag_probe.py")
_PATIENCE_S = 30


class DiagConsole:
    """Opens the console with a service key, and closes it behind itself; both are sealed records of the gateway."""

    def __init__(self, url: str, keys: dict[str, bytes], minutes: int) -> None:
        """Raises: BoardError, DiagError."""
        self.bounce = Bounce()
        self._url = url
        with open_port(url) as port:
            gateway = open_console(port, keys, minutes)
        if gateway is None:
            raise DiagError(f"{url}: this gateway cannot start; read its /last-error.txt: mpremote connect {url}")
        self.gateway = gateway
        self._transport = SerialTransport(str(Path(url).resolve()) if url.startswith("/") else url, timeout=_PATIENCE_S)
        try:
            self._transport.enter_raw_repl(soft_reset=False)
            self._transport.exec(_PROBE.read_bytes())
        except (TransportError, OSError) as error:
            self._transport.close()
            raise _plain(error) from error

    def look(self, known: Mapping[int, tuple[str, str]]) -> Snapshot:
        """What the gateway looks like now. Raises: DiagError."""
        try:
            printed = self._transport.exec("show()")
        except (TransportError, OSError) as error:
            raise _plain(error) from error
        snapshot = parse(printed.decode(), known)
        self.bounce.feed_ring(snapshot.raw["samples"], snapshot.pins)
        return snapshot

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()
        with open_port(self._url) as port:
            close_console(port)


def _plain(error: Exception) -> DiagError:
    said = str(error).strip().splitlines()
    return DiagError(f"the gateway's console does not answer as it should: {said[-1] if said else error}")
