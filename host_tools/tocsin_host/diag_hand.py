"""What `tocsin diag` does in a gateway's service console when somebody wants it: walk test, beep, a loop's readings.

Role in the flow: beside stages 5 and 6, for a technician. Context: the console of a gateway in service mode, which
gets it as `console_source.py` makes it, before the first thing that is to be done.
It must never: leave an output on, or switch one unrecorded.
"""

import asyncio
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BEEP_MS = 500
# Types and numbers of docs/record.md and docs/modes.md: constants have no names on a board.
TYPE_OUTPUT = 27
SOURCE_GATEWAY = 255
WHY_TRIED = 14


def gateway() -> "Any":
    """The one that runs."""
    return sys.modules["tocsin_fw.app"].running


def begin_walk_test(person: int) -> None:
    """Begin one in the name of a person; prints the verdict of docs/record.md."""
    print(gateway().walk_test().begin(person, gateway().hal.sampler.count()))


def end_walk_test(person: int) -> None:
    """End it, in the name of a person or of nobody (0); prints the verdict."""
    print(gateway().walk_test().end(person, gateway().hal.sampler.count()))


def beep(number: int) -> None:
    """Switch an output on for BEEP_MS; prints 1, or 0 when it is on for a reason of its own."""
    outputs = gateway().guarding._outputs
    for one in outputs._outputs:
        if one.number == number:
            print(int(not one.why))
            if not one.why:
                asyncio.create_task(short(outputs, one))  # noqa: RUF006 - the queue of MicroPython's asyncio holds it


async def short(outputs: "Any", one: "Any") -> None:
    """On and off again, both on record. One that is to show something by then stays on."""
    record, uptime_ms = outputs._recorder.record, gateway().hal.sampler.count
    told = one.number | WHY_TRIED << 8
    try:
        outputs._set_output(one.pin, one.active)
        record(TYPE_OUTPUT, SOURCE_GATEWAY, 0, 0, 1, told, uptime_ms())
        await asyncio.sleep_ms(BEEP_MS)  # type: ignore[attr-defined, unused-ignore]
    finally:
        if not one.why:
            outputs._set_output(one.pin, 1 - one.active)
        record(TYPE_OUTPUT, SOURCE_GATEWAY, 0, 0, 0, told, uptime_ms())


def reading(number: int) -> None:
    """The last reading of a measured zone, and the uptime in ms of the next one, as the gateway judges by them."""
    for one in gateway().measurements._measurements:
        if one.zone.number == number:
            print(one.value, one.due_ms)
