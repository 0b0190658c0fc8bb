"""Records sealed once and played by every cell, and the journal that holds them.

Role in the flow: stages 6 and 7 of `make bench-link`. Context: CPython. Sealing is not what is measured here.
"""

from functools import cache

from tocsin.event import SOURCE_GATEWAY, TYPE_ALARM, TYPE_HEARTBEAT
from tocsin.record import MAC_NONE, mac_of
from tocsin.seal import Sealer
from tocsin_host.keys import GatewaySecrets

SECRETS = GatewaySecrets("bench", bytes(range(32)), bytes(range(32, 64)))
# One record in so many is an alarm.
ALARM_EVERY = 100


@cache
def tape(count: int) -> list[bytes]:
    """`count` sealed records of one gateway."""
    sealer = Sealer(SECRETS.k0)
    kinds = (TYPE_HEARTBEAT, TYPE_ALARM)
    return [
        sealer.seal(kinds[is_alarm(seq)], SOURCE_GATEWAY, 0, 1, 10 * seq, 0, seq & 0x7FFFFFFF, 0)
        for seq in range(count)
    ]


def is_alarm(seq: int) -> bool:
    """Whether record `seq` of a tape is one."""
    return seq % ALARM_EVERY == ALARM_EVERY - 1


class TapeJournal:
    """A journal that holds the first `next_seq` records of a tape. It survives the gateway's power."""

    def __init__(self, records: list[bytes], next_seq: int) -> None:
        self._records = records
        self.next_seq = next_seq
        self.acked_seq = 0

    def oldest_seq(self) -> int:
        """Nothing is ever pushed out."""
        return 0

    def first_from(self, seq: int) -> int:
        """As a journal without a hole answers."""
        return min(seq, self.next_seq)

    def read(self, seq: int) -> bytes:
        """Record `seq`."""
        return self._records[seq]

    def mac_before(self, seq: int) -> bytes:
        """The mac of the record before `seq`."""
        return mac_of(self._records[seq - 1]) if seq else MAC_NONE
