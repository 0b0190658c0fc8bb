"""A thousand gateways at one collector: arrivals in virtual time, the collector's work measured.

Role in the flow: stages 8 to 10 under load. Context: CPython. The collector and its store on disk are the real ones;
the gateways are what they send. Arrivals come at virtual times; what the collector then does takes the time it really
took, and what arrives meanwhile waits, as it does in `tocsin collect`. So the figures are those of one core at real
speed, and a quiet minute costs nothing.
"""

import gc
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from time import perf_counter, process_time

from tocsin import messages
from tocsin.event import SOURCE_GATEWAY, TYPE_HEARTBEAT
from tocsin.framing import DELIMITER, FrameReader, encode_frame
from tocsin.seal import Sealer, key_id
from tocsin_host.checkpoint_keeper import CheckpointKeeper
from tocsin_host.collector import Collector
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.log_key import make_log_key
from tocsin_host.port_reader import QUEUED_EVENTS
from tocsin_host.silence import SILENT_AFTER_S, SilenceWatch
from tocsin_host.store import Store

BEAT_EVERY_S = 10
CHECKPOINT_EVERY_S = 60.0
_START_UTC_MS = 1_790_000_000_000
_LIB_HASH = bytes.fromhex(lib_hash())


@dataclass(frozen=True)
class Shape:
    """`gateways` send a heartbeat every 10 s for `seconds`; every `burst_every_s` some send many records at once.

    Once, in the middle, all of them send what an outage of `outage_s` left behind.
    """

    gateways: int
    seconds: int
    burst_every_s: int = 15
    burst_gateways: int = 20
    burst_records: int = 32
    outage_s: int = 60

    @property
    def outage_ends_s(self) -> int:
        """When they send it."""
        return self.seconds // 2 // BEAT_EVERY_S * BEAT_EVERY_S + BEAT_EVERY_S // 2


