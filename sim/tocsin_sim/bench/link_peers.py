"""Two other ways to send records over the same line, written anew from what they do.

Role in the flow: beside stages 8 and 9 in `make bench-link`. Context: CPython; virtual ms. Both send each record once,
at a steady pace, and know of no acknowledgement: what is sent while nobody hears is gone.
"""

import json
from collections.abc import Callable
from random import Random

from tocsin.framing import FrameReader, encode_frame

from tocsin_sim.bench.link_cell import OURS, Cell, Trouble
from tocsin_sim.bench.link_tape import tape
from tocsin_sim.bench.link_wire import Line, Wire

# Slower than a serial line can bear, so that nothing is lost for want of room.
_EVERY_MS = 10.0
# How long the line is away after each mishap: the middle of what `LinkModel` draws.
_AWAY_MS = {"burst": 210, "outage": 2850, "kill": 1000, "cut": 1750}

Row = tuple[int, bytes]


def _json_line(seq: int, record: bytes) -> bytes:
    return json.dumps({"seq": seq, "record": record.hex()}).encode() + b"\n"


class _JsonLines:
    """Lines of JSON without a checksum, as many home-made sensors and gateways send them."""

    def __init__(self) -> None:
        self._partial = b""

    def receive(self, data: bytes) -> list[Row]:
        """Rows that look right."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        rows: list[Row] = []
        for line in lines:
            try:
                fields = json.loads(line)
                rows.append((int(fields["seq"]), bytes.fromhex(fields["record"])))
            except (ValueError, KeyError, TypeError, OverflowError):
                continue  # what does not parse is not taken
        return rows


def _frame(seq: int, record: bytes) -> bytes:
    return encode_frame(seq.to_bytes(4, "little") + record)


class _Frames:
    """COBS and CRC-32, our own framing, without acknowledgement."""

    def __init__(self) -> None:
        self._reader = FrameReader()

    def receive(self, data: bytes) -> list[Row]:
        """Rows whose checksum is right."""
        return [(int.from_bytes(body[:4], "little"), body[4:]) for body in self._reader.receive(data)]


PEERS: dict[str, tuple[Callable[[int, bytes], bytes], type[_JsonLines] | type[_Frames]]] = {
    "JSON lines, no checksum": (_json_line, _JsonLines),
    "COBS and CRC, no resend": (_frame, _Frames),
}
NAMES = (OURS, *PEERS)


def run_peer(name: str, count: int, line: Line, trouble: Trouble, seed: int) -> Cell:
    """Send `count` records as `name` does."""
    encode, reader = PEERS[name]
    source = Random(seed)
    wire = Wire(line, trouble.corruption, source)
    receiver = reader()
    records = tape(count)
    cell = Cell(name, line.name, trouble, count)
    away_until_ms = 0.0
    next_ms = {kind: source.expovariate(1 / every) for kind, every in trouble.mishaps().items()}
    seen: set[int] = set()
    for seq, record in enumerate(records):
        now_ms = seq * _EVERY_MS
        for kind, at_ms in next_ms.items():
            if now_ms >= at_ms:
                cell.mishaps[kind] = cell.mishaps.get(kind, 0) + 1
                away_until_ms = max(away_until_ms, now_ms + _AWAY_MS[kind])
                next_ms[kind] = now_ms + source.expovariate(1 / trouble.mishaps()[kind])
        wire.put(encode(seq, record), now_ms, now_ms < away_until_ms)
        _count(receiver.receive(wire.take(now_ms)), records, seen, cell)
    _count(receiver.receive(wire.take(count * _EVERY_MS + 1e6)), records, seen, cell)
    cell.lost = count - len(seen)
    cell.wire_bytes = wire.byte_count
    cell.virtual_ms = cell.joined_ms = count * _EVERY_MS
    return cell


def _count(rows: list[Row], records: list[bytes], seen: set[int], cell: Cell) -> None:
    for seq, record in rows:
        if not 0 <= seq < len(records) or records[seq] != record:
            cell.wrong += 1
        else:
            cell.doubled += seq in seen
            seen.add(seq)
