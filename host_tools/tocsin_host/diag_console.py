"""A running gateway's service console: asked what the gateway looks like, and told the few things a technician does.

Role in the flow: stages 1 to 8 seen by a technician. Context: host. mpremote's transport speaks to the console.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from .board_port import open_port
from .console_source import console_pieces
from .diag_snapshot import Bounce, DiagError, Snapshot, parse
from .service_session import close_console, open_console

_HERE = Path(__file__)
_PROBE, _HAND = _HERE.with_name("diag_probe.py"), _HERE.with_name("diag_hand.py")
_PATIENCE_S = 60
# A loop is read every 100 ms: asked twice as often, none is missed by much.
_READING_PAUSE_S = 0.05
_READING_ASKS = 20


class DiagConsole:
    """Opens the console with a service key, and closes it behind itself; both are sealed records of the gateway."""

    def __init__(self, url: str, keys: dict[str, bytes], minutes: int, person: int = 0) -> None:
        """`person` 0: nobody is named. Raises: BoardError, DiagError."""
        self.bounce = Bounce()
        self._url = url
        self._sent: set[Path] = set()
        with open_port(url) as port:
            gateway = open_console(port, keys, minutes, person=person)
        if gateway is None:
            raise DiagError(f"{url}: this gateway cannot start; read its /last-error.txt: mpremote connect {url}")
        self.gateway = gateway
        self._transport = SerialTransport(str(Path(url).resolve()) if url.startswith("/") else url, timeout=_PATIENCE_S)
        try:
            self._transport.enter_raw_repl(soft_reset=False)
        except (TransportError, OSError) as error:
            self._transport.close()
            raise _plain(error) from error
        except KeyboardInterrupt:
            self.close()
            raise

    def look(self, known: Mapping[int, tuple[str, str]]) -> Snapshot:
        """What the gateway looks like now. Raises: DiagError."""
        told, _, samples = self.ask(_PROBE, "show()").strip().partition("\n")
        snapshot = parse(told, known)
        next_sample, *ring = samples.split() or ["0"]
        self.bounce.feed_ring((int(next_sample), "".join(ring)) if ring else None, snapshot.pins)
        return snapshot

    def begin_walk_test(self, person: int) -> int:
        """In the name of a person; the verdict of docs/record.md. Raises: DiagError."""
        self._forget()  # the gateway has to bring in a module, and on a large site there is no room beside ours
        return int(self.ask(_HAND, f"begin_walk_test({person})"))

    def end_walk_test(self, person: int) -> int:
        """In the name of a person, or of nobody (0); the verdict. Raises: DiagError."""
        return int(self.ask(_HAND, f"end_walk_test({person})"))

    def beep(self, output: int) -> bool:
        """Let an output be on for half a second; False: it is on for a reason of its own. Raises: DiagError."""
        return self.ask(_HAND, f"beep({output})").strip() == "1"

    def readings(self, zone: int, count: int, sleep: Callable[[float], None] = time.sleep) -> list[int]:
        """The next `count` readings that the gateway takes of a measured zone. Raises: DiagError."""
        found: list[int] = []
        due_ms, asks = -1, 0
        while len(found) < count:
            words = self.ask(_HAND, f"reading({zone})").split()
            if len(words) != 2 or asks >= _READING_ASKS * count:
                raise DiagError(f"zone {zone}: the gateway reads no such zone; is this its site?")
            asks += 1
            if due_ms != int(words[1]):
                due_ms = int(words[1])
                found.append(int(words[0]))
            sleep(_READING_PAUSE_S)
        return found

    def ask(self, file: Path, call: str) -> str:
        """What a call of a function in one of our files prints; it is sent before the first. Raises: DiagError."""
        try:
            with _whole():
                if file not in self._sent:
                    for piece in console_pieces(file):
                        self._transport.exec(piece)
                    self._sent.add(file)
                return str(self._transport.exec(call).decode())
        except (TransportError, OSError) as error:
            raise _plain(error) from error

    def _forget(self) -> None:
        """Let the console forget all that was sent."""
        try:
            with _whole():
                self._transport.enter_raw_repl(soft_reset=True)
        except (TransportError, OSError) as error:
            raise _plain(error) from error
        self._sent.clear()

    def close(self) -> None:
        """Close the gateway's console. Raises: OSError, BoardError."""
        self._transport.close()
        with open_port(self._url) as port:
            close_console(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _whole() -> Iterator[None]:
    """Ctrl-C waits until the answer is there: what is left of half an answer would be taken for the next one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt


def _plain(error: Exception) -> DiagError:
    said = str(error).strip().splitlines()
    return DiagError(f"the gateway's console does not answer as it should: {said[-1] if said else error}")
