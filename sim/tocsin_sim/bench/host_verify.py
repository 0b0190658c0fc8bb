"""How fast a log is verified, beside the bare hash calls that no verifier can do without.

Role in the flow: stage 10 under load. Context: CPython. Both are timed in turns, slice by slice, in processor time of
this one process, so that what else the machine does falls on both alike.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from statistics import median
from time import process_time

from tocsin.chain import ChainVerifier
from tocsin.event import SOURCE_GATEWAY, TYPE_HEARTBEAT
from tocsin.record import MAC_NONE, SEALED_BYTES, mac_of
from tocsin.seal import Sealer
from tocsin.tlog import build_log
from tocsin.verify import verify_log

GATEWAY = "gallery"
_SLICE_RECORDS = 5000


@dataclass(frozen=True)
class Verification:
    """Processor time in µs a record, the middle of all slices; the ratios are of slices timed one after the other."""

    records: int
    bare_us: float
    log_us: float
    arriving_us: float
    log_ratio: float
    arriving_ratio: float


def measure_verification(slices: int) -> Verification:
    """Verify the same sound log of 5000 records `slices` times, and do its bare hash calls as often."""
    k0 = bytes(range(32))
    sealer = Sealer(k0)
    records = [sealer.seal(TYPE_HEARTBEAT, SOURCE_GATEWAY, 0, 1, 10_000 * n, 0, 0, 0) for n in range(_SLICE_RECORDS)]
    messages = _messages(records)
    log = build_log(k0, GATEWAY, records)
    timed: list[tuple[float, float, float]] = []
    for _ in range(slices):
        timed.append(
            (_time(lambda: _bare(k0, messages)), _time(lambda: _log(k0, log)), _time(lambda: _each(k0, records)))
        )
    bare, whole, arriving = (median(column) * 1e6 / _SLICE_RECORDS for column in zip(*timed, strict=True))
    return Verification(
        records=slices * _SLICE_RECORDS,
        bare_us=bare,
        log_us=whole,
        arriving_us=arriving,
        log_ratio=median(one[0] / one[1] for one in timed),
        arriving_ratio=median(one[0] / one[2] for one in timed),
    )


def _time(work: Callable[[], None]) -> float:
    began = process_time()
    work()
    return process_time() - began


def _messages(records: list[bytes]) -> list[bytes]:
    """What is under each record's mac, made ready: the bare calls do nothing else but hash."""
    macs = [MAC_NONE, *map(mac_of, records)]
    return [record[:SEALED_BYTES] + mac for record, mac in zip(records, macs, strict=False)]


def _bare(key: bytes, messages: list[bytes]) -> None:
    """OpenSSL's HMAC-SHA256 and the one SHA-256 that gives the next key, for each record; nothing is compared."""
    digest = hmac.digest
    for message in messages:
        digest(key, message, "sha256")
        key = sha256(b"\x01" + key).digest()


def _log(k0: bytes, log: bytes) -> None:
    """What `tocsin verify` does."""
    assert verify_log(log, k0, GATEWAY).sealed == _SLICE_RECORDS


def _each(k0: bytes, records: list[bytes]) -> None:
    """What the collector does, record by record."""
    chain = ChainVerifier(k0)
    assert all(chain.accept(record) == "verified" for record in records)
