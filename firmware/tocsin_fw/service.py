"""Service mode: for a technician whose key opens it, the USB port is a console for a while (docs/service.md).

Role in the flow: beside stage 8. Context: task. Imported when somebody knocks. Everything else goes on meanwhile:
sampling, sealing, the network link.
It must never: open without a record, or stay open longer than was granted.
"""

from tocsin.event import (
    SERVICE_BEGUN,
    SERVICE_CABLE_OUT,
    SERVICE_CLOSED,
    SERVICE_REFUSED,
    SERVICE_TIME_OVER,
    SOURCE_GATEWAY,
    TYPE_SERVICE,
)
from tocsin.framing import encode_frame
from tocsin.messages import SERVICE_ASK
from tocsin.service_door import KEY_BYTES, ServiceDoor, encode_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .console import Console
    from .hal import Hal
    from .recorder import Recorder

# Refusals are recorded at most this often, so that nobody fills the journal with them.
REFUSAL_EVERY_MS = 60_000
_MINUTE_MS = 60_000


class Service:
    """The door, and the console behind it while that is open."""

    def __init__(self, hal: "Hal", recorder: "Recorder") -> None:
        self.console: "Console | None" = None
        self._hal = hal
        self._recorder = recorder
        self._refused_count = 0
        self._refused_at_ms = -REFUSAL_EVERY_MS
        self._granted = 0  # minutes + 256 × person
        self._until_ms = 0
        key = _read_key(hal.storage)
        self._door = ServiceDoor(key, hal.random) if key else None

    def hear(self, body: bytes) -> None:
        """A *service ask* or *service open* from whoever is at the port. A gateway without a key stays silent."""
        if self._door is None:
            return
        now_ms = self._hal.sampler.count()
        if body[0] == SERVICE_ASK:
            self._say(self._door.challenge(now_ms))
            return
        granted = self._door.judge(body, now_ms)
        if granted:
            self._open(granted, now_ms)
        else:
            self._refuse(now_ms)
        self._say(encode_state(granted & 255))

    def take(self, data: bytes, is_plugged: bool) -> None:
        """Bytes for the open console, none where none came; ends service mode when it is time."""
        if self.console is None:
            return
        if not is_plugged:
            self._end(SERVICE_CABLE_OUT)
        elif self._hal.sampler.count() >= self._until_ms:
            self._hal.link.write(b"\r\nservice mode is over\r\n")
            self._end(SERVICE_TIME_OVER)
        else:
            self.console.take(data)
            if self.console.is_over:
                self._end(SERVICE_CLOSED)

    def _open(self, granted: int, now_ms: int) -> None:
        from .console import Console

        self._record(SERVICE_BEGUN, granted)
        self._granted = granted
        self._until_ms = now_ms + (granted & 255) * _MINUTE_MS
        self.console = Console(self._hal.link.write)

    def _end(self, why: int) -> None:
        self.console = None
        self._record(why, self._granted)

    def _refuse(self, now_ms: int) -> None:
        self._refused_count += 1
        if now_ms - self._refused_at_ms >= REFUSAL_EVERY_MS:
            self._record(SERVICE_REFUSED, self._refused_count)
            self._refused_at_ms = now_ms
            self._refused_count = 0

    def _record(self, what: int, count: int) -> None:
        self._recorder.record(TYPE_SERVICE, SOURCE_GATEWAY, value=what, count=count)

    def _say(self, body: bytes) -> None:
        self._hal.link.write(encode_frame(body))


def _read_key(storage: str) -> bytes:
    """The service key; b"" when there is none."""
    try:
        with open(storage + "/keys/service.key", "rb") as file:
            key = file.read()
    except OSError:
        return b""
    return key if len(key) == KEY_BYTES else b""
