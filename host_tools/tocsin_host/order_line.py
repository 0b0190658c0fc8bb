"""Which commands to send to a gateway, and on which of its ports: each once, until it is known to have arrived.

Role in the flow: the way back, from the outbox (stage 10) to the link (stage 8). Context: host.
Sent on two ports at once, a command would be carried out on one and recorded as stale on the other. But a port may be
one that a stranger opened with a hello of earlier days: where no outcome comes, another one has its turn.
"""

from tocsin.event import TYPE_COMMAND, VERDICT_FORGED, VERDICT_STALE
from tocsin.record import unpack

from .store import Store, StoredCommand

# A gateway that hears a command has told its outcome long before, unless a backlog of an outage comes first.
OUTCOME_WITHIN_MS = 30_000


class OrderLine:
    """The commands of one gateway."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        # Highest counter the gateway is known to have taken, and highest one sent to it, on `_port`: where the latest
        # session began.
        self._taken = 0
        self._sent = 0
        self._sent_at_ms = 0
        self._port = ""

    @property
    def is_waiting(self) -> bool:
        """Whether a command was sent and its outcome has not come: another port may get its turn."""
        return self._sent > self._taken

    def opened(self, port: str, counter: int) -> None:
        """A session began on `port`; its hello said that the gateway has taken `counter`."""
        self._port = port
        self._taken = self._sent = counter

    def lost(self, port: str) -> None:
        """The port is gone, and with it perhaps what was sent there."""
        if port == self._port:
            self._port, self._sent = "", self._taken

    def look_at(self, data: bytes) -> None:
        """A verified record may show that a command has arrived."""
        record = unpack(data)
        if record.type == TYPE_COMMAND and record.value >> 8 not in (VERDICT_STALE, VERDICT_FORGED):
            self._taken = max(self._taken, record.count)

    def take(self, port: str, store: Store, now_ms: int) -> list[StoredCommand]:
        """What to send on `port` at `now_ms`. Raises: StoreError."""
        self._port = self._port or port
        if port != self._port:
            if self._sent <= self._taken or abs(now_ms - self._sent_at_ms) < OUTCOME_WITHIN_MS:
                return []
            self._port, self._sent = port, self._taken
        orders = store.commands_after(self._gateway, self._sent)
        if orders:
            self._sent, self._sent_at_ms = orders[-1].counter, now_ms
        return orders
