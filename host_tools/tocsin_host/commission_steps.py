"""What a gateway must be before it is left alone: one function a step, each over what was read of the board itself.

Role in the flow: before stage 1, at commissioning. Context: host. Reference for the user: docs/commission.md.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin import event
from tocsin.event import NO_READING
from tocsin.record import Record

from .diag_snapshot import Snapshot, ZoneView
from .history import make_history
from .site_compile import loop_limits, loop_voltages
from .symptom_words import NOTE
from .symptoms import examine

if TYPE_CHECKING:
    from .site_model import Gateway, Loop

OK, FAILED, OVERRIDDEN, UNSEEN, NONE = "ok", "failed", "overridden", "not seen", "none"
_CLOCK_WITHIN_MS = 1000
_ERASES_MAX = 90_000
_FLASH_TROUBLES = {
    event.TROUBLE_JOURNAL_WRITE: "records that flash did not take",
    event.TROUBLE_JOURNAL_DAMAGED: "damaged journal slots",
    event.TROUBLE_KEY_DAMAGED: "no usable key",
    event.TROUBLE_SECTOR_FAILED: "a failed sector",
    event.TROUBLE_FLASH_WORN: "worn flash",
}
# Which changes of the clock are to come: made anew with every configuration, and no part of what is guarded.
_NOT_COMPARED = ("utc_offsets", "lib_hash")


@dataclass(frozen=True)
class Step:
    """One line of the checklist. `mend`: what to do where it failed; `is_excusable`: somebody may answer for it."""

    key: str
    title: str
    status: str
    found: str
    mend: str = ""
    is_excusable: bool = True


@dataclass(frozen=True)
class Findings:
    """What was read of the board: a look, its configuration, the records of its present start."""

    snapshot: Snapshot
    config: dict[str, Any]
    records: list[Record]


def judged(key: str, title: str, is_right: bool, found: str, mend: str, *, is_excusable: bool = True) -> Step:
    """A step that is either right or not."""
    return Step(key, title, OK if is_right else FAILED, found, "" if is_right else mend, is_excusable)


def site_step(findings: Findings, wanted: dict[str, Any]) -> Step:
    """Is the configuration in flash that of the site description?"""
    differ = differences(findings.config, wanted, _NOT_COMPARED)
    found = f"differs in {', '.join(differ)}" if differ else f"as described: {len(wanted['zones'])} zones"
    mend = "is this its site description? Else: tocsin configure (docs/configure.md)"
    return judged("site", "site on the board", not differ, found, mend, is_excusable=False)


def differences(has: dict[str, Any], wants: dict[str, Any], apart: Container[str]) -> list[str]:
    """In what two configurations differ, but for the keys in `apart`: keys, then zones."""
    keys = sorted(key for key in has.keys() | wants.keys() if key != "zones" and key not in apart)
    here, there = ({one["zone"]: one for one in config.get("zones", ())} for config in (has, wants))
    numbers = sorted(here.keys() | there.keys())
    return [
        *(key for key in keys if has.get(key) != wants.get(key)),
        *(f"zone {number}" for number in numbers if here.get(number) != there.get(number)),
    ]


def roster_step(findings: Findings, wanted: int | None) -> Step:
    """Has it the roster of the site? `wanted`: its version, None where no key is here that tells."""
    told = [one.count for one in findings.records if (one.type, one.value) == (event.TYPE_CONFIG, event.CONFIG_ROSTER)]
    version = f"version {told[-1]:08x}" if told else "no record of it since its start"
    if wanted is None:
        return Step("roster", "roster", NONE, f"{version}; compare it where the keys are: tocsin roster show")
    is_right = told[-1:] == [wanted]
    found = f"{version}, that of the site" if is_right else f"{version}; that of the site is {wanted:08x}"
    return judged("roster", "roster", is_right, found, "send it: tocsin roster push; who may enter is not as described")


def clock_step(findings: Findings, now_ms: int) -> Step:
    """Does it know the time?"""
    raw, mend = findings.snapshot.raw, "let its collector run at this port for a minute, then commission again"
    if not raw["utc_ms"]:
        return judged("clock", "clock", False, "never set", mend)
    at = datetime.fromtimestamp(raw["utc_ms"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    off_s = (raw["utc_ms"] - now_ms) / 1000
    side = "after" if off_s > 0 else "before"
    found = f"{at}, within {raw['clock_error_ms']} ms; {abs(off_s):.0f} s {side} this computer's"
    return judged("clock", "clock", raw["clock_error_ms"] <= _CLOCK_WITHIN_MS, found, mend)


def journal_step(findings: Findings) -> Step:
    """Journal, flash and sampler since the start."""
    raw = findings.snapshot.raw
    told = {record.value for record in findings.records if record.type == event.TYPE_TROUBLE}
    bad = [what for code, what in _FLASH_TROUBLES.items() if code in told]
    bad += [f"{raw[key]} {key.replace('_', ' ')}" for key in ("samples_lost", "transitions_lost") if raw[key]]
    bad += [f"{raw['erases']} erases"] if raw["erases"] > _ERASES_MAX else []
    found = (
        ", ".join(bad) or f"sound; next record no. {raw['next_seq']}, {raw['erases']} erases of the most used sector"
    )
    return judged("journal", "journal and flash", not bad, found, "see: tocsin doctor; change the board if it stays so")


def tamper_step(findings: Findings) -> Step:
    """Is the box closed?"""
    lids = [zone for zone in findings.snapshot.zones if zone.kind == "tamper"]
    if not lids:
        return Step("tamper", "box tamper", NONE, "the site has no zone of kind tamper for this gateway")
    is_right = all(zone.state == "normal" for zone in lids)
    return judged("tamper", "box tamper", is_right, _states(lids), "close the lid of the box; look at its contact")


def loops_step(findings: Findings, gateway: Gateway) -> Step:
    """Does every loop read what it should at rest?"""
    loops = {zone.number: zone.loop for zone in gateway.zones if zone.loop}
    if not loops:
        return Step("loops", "supervised loops", NONE, "it has none")
    off = []
    for zone in findings.snapshot.zones:
        loop = loops.get(zone.number)
        if loop and (zone.state != "normal" or abs((zone.value or 0) - loop_voltages(loop).normal_mv) > band_mv(loop)):
            off.append(f"{zone.name} {zone.reading} instead of {loop_voltages(loop).normal_mv} mV")
    count = sum(loop.calibrated_mv is not None for loop in loops.values())
    found = ", ".join(off) or f"{len(loops)} in their bands, {count} of them calibrated"
    mend = "close its contact, or calibrate it with everything in place: tocsin diag, key c"
    return judged("loops", "supervised loops", not off, found, mend)


def band_mv(loop: Loop) -> int:
    """How far a loop may be from its value at rest before the gateway warns of drift."""
    normal_from_mv, alarm_from_mv, _ = loop_limits(loop)
    normal_mv = loop_voltages(loop).normal_mv
    return min(normal_mv - normal_from_mv, alarm_from_mv - normal_mv) // 4


def sensors_step(findings: Findings, gateway: Gateway) -> Step:
    """Does every sensor give readings?"""
    switches = {zone.number for zone in gateway.zones if zone.contact or zone.loop or zone.reader}
    sensors = [zone for zone in findings.snapshot.zones if zone.number not in switches]
    if not sensors:
        return Step("sensors", "sensors", NONE, "it has none")
    silent = [zone.name for zone in sensors if zone.value == NO_READING]
    readings = ", ".join(f"{zone.name} {zone.reading}" for zone in sensors)
    found = f"no reading: {', '.join(silent)}" if silent else readings
    return judged("sensors", "sensors", not silent, found, "unplugged, reversed, or another ROM id than in the site")


def rest_step(snapshot: Snapshot) -> Step:
    """Is everything at rest as the walk test ends?"""
    standing = [zone for zone in snapshot.zones if zone.state != "normal"]
    found = _states(standing) if standing else "every zone"
    mend = "close it, or mend it: what is not at rest is an alarm as soon as its mode says so"
    return judged("rest", "zones at rest", not standing, found, mend)


def walk_step(snapshot: Snapshot) -> Step:
    """Was every zone seen to work?"""
    done, missing = snapshot.walk_words
    found = f"{done}; {missing}" if missing else done
    return judged(
        "walk", "walk test", not missing, found, "open, cut or walk past what is missing, and commission again"
    )


def memory_step(findings: Findings) -> Step:
    """Did it come back from a power cut with all it had kept? Not required."""
    raw, title = findings.snapshot.raw, "power cut"
    told = {record.value for record in findings.records if record.type == event.TYPE_TROUBLE}
    if raw["boot"] < 2 or raw["reset_cause"] != event.RESET_POWER:
        return Step(
            "power", title, NONE, "its last start followed none: pull its plug once, then commission, if wanted"
        )
    lost = told & {event.TROUBLE_MEMORY, event.TROUBLE_JOURNAL_DAMAGED, event.TROUBLE_KEY_DAMAGED}
    found = (
        "what it had kept was damaged"
        if lost
        else f"start no. {raw['boot']} followed one; nothing it had kept was lost"
    )
    return judged("power", title, not lost, found, "look at its mode, inhibits and last tests; cut the power again")


def doctor_step(findings: Findings, names: dict[int, str]) -> Step:
    """Does the doctor find anything of weight in what it told since its start?"""
    found = [one for one in examine(make_history(findings.records)) if one.urgency != NOTE]
    told = [f"{names.get(one.source, 'the gateway')}: {one.what}" for one in found]
    words = "; ".join(told) or f"nothing of weight in the {len(findings.records)} records since its start"
    return judged("doctor", "doctor", not found, words, "; ".join(dict.fromkeys(one.mend for one in found)))


def _states(zones: list[ZoneView]) -> str:
    return ", ".join(f"{zone.name}: {zone.state}" for zone in zones)
