"""What a storm at the USB port changed, beside a twin of the board that nobody attacked.

Role in the flow: bench USB-1. Context: CPython.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tocsin import event, messages
from tocsin.chain import KeyLine
from tocsin.event import unpack_flags
from tocsin.record import Record
from tocsin_host import image, image_littlefs
from tocsin_host.keys import GatewaySecrets

from tocsin_sim.bench.powercut_judge import FlashJudge
from tocsin_sim.bench.usb_gateway import Told, bodies

_WINDOW_BYTES = 8
_PROMPTS = (b">>> ", b"raw REPL", b"MicroPython", b"Traceback", b"Tocsin", b"soft reboot")
_KINDS_SAID = {
    *(messages.HELLO, messages.RECORD, messages.TIME_ASK, messages.GONE, messages.SERVICE_CHALLENGE),
    *(messages.SERVICE_STATE, messages.UPDATE_STATE, messages.PONG),
}
# Their time hangs on when a session came about.
_BY_THE_HOST = (event.TYPE_UPDATE, event.TYPE_MODE, event.TYPE_COMMAND, event.TYPE_SERVICE)
# An answer of the host that says the time better than the one before may set the clock again.
_TIME_SETS_MAX = 4
_NOISE_EVERY_MS = 60_000
# The heap of a board that heard a storm and of one that did not: the collector leaves them this near each other.
HEAP_DIFFERENCE_BYTES = 4096


class End(NamedTuple):
    """How a board ended: what it `told`, and its file system, as flashed and after the power went."""

    told: Told
    flashed: bytes
    file_system: bytes


def complaints(twin: End, storm: End, secrets: GatewaySecrets, cable_cuts: int, late_ms: int) -> list[str]:
    """What is wrong, in words. `cable_cuts`: how often the cable went out, and may have cut a frame; `late_ms`: what
    times of this tier may differ by."""
    found = _complain_of_records(twin.told.records, storm.told.records, late_ms)
    found += _complain_of_words(storm.told.said, secrets, len(storm.told.records), cable_cuts)
    found += _complain_of_files(twin.file_system, storm.file_system)
    found += _complain_of_probe(twin.told.probe, storm.told.probe)
    judge = FlashJudge(_flash(storm.flashed), secrets.k0)
    count = len(storm.told.records)
    found += [wrong for wrong in [judge.complain(_flash(storm.file_system), {}, count, count)] if wrong]
    if storm.told.has_restarted:
        found.append("the board restarted")
    return found


def noise(records: Iterable[Record]) -> Counter[str]:
    """Records that a storm is told by: at most one of each a minute."""
    return Counter(name for record in records if (name := _noise(record)))


def _noise(record: Record) -> str:
    if record.type == event.TYPE_TROUBLE and record.value == event.TROUBLE_BAD_FRAMES:
        return "damaged frames"
    if record.type == event.TYPE_COMMAND and record.value >> 8 in (event.VERDICT_FORGED, event.VERDICT_STALE):
        return "commands refused"
    if record.type == event.TYPE_SERVICE and record.value == event.SERVICE_REFUSED:
        return "service refused"
    return ""


def _complain_of_records(twin: list[Record], storm: list[Record], late_ms: int) -> list[str]:
    found = []
    minutes = max(record.uptime_ms for record in storm) // _NOISE_EVERY_MS + 1
    for name, count in noise(storm).items():
        if count > minutes:
            found.append(f"{count} records of {name} in {minutes} minutes")
    sets = [record.type for record in storm].count(event.TYPE_TIME_SET)
    if not 1 <= sets <= _TIME_SETS_MAX:
        found.append(f"the clock was set {sets} times")
    if [record.seq for record in storm] != list(range(len(storm))):
        found.append("numbers are missing")
    return found + _complain_of_happenings(_happenings(twin), _happenings(storm), late_ms)


def _happenings(records: list[Record]) -> list[Record]:
    """What both sides must have recorded."""
    return [record for record in records if not _noise(record) and record.type != event.TYPE_TIME_SET]


def _complain_of_happenings(twin: list[Record], storm: list[Record], late_ms: int) -> list[str]:
    expected, came = Counter(map(_what, twin)), Counter(map(_what, storm))
    missing, more = dict(expected - came), dict(came - expected)
    if missing or more:
        return [f"not recorded: {missing}; recorded beyond what happened: {more}"]
    found = []
    for kind in sorted({_what(record) for record in twin if record.type not in _BY_THE_HOST}):
        times = [[record.uptime_ms for record in side if _what(record) == kind] for side in (twin, storm)]
        worst_ms = max(abs(one - other) for one, other in zip(*times, strict=True))
        if worst_ms > late_ms:
            found.append(f"{kind} came {worst_ms} ms beside its time")
    return found


def _what(record: Record) -> tuple[int, ...]:
    """What a record says, but for its time, and for how many records or how large an error there were."""
    state, before, _, test = unpack_flags(record.flags)
    counts = 0 if record.type == event.TYPE_HEARTBEAT else record.count
    return (record.type, record.source, state, before, test, record.value, counts)


def _complain_of_words(said: bytes, secrets: GatewaySecrets, records: int, cuts: int) -> list[str]:
    found, others = bodies(said)
    wrong = []
    strange = {body[0] for body in found} - _KINDS_SAID
    if strange:
        wrong.append(f"it said frames of the kinds {strange}")
    if len(others) > cuts:
        wrong.append(f"it said {others[:3]}, which is no frame")
    granted = {body[1] for body in found if body[0] == messages.SERVICE_STATE}
    if len(granted - {0}) > 1:
        wrong.append(f"it granted minutes: {granted}")
    own = [body for body in found if body[0] != messages.PONG]  # a pong is the stranger's own words
    text = b"\n".join([*own, *others])
    wrong += [f"it said {prompt!r}" for prompt in _PROMPTS if prompt in text]
    secret = _windows(secrets, records)
    if any(text[at : at + _WINDOW_BYTES] in secret for at in range(len(text) - _WINDOW_BYTES + 1)):
        wrong.append("it said a piece of a key")
    return wrong


def _windows(secrets: GatewaySecrets, records: int) -> set[bytes]:
    """Every 8 bytes in a row of every key that this gateway ever had."""
    line = KeyLine(secrets.k0)
    keys = [secrets.link_key, secrets.service_key or b"", *(line.key(seq) for seq in range(records + 1))]
    return {key[at : at + _WINDOW_BYTES] for key in keys for at in range(len(key) - _WINDOW_BYTES + 1)}


def _complain_of_files(twin: bytes, storm: bytes) -> list[str]:
    """Journal and keys aside, which the flash's judge reads."""
    sides = [image_littlefs.read(side) for side in (twin, storm)]
    names = {name for side in sides for name in side if not name.startswith("/flash/")}
    return [f"{name} is another" for name in sorted(names) if sides[0].get(name) != sides[1].get(name)]


def _complain_of_probe(twin: tuple[int, ...], storm: tuple[int, ...]) -> list[str]:
    found = []
    if storm[1:] != twin[1:]:
        found.append(f"samples and transitions lost, mode, boot, command counter: {storm[1:]} and not {twin[1:]}")
    if twin[0] - storm[0] > HEAP_DIFFERENCE_BYTES:
        found.append(f"{twin[0] - storm[0]} bytes of heap are gone")
    return found


def _flash(file_system: bytes) -> bytes:
    """As it lies in the chip."""
    return bytes(image.FILE_SYSTEM_OFFSET) + file_system