@dataclass
class Load:
    """What came of it. Times in s of one core, latencies from arrival to acknowledgement, memory in bytes."""

    shape: Shape
    sent: int = 0
    stored: int = 0
    acknowledged: int = 0
    findings: int = 0
    sessions_s: float = 0.0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    share_by_second: list[float] = field(default_factory=list)
    latencies_ms: Counter[int] = field(default_factory=Counter)  # rounded up -> records
    memory: list[int] = field(default_factory=list)

    @property
    def memory_growth(self) -> int:
        """From a quarter of the run, when everything has been used once, to its end."""
        settled = self.memory[len(self.memory) // 4 :]
        return max(settled[-3:]) - max(settled[:3]) if settled else 0

    def latency_ms(self, share: float) -> int:
        """The latency that this share of all records did not exceed."""
        behind = self.latencies_ms.total() * share
        for latency_ms, records in sorted(self.latencies_ms.items()):
            behind -= records
            if behind <= 0:
                return latency_ms
        return 0


class _Gateway:
    """What one gateway sends, and how far it was acknowledged."""

    def __init__(self, number: int) -> None:
        self.name = f"gateway-{number}"
        seed = number.to_bytes(2, "little") * 16
        self.secrets = GatewaySecrets(self.name, seed, seed)
        self.acknowledged = 0
        self._sealer = Sealer(seed)
        self._heard = FrameReader()

    def hello(self) -> bytes:
        """The frame that asks for a session."""
        own = key_id(self.secrets.k0)
        hello = messages.Hello(self.name, own, _LIB_HASH, 1, 0, self._sealer.seq, 0, bytes(8))
        return DELIMITER + encode_frame(hello.encode(self.secrets.link_key))

    def records(self, count: int, now_ms: int) -> bytes:
        """Frames of `count` new records."""
        frames = b""
        for _ in range(count):
            record = self._sealer.seal(TYPE_HEARTBEAT, SOURCE_GATEWAY, 0, 1, now_ms, _START_UTC_MS + now_ms, 24_500, 0)
            frames += encode_frame(messages.encode_record(record, None))
        return frames

    def hear(self, data: bytes) -> None:
        """Take what the host says."""
        for body in self._heard.receive(data):
            if body[0] == messages.ACK:
                self.acknowledged = messages.decode_ack(body)[0]


class _Host:
    """The collector as `tocsin collect` drives it, with a stopwatch around."""

    def __init__(self, store: Store, folder: Path, gateways: list[_Gateway], load: Load) -> None:
        self.now_s = 0.0
        self._load = load
        self._said: list[tuple[_Gateway, bytes]] = []
        secrets = {gateway.name: gateway.secrets for gateway in gateways}
        utc_ms = lambda: _START_UTC_MS + int(self.now_s * 1000)  # noqa: E731
        silence = SilenceWatch(secrets, lambda: int(self.now_s * 1000), SILENT_AFTER_S * 1000)
        self.collector = Collector(store, secrets, _LIB_HASH, utc_ms, self._report, silence)
        make_log_key(folder, "bench.example/tocsin")
        self._keeper = CheckpointKeeper(store, folder, utc_ms, self._report, CHECKPOINT_EVERY_S, lambda: self.now_s)
        for gateway in gateways:
            self.collector.opened(gateway.name, lambda data, to=gateway: self._said.append((to, data)))  # type: ignore[misc]

    def _report(self, event: dict[str, object]) -> None:
        self._load.findings += event["event"] in ("finding", "error")

    def work(self, arrived: list[tuple[_Gateway, bytes]]) -> None:
        """One turn of serve() in collect_command.py; virtual time goes on by what it took."""
        began_cpu, began = process_time(), perf_counter()
        for gateway, data in arrived:
            self.collector.receive(gateway.name, data)
        self.collector.flush()
        self.collector.send_commands()
        self.collector.obey_revocations()
        self.collector.tell_silence()
        self._keeper.tick()
        took_s, cpu_s = perf_counter() - began, process_time() - began_cpu
        second = int(self.now_s)
        share = self._load.share_by_second
        share.extend([0.0] * (second + 1 - len(share)))
        share[second] += cpu_s
        self._load.cpu_s += cpu_s
        self._load.wall_s += took_s
        self.now_s += took_s
        for gateway, data in self._said:
            gateway.hear(data)
        self._said.clear()


def run_load(folder: Path, shape: Shape, seed: int) -> Load:
    """Play it with a store in `folder`, which is empty."""
    load = Load(shape)
    gateways = [_Gateway(number) for number in range(shape.gateways)]
    with Store(folder / "store") as store:
        host = _Host(store, folder / "keys", gateways, load)
        host.work([(gateway, gateway.hello()) for gateway in gateways])
        load.sessions_s = load.wall_s
        host.now_s = 0.0
        _play(host, _arrivals(shape, gateways, random.Random(seed)), load)
        load.stored = store.size()
    load.acknowledged = sum(gateway.acknowledged for gateway in gateways)
    return load


def _arrivals(shape: Shape, gateways: list[_Gateway], chance: random.Random) -> Iterator[tuple[float, _Gateway, int]]:
    """(when in s, who, how many records) by rising time."""
    for period_s in range(0, shape.seconds, BEAT_EVERY_S):
        here = [(period_s + BEAT_EVERY_S * n / len(gateways), n, 1) for n in range(len(gateways))]
        for second in range(period_s, period_s + BEAT_EVERY_S):
            if second % shape.burst_every_s == shape.burst_every_s - 1:
                some = chance.sample(range(len(gateways)), min(shape.burst_gateways, len(gateways)))
                here += [(second + 0.5, n, shape.burst_records) for n in some]
        if period_s <= shape.outage_ends_s < period_s + BEAT_EVERY_S:
            here += [(float(shape.outage_ends_s), n, shape.outage_s // BEAT_EVERY_S) for n in range(len(gateways))]
        for when_s, n, count in sorted(here):
            yield when_s, gateways[n], count


def _play(host: _Host, arrivals: Iterator[tuple[float, _Gateway, int]], load: Load) -> None:
    waiting = next(arrivals, None)
    while waiting is not None:
        host.now_s = max(host.now_s, waiting[0])
        arrived: list[tuple[float, _Gateway, int]] = []
        while waiting is not None and waiting[0] <= host.now_s and len(arrived) <= QUEUED_EVENTS:
            arrived.append(waiting)
            waiting = next(arrivals, None)
        host.work([(gateway, gateway.records(count, int(when_s * 1000))) for when_s, gateway, count in arrived])
        for when_s, _, count in arrived:
            load.sent += count
            load.latencies_ms[ceil(1000 * (host.now_s - when_s))] += count
        if missing := int(host.now_s) - len(load.memory):
            load.memory += [_memory_bytes()] * missing


def _memory_bytes() -> int:
    """Memory of this process that is not the bench's own notes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096
