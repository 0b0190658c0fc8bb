"""A record in words, for people.

Role in the flow: stage 11. Context: host. Sources: docs/record.md, "Types".
"""

from __future__ import annotations

import time
from typing import Any

from tocsin import event, event_names
from tocsin.record import Record, unpack

from .describe_people import Names, people_text, person_text
from .update_transfer import REFUSALS

_TROUBLES = {
    event.TROUBLE_TASK_DIED: "task {} died and was started again",
    event.TROUBLE_TASK_HOPELESS: "task {} died too often, restarting",
    event.TROUBLE_SAMPLES_LOST: "{} samples lost",
    event.TROUBLE_SAMPLER_STILL: "no sample for {} ms",
    event.TROUBLE_BAD_FRAMES: "{} damaged or hostile frames",
    event.TROUBLE_JOURNAL_WRITE: "journal could not be written, {} attempts",
    event.TROUBLE_JOURNAL_DAMAGED: "{} journal slots damaged",
    event.TROUBLE_KEY_DAMAGED: "no usable key: what follows cannot be proven",
    event.TROUBLE_CONFIG_REFUSED: "configuration refused",
    event.TROUBLE_ROOT_FILES: "{} unexpected files",
    event.TROUBLE_TRANSITIONS_LOST: "{} transitions lost",
    event.TROUBLE_START_FAILED: "the last start ended with an error, {} times",
    event.TROUBLE_NETWORK: "network path failed or ended, {} times",
    event.TROUBLE_CERTIFICATE: "the broker's certificate is not the right one, {} attempts",
    event.TROUBLE_SECTOR_FAILED: "flash sector {} failed",
    event.TROUBLE_FLASH_WORN: "flash nearly worn, {} erases",
    event.TROUBLE_MEMORY: "what is kept over a power cut was lost, damaged or could not be kept: {} files",
    event.TROUBLE_HEAP_LOW: "memory nearly full, {} bytes free",
    event.TROUBLE_CLOCK_ERROR: "the time is uncertain by {} ms (0: it was never told): is there a host?",
    event.TROUBLE_ROSTER: "the roster is missing or damaged: nobody is let in; see tocsin roster",
    event.TROUBLE_HOST_CLOCK: "the host's clock is before 2020 or after 2100 and was not believed, {} times; set it",
}
_RESETS = {event.RESET_UNKNOWN: "unknown cause", event.RESET_POWER: "power", event.RESET_WATCHDOG: "watchdog"}
_SERVICE = {
    event.SERVICE_BEGUN: "console open for {} min, to a technician's key{}",
    event.SERVICE_CLOSED: "console closed{1}",
    event.SERVICE_TIME_OVER: "console closed: its {} min are over{}",
    event.SERVICE_CABLE_OUT: "console closed: cable out{1}",
    event.SERVICE_REFUSED: "refused, {} times: not the technician's key",
}
_UPDATE = {
    event.UPDATE_BEGUN: "a bundle of {} bytes comes",
    event.UPDATE_TRIED: "version {} is signed and whole, and is tried at the restart",
    event.UPDATE_CONFIRMED: "version {} works, and is kept",
    event.UPDATE_WENT_BACK: "version {} did not work: back to the one before",
    event.UPDATE_REFUSED: "refused: {}",
    event.UPDATE_GAP: "no samples for {} ms at the switch",
}
_STATE_TYPES = (
    event.TYPE_ALARM,
    event.TYPE_RESTORE,
    event.TYPE_TAMPER,
    event.TYPE_FAULT,
    event.TYPE_ACTIVITY,
)


def time_text(utc_ms: int) -> str:
    """Like "2026-11-22T21:45:03.250Z"; "unknown" for 0 and for what no calendar holds."""
    if not 0 < utc_ms < 253_402_300_800_000:
        return "unknown"
    seconds, ms = divmod(utc_ms, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03d}Z"


def source_text(source: int) -> str:
    """Like "zone 5" or "gateway"."""
    return "gateway" if source == event.SOURCE_GATEWAY else f"zone {source}"


def record_text(record: Record, names: Names | None = None) -> str:
    """What a record says beyond its type, source and time; empty when there is nothing to add.

    `names`: those of persons by number.
    """
    value, count = record.value, record.count
    if record.type in _STATE_TYPES:
        return _state_text(record)
    if record.type == event.TYPE_TRANSITION:
        return "not at rest" if value else "at rest"
    if record.type == event.TYPE_HEARTBEAT:
        chip = "" if value == event.NO_READING else f", chip {value / 1000:.1f} °C"
        return f"{count} records since the last{chip}"
    if record.type == event.TYPE_BOOT:
        if record.source != event.SOURCE_GATEWAY:
            return f"{event_names.STATE_NAMES[record.flags & 3]} at the start of boot {record.boot}, and excused"
        return f"boot {record.boot}: {_RESETS.get(value, f'cause {value}')}"
    if record.type == event.TYPE_TIME_SET:
        return f"step {value} ms, error {count} ms"
    if record.type == event.TYPE_TROUBLE:
        return _TROUBLES.get(value, f"code {value}, count {{}}").format(count)
    if record.type == event.TYPE_COMMAND:
        code = event_names.COMMAND_NAMES.get(value & 0xFF, f"code {value & 0xFF}")
        return f"{code} (no. {count}): {_name(event_names.VERDICT_NAMES, value >> 8)}"
    if record.type == event.TYPE_UPDATE:
        said = REFUSALS.get(count, f"reason {count}") if value == event.UPDATE_REFUSED else count
        return _UPDATE.get(value, f"code {value}, {{}}").format(said)
    if record.type == event.TYPE_SERVICE:
        return _service_text(value, count, names or {})
    if record.type == event.TYPE_CHATTER:
        return f"{count} transitions left out"
    if record.type == event.TYPE_OVERFLOW:
        return f"{count} records given up, from number {value} on"
    if record.type == event.TYPE_WEAR:
        return _wear_text(value, count)
    if record.type == event.TYPE_READING:
        return f"{value}, noise {count} mV" if count else str(value)
    told = people_text(record, names or {})
    if told is not None:
        return told
    return f"value {value}, count {count}" if value or count else ""


def record_event(gateway: str, data: bytes, names: Names | None = None) -> dict[str, Any]:
    """A stored record as the event that `tocsin collect` reports; `names` as for `record_text`."""
    record = unpack(data)
    return {
        "event": "record",
        "gateway": gateway,
        "seq": record.seq,
        "type": event_names.type_name(record.type),
        "source": record.source,
        "utc_ms": record.utc_ms,
        "boot": record.boot,
        "uptime_ms": record.uptime_ms,
        "value": record.value,
        "count": record.count,
        "text": record_text(record, names),
    }


def _service_text(value: int, count: int, names: Names) -> str:
    if value == event.SERVICE_REFUSED:
        return _SERVICE[value].format(count)
    by = f", {person_text(count >> 8, names)}" if count >> 8 else ""
    return _SERVICE.get(value, f"code {value}").format(count & 255, by)


def _wear_text(erases: int, days: int) -> str:
    left = "" if days == 0xFFFFFFFF else f", {days / 365.25:.0f} years left at this pace"
    return f"{erases} erases of the most used sector{left}"


def _state_text(record: Record) -> str:
    after, before, _, _ = event.unpack_flags(record.flags)
    text = f"{event_names.STATE_NAMES[before]} → {event_names.STATE_NAMES[after]}"
    if record.value == event.NO_READING:
        text += ", no reading"
    elif record.value:
        text += f", reading {record.value}"
    return text + {1: ", found so", 2: ", nobody unset in time"}.get(record.count, "")


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else str(number)
