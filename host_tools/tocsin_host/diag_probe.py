"""What `tocsin diag` runs in a gateway's service console: looks around, changes nothing, prints one line of JSON.

Role in the flow: stages 1 to 8 seen by a technician. Context: the console of a gateway in service mode, which gets it
as `console_source.py` makes it; it runs beside the gateway's tasks. It may look into what others must not.
"""

import gc
import json
import sys
from binascii import b2a_base64, hexlify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# A multiple of 3 and 4: the pieces of base64 are joined as they are.
PIECE_BYTES = 192
# Bit of a zone's `does`, tocsin.zone.NO_WALK_TEST: constants have no names on a board.
NO_WALK_TEST = 16
# What the file of the walk test said, once it was read.
kept_walk: "list[Any]" = []


def look(gateway: "Any") -> "dict[str, Any]":
    """Everything but samples, as `diag_snapshot.parse` reads it."""
    hal, recorder, session = gateway.hal, gateway.recorder, gateway.uplinks[0]._session
    guard = gateway.guarding.guard
    now_ms = hal.sampler.count()
    zones = [contact(one, hal, guard) for one in gateway.contacts._contacts]
    zones += [measured(one, guard) for one in gateway.measurements._measurements]
    add_tests(zones, gateway)
    outputs = gateway.guarding._outputs
    found = {
        "gateway": session.hello.name,
        "board": hal.board,
        "lib_hash": hexlify(session.hello.lib_hash).decode(),
        "key_id": hexlify(session.hello.key_id).decode(),
        "firmware": sys.version.split("; ")[-1],
        "mode": guard.mode,
        "testing": guard.testing,
        "boot": recorder.boot,
        "reset_cause": hal.reset_cause(),
        "uptime_ms": now_ms,
        "utc_ms": recorder.clock.utc_ms(now_ms),
        "clock_error_ms": recorder.clock.error_ms(now_ms),
        "outputs": [{"output": one.number, "on": one.why > 0} for one in (outputs._outputs if outputs else ())],
        "zones": zones,
    }
    add_health(found, gateway)
    return found


def add_health(found: "dict[str, Any]", gateway: "Any") -> None:
    """Memory, sampler, link and journal."""
    hal, journal = gateway.hal, gateway.recorder._journal
    found["heap_free_bytes"] = free()
    found["samples_lost"] = hal.sampler.lost()
    found["transitions_lost"] = hal.sampler.ring.dropped
    found["bad_frames"] = sum([uplink._session.damaged_count for uplink in gateway.uplinks])
    found["next_seq"], found["acked_seq"] = journal.next_seq, journal.acked_seq
    found["oldest_seqs"] = [min(ring.sectors.oldest_seq, journal.next_seq) for ring in journal._rings]
    found["erases"] = journal.erase_count()


def add_tests(zones: "list[dict[str, Any]]", gateway: "Any") -> None:
    """To each zone: its hits in the walk test that runs or ran last; local day since 1970 of its last hit, ever.

    The day is 0 where the clock was not set then, None for never.
    """
    hits, days = walk(gateway)
    for found in zones:
        number = found["zone"]
        found["is_testable"] = not gateway.guarding.guard.zones[number].does & NO_WALK_TEST
        found["hits"], found["tested_day"] = hits.get(number, 0), days.get(number)


def walk(gateway: "Any") -> "tuple[dict[int, int], dict[int, int]]":
    """(hits, days) of the walk test. Its module is not brought in for it: else its file is read, once."""
    test = gateway._walk_test
    if test:
        return test.hits, test.days
    if not kept_walk:
        try:
            kept_walk.extend(json.loads(gateway.memory.load("walk") or b"[0, [], []]"))
        except ValueError:
            kept_walk.extend([0, [], []])
    return dict(kept_walk[1]), dict(kept_walk[2])


def contact(one: "Any", hal: "Any", guard: "Any") -> "dict[str, Any]":
    """A zone on a pin."""
    level = hal.sampler.levels(0) >> one.pin & 1
    found = {"type": "contact", "pin": one.pin, "level": level, "errors": one.left_out}
    return with_state(found, one.zone, guard)


def measured(one: "Any", guard: "Any") -> "dict[str, Any]":
    """A zone that is read."""
    found = {"type": type(one.judge).__name__.lower(), "value": one.value, "warnings": one.warnings}
    found["errors"] = one._retries
    return with_state(found, one.zone, guard)


def with_state(found: "dict[str, Any]", zone: "Any", guard: "Any") -> "dict[str, Any]":
    """What every zone has."""
    found["zone"], found["state"] = zone.number, zone.state
    excuses = guard.excuses
    marks = (("inhibited", excuses.is_inhibited(zone.number)), ("released", excuses.is_released(zone.number)))
    found["marks"] = [name for name, is_so in marks if is_so]
    return found


def free() -> int:
    """Bytes of heap that are free once collected."""
    gc.collect()
    return int(gc.mem_free())  # type: ignore[attr-defined, unused-ignore]


def show_samples(hal: "Any") -> None:
    """Print the number of the next sample, then the ring of the last ones in base64, a line for each piece; 0 alone
    where there is no ring to look into."""
    if not hasattr(hal.sampler, "_address"):
        print(0)
        return
    ring_bytes = 4 * sys.modules["tocsin_fw.isr"].RING_SAMPLES
    next_sample = hal.sampler.count()
    ring = __import__("uctypes").bytearray_at(hal.sampler._address, ring_bytes)
    # Copied before any is printed, which takes longer than a sample does.
    pieces = [ring[at : at + PIECE_BYTES] for at in range(0, ring_bytes, PIECE_BYTES)]
    print(next_sample)
    for piece in pieces:
        print(b2a_base64(piece).decode().strip())


def show() -> None:
    """Print it: a line of JSON, then samples. No text is made of it as a whole, for which there may be no room."""
    gateway: Any = sys.modules["tocsin_fw.app"].running
    json.dump(look(gateway), sys.stdout)
    print()
    show_samples(gateway.hal)
