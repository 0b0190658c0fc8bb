"""From symptoms to causes: what a good technician would make of a gateway's records.

Role in the flow: stage 11. Context: host. Reference for the user: docs/doctor.md.
A symptom is a function from a history to complaints; `SYMPTOMS` is the table of them. To add one: write it, name it
there, add a test, and a line in the table of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tocsin import event

from .history import History
from .symptom_words import FINDINGS, NOTE, NOW, SOON, TROUBLES, WARNINGS


class Complaint(NamedTuple):
    """`source`: a zone or 255, the gateway; `urgency`: now (something is not guarded), soon or note."""

    source: int
    urgency: str
    what: str
    mend: str


Complaints = Iterator[Complaint]

# Movements without an alarm, a day: more is no visitor brushing past.
_TOUCHES_A_DAY = 50
# Faults that come and go, in the whole time looked at.
_LOOSE_FROM = 3
_RESTARTS_FROM = 3
# A start this soon after an output came on is no accident.
_SAG_WITHIN_MS = 10_000
_HOT_MC = 70_000
_STEPS_FROM = 3
_ERASES_LEFT_DAYS = 2 * 365


def _chatter(history: History) -> Complaints:
    for zone in history.zones:
        times = history.by_zone[zone][event.TYPE_CHATTER]
        if times:
            yield Complaint(
                zone,
                NOW,
                f"the contact chatters ({times} times)",
                "set the magnet nearer to the reed, tighten the screws of the terminal; a loose wire does the same",
            )


def _touches(history: History) -> Complaints:
    for zone in history.zones:
        counts = history.by_zone[zone]
        told = counts[event.TYPE_ALARM] + counts[event.TYPE_ACTIVITY] + counts[event.TYPE_RESTORE]
        alone = counts[event.TYPE_TRANSITION] - told
        if alone > _TOUCHES_A_DAY * max(1.0, history.days):
            yield Complaint(
                zone,
                SOON,
                f"{alone} short movements that were no alarm",
                "the contact is worn, rattles, or its cable picks up noise: use a shielded pair, a pull-up of 4.7 kΩ "
                "to 3.3 V at the gateway, keep it off mains cables, or change the contact",
            )


def _wrong_end(history: History) -> Complaints:
    for zone in history.zones:
        counts = history.by_zone[zone]
        if counts[event.TYPE_TAMPER] >= _LOOSE_FROM and not counts[event.TYPE_ALARM] + counts[event.TYPE_ACTIVITY]:
            yield Complaint(
                zone,
                NOW,
                f"opens and closes as a cut wire does ({counts[event.TYPE_TAMPER]} times), and never alarms",
                "the resistor across the contact is missing or at the wrong end: it belongs into the detector, across "
                "the contact itself (docs/wiring.md)",
            )


def _no_reading(history: History) -> Complaints:
    for zone in history.zones:
        faults = [one for one in history.of_type(event.TYPE_FAULT, zone) if one.value == event.NO_READING]
        if not faults:
            continue
        healed = history.by_zone[zone][event.TYPE_RESTORE]
        if not healed:
            what = "the sensor gives no reading"
            mend = "it is unplugged, reversed (a DS18B20 gets hot then) or dead, or the site names another"
            yield Complaint(zone, NOW, what, mend)
        elif len(faults) >= _LOOSE_FROM:
            yield Complaint(
                zone,
                SOON,
                f"the sensor is gone now and then ({len(faults)} times)",
                "the cable is too long or forked: one-wire wants one line without branches, three wires, a pull-up of "
                "4.7 kΩ (2.2 kΩ beyond 30 m); check the plugs",
            )


def _warnings(history: History) -> Complaints:
    for zone in history.zones:
        codes = [one.count for one in history.of_type(event.TYPE_WARNING, zone)]
        for code, (what, mend) in WARNINGS.items():
            begun, over = codes.count(code), codes.count(code + 256)
            if begun:
                text = f"{what} ({begun} times, over again)" if over >= begun else f"{what}, still"
                yield Complaint(zone, NOTE if over >= begun else SOON, text, mend)


def _troubles(history: History) -> Complaints:
    for code, (urgency, what, mend) in TROUBLES.items():
        if history.troubles[code]:
            yield Complaint(event.SOURCE_GATEWAY, urgency, f"{what} ({history.troubles[code]} times)", mend)


def _clock(history: History) -> Complaints:
    gateway = event.SOURCE_GATEWAY
    if history.records and not history.of_type(event.TYPE_TIME_SET) and not any(one.utc_ms for one in history.records):
        yield Complaint(
            gateway, SOON, "its clock was never set", "no collector answers it: is one running at its port?"
        )
    steps = [one for one in history.of_type(event.TYPE_TIME_SET) if one.value]
    if len(steps) >= _STEPS_FROM:
        what = f"its clock had to be set {len(steps)} times"
        yield Complaint(gateway, SOON, what, "the host's clock jumps: let it be kept (chrony), and by one only")


def _supply(history: History) -> Complaints:
    gateway = event.SOURCE_GATEWAY
    starts = history.resets[event.RESET_POWER]
    sags = _starts_after_output(history)
    if sags:
        mend = "the siren has to have a supply of its own, or the gateway a better one"
        yield Complaint(gateway, NOW, f"the supply sags when an output comes on ({sags} times)", mend)
    elif starts >= _RESTARTS_FROM:
        mend = "a loose plug, a tired supply or no battery: the gateway needs one that carries it through"
        yield Complaint(gateway, SOON, f"the power was gone {starts} times", mend)
    if history.resets[event.RESET_WATCHDOG]:
        what = f"the watchdog restarted it {history.resets[event.RESET_WATCHDOG]} times"
        yield Complaint(gateway, SOON, what, "keep /last-error.txt and tell us; check its supply")


def _starts_after_output(history: History) -> int:
    """How often a start followed an output that came on in the last moments before the power went."""
    sags, on_at_ms, last_ms = 0, -_SAG_WITHIN_MS, 0
    for record in history.records:
        if record.type == event.TYPE_BOOT and record.source == event.SOURCE_GATEWAY:
            sags += int(last_ms - on_at_ms < _SAG_WITHIN_MS)
            on_at_ms = -_SAG_WITHIN_MS
        elif record.type == event.TYPE_OUTPUT and record.value:
            on_at_ms = record.uptime_ms
        last_ms = record.uptime_ms
    return sags


def _heat(history: History) -> Complaints:
    readings = [one.value for one in history.of_type(event.TYPE_HEARTBEAT) if one.value != event.NO_READING]
    if readings and max(readings) > _HOT_MC:
        what = f"the chip was {max(readings) / 1000:.0f} °C hot"
        yield Complaint(event.SOURCE_GATEWAY, SOON, what, "give the box air, out of the sun and off the radiator")


def _wear(history: History) -> Complaints:
    told = history.of_type(event.TYPE_WEAR)
    if told and told[-1].count < _ERASES_LEFT_DAYS:
        what = f"the flash lasts {told[-1].count} days more at this pace"
        yield Complaint(
            event.SOURCE_GATEWAY, SOON, what, "find the zone that tells so much (see above), or plan a new board"
        )


def _tests(history: History) -> Complaints:
    overdue = {one.source: one for one in history.of_type(event.TYPE_TEST) if one.value == 4}
    for source, record in sorted(overdue.items()):
        days = "never" if record.count == 0xFFFFFFFF else f"{record.count} days ago"
        yield Complaint(source, NOTE, f"walk test overdue (last: {days})", "do one: tocsin order walk-test --help")


def _findings(history: History) -> Complaints:
    for kind, (urgency, what, mend) in FINDINGS.items():
        if history.findings[kind]:
            yield Complaint(event.SOURCE_GATEWAY, urgency, f"{what} ({history.findings[kind]} times)", mend)


SYMPTOMS: tuple[Callable[[History], Complaints], ...] = (
    _findings,
    _troubles,
    _supply,
    _clock,
    _heat,
    _wear,
    _chatter,
    _wrong_end,
    _no_reading,
    _touches,
    _warnings,
    _tests,
)


def examine(history: History) -> list[Complaint]:
    """Every complaint, the most urgent first; each urgency by source, the gateway before its zones."""
    found = [complaint for symptom in SYMPTOMS for complaint in symptom(history)]
    order = (NOW, SOON, NOTE)
    return sorted(found, key=lambda one: (order.index(one.urgency), -(one.source == event.SOURCE_GATEWAY), one.source))
