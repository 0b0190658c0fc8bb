"""Records of people, modes, rounds and tests in words.

Role in the flow: stage 11, part of `describe.py`. Context: host. Source: docs/record.md, "Types".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin import event, event_names
from tocsin.record import Record

# Names of persons by number; without one they are called by it.
Names = Mapping[int, str]

_ACCESS = (
    "taken",
    "unknown credential",
    "outside their time",
    "without the right",
    "refused: the clock is not set, and this person's time is limited",
    "unknown credentials again and again",
    "silenced what alarms made sound",
)
_DELAYS = (
    "0",  # none is
    "exit delay of {} s begun",
    "exit delay over",
    "entry delay of {} s begun",
    "entry delay ended by {}",
    "exit broken off",
)
_ROUNDS = ("begun", "reached", "reached late", "reached out of order", "missed", "complete")
_WARNINGS = (
    "0",  # none is
    "resistors of the loop drift",
    "the reading does not change",
    "no activity where there should be some",
    "constant alarm",
    "changes too fast",
    "mould",
    "noise on the loop",
    "implausible reading",
    "pulses, too few for an alarm",
)
# Why an output is on (docs/modes.md, "Outputs"); 0 is why one is off.
_OUTPUTS = (
    "nothing more to show",
    "alarm",
    "tamper",
    "fault",
    "entry delay",
    "exit delay",
    "chime",
    "unset",
    "set",
    "fire",
    "silent alarm",
)
_OUTPUTS_BESIDE = {14: "tried by a technician", 15: "it was on as long as it may be"}
_NEVER = 0xFFFFFFFF
_OVER = 256


def people_text(record: Record, names: Names) -> str | None:
    """What such a record says; None for a record of another type."""
    teller = _TELLERS.get(record.type)
    return None if teller is None else teller(record, names)


def person_text(number: int, names: Names) -> str:
    """A person by name, by number where it is not known, or nobody."""
    return names.get(number, f"person {number}") if number else "nobody"


def duration_text(seconds: int) -> str:
    """Like "8 h" or "90 s": the largest unit that says it exactly."""
    for unit_s, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds and seconds % unit_s == 0 and seconds // unit_s > (1 if unit == "days" else 0):
            return f"{seconds // unit_s} {unit}"
    return f"{seconds} s"


def _mode(record: Record, names: Names) -> str:
    before, person = record.count & 255, record.count >> 8
    text = f"{_of(event_names.MODE_NAMES, before)} → {_of(event_names.MODE_NAMES, record.value)}"
    return text + (f", by {person_text(person, names)}" if person else "")


def _access(record: Record, names: Names) -> str:
    outcome = _of(_ACCESS, record.count)
    is_somebody = record.value or record.count == event.ACCESS_SILENCED
    return f"{person_text(record.value, names)}: {outcome}" if is_somebody else outcome


def _test(record: Record, names: Names) -> str:
    count, by = record.count, f" by {person_text(record.count >> 8, names)}" if record.count >> 8 else ""
    ago = "never tested" if count == _NEVER else f"not tested for {count} days"
    return _of(
        (
            f"walk test begun by {person_text(count, names)}",
            f"works, hit {count}",
            f"walk test ended{by}, " + (f"zones untested: {count & 255}" if count & 255 else "every zone was hit"),
            f"untested, {ago}" if count else "untested, tested earlier today",
            f"overdue: {ago}",
        ),
        record.value,
    )


def _config(record: Record, _: Names) -> str:
    return f"roster {record.count:08x}" if record.value == event.CONFIG_ROSTER else f"part {record.value}"


def _inhibit(record: Record, names: Names) -> str:
    by = f" by {person_text(record.value, names)}" if record.value else ""
    return f"left out for {duration_text(record.count)}{by}" if record.count else f"no longer left out{by}"


def _release(record: Record, names: Names) -> str:
    by = f" by {person_text(record.value, names)}" if record.value else ""
    return f"may be moved for {duration_text(record.count)}{by}" if record.count else f"guarded again{by}"


def _delay(record: Record, names: Names) -> str:
    is_begun = record.value in (1, 3)
    return _of(_DELAYS, record.value).format(record.count if is_begun else person_text(record.count, names))


def _confirmed(record: Record, _: Names) -> str:
    return f"{record.count / 1000:.1f} s after zone {record.value}"


def _round(record: Record, names: Names) -> str:
    person, number = record.count & 255, record.count >> 8
    text = f"round {number}: {_of(_ROUNDS, record.value)}"
    return text + (f", {person_text(person, names)}" if person else "")


def _output(record: Record, _: Names) -> str:
    why = record.count >> 8
    text = _OUTPUTS_BESIDE.get(why) or _of(_OUTPUTS, why)
    return f"output {record.count & 255} {'on' if record.value else 'off'}: {text}"


def _refusal(record: Record, names: Names) -> str:
    state = _of(event_names.STATE_NAMES, record.count)
    return f"not set for {person_text(record.value, names)}: this zone is in {state}"


def _warning(record: Record, _: Names) -> str:
    text = _of(_WARNINGS, record.count & (_OVER - 1))
    reading = "" if record.value in (0, event.NO_READING) else f", reading {record.value}"
    return f"{text}{reading}{', over' if record.count & _OVER else ''}"


def _of(texts: tuple[str, ...], number: int) -> str:
    return texts[number] if 0 <= number < len(texts) else str(number)


_TELLERS: dict[int, Callable[[Record, Names], str]] = {
    event.TYPE_MODE: _mode,
    event.TYPE_ACCESS: _access,
    event.TYPE_TEST: _test,
    event.TYPE_CONFIG: _config,
    event.TYPE_INHIBIT: _inhibit,
    event.TYPE_RELEASE: _release,
    event.TYPE_DELAY: _delay,
    event.TYPE_CONFIRMED: _confirmed,
    event.TYPE_ROUND: _round,
    event.TYPE_OUTPUT: _output,
    event.TYPE_REFUSAL: _refusal,
    event.TYPE_WARNING: _warning,
}
