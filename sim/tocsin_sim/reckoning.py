"""The reckoning: what had to come, what came, and what the logs prove.

Role in the flow: after stage 10. Context: CPython.
It trusts nothing the collector said: it verifies the exports anew and counts what lies in the gateways' flash.
"""

from collections.abc import Iterator
from dataclasses import replace

from tocsin import command, event, event_names
from tocsin.record import RECORD_BYTES, Record, unpack
from tocsin.verify import verify_log
from tocsin_host.store import Store

from tocsin_sim.expectation import Expectation, judge
from tocsin_sim.housekeeping import expected_of_itself
from tocsin_sim.loud import complaints as outputs_on_too_long
from tocsin_sim.outcome import Outcome
from tocsin_sim.scenario import Action
from tocsin_sim.stage import Stage, person_number
from tocsin_sim.tiers import Tier

# After its end a scenario runs on for this long, so that what was recorded last can still arrive.
SETTLE_MS = 15_000
# A gateway asks for the time every 600 s; a step of the host's clock shows at the next ask.
_TIME_ASK_WITHIN_MS = 615_000
_ORDER_WITHIN_MS = 1000
# What a gateway may need from power-up to its first sample.
_FIRST_SAMPLE_WITHIN_MS = 1000
_COMPLAINTS_MAX = 20
# What the collector says of a cable that is out is right, and nothing that is wrong with a record.
_SILENCES = ("silent", "heard again")
_CODES = {
    "mode": command.SET_MODE,
    "inhibit": command.INHIBIT,
    "release": command.RELEASE,
    "walk-test-begin": command.TEST_BEGIN,
    "walk-test-end": command.TEST_END,
    "silence": command.SILENCE,
}


def reckon(stage: Stage, exports: dict[str, bytes], wall_seconds: float) -> Outcome:
    """Judge a run by the exported logs ({gateway: bytes}), the findings in the store, and the flash of the gateways."""
    records: dict[str, list[Record]] = {}
    findings: list[str] = []
    for name, data in exports.items():
        report = verify_log(data, stage.secrets[name].k0, name)
        findings += [f"{name}: {line}" for line in report.lines()] if report.findings else []
        records[name] = [] if report.findings else _records(data)
    with Store(stage.store, read_only=True) as store:
        told = [finding for finding in store.findings() if finding.kind not in _SILENCES]
    findings += [f"{finding.gateway}: {finding.kind}: {finding.detail}" for finding in told]
    late = _learn_sampling(stage, records)
    verdict = judge(_widened(_expectations(stage), stage.tier), records, stage.conductor.timeline)
    sealed = sum(stage.tier.sealed_count(stage.flash / name) for name in exports)
    verified = sum(map(len, records.values()))
    loud = [
        text
        for name, gateway in stage.conductor.gateways.items()
        for text in outputs_on_too_long(gateway, stage.configs[name], stage.tier.late_ms)
    ]
    complaints = late + loud + [f"lost: {missing}" for missing in verdict.missing]
    complaints += [f"unexpected: {text}" for text in verdict.unexpected] + [f"forged: {text}" for text in findings]
    complaints = complaints[:_COMPLAINTS_MAX]
    for name in exports if complaints else ():
        error = stage.tier.last_error(stage.flash / name)
        complaints += [f"{name}: the last error on the board: {error}"] if error else []
    return Outcome(
        expected=verdict.fulfilled + len(verdict.missing),
        sealed=sealed,
        verified=verified,
        lost=len(late) + len(verdict.missing) + max(0, sealed - verified),
        forged=len(findings),
        unexpected=len(verdict.unexpected) + len(loud),
        virtual_seconds=(stage.scenario.duration_ms + SETTLE_MS) / 1000,
        wall_seconds=wall_seconds,
        complaints=complaints,
    )


def _learn_sampling(stage: Stage, records: dict[str, list[Record]]) -> list[str]:
    """Tell the timeline since when each boot has sampled; return a complaint for each that began too late."""
    timeline = stage.conductor.timeline
    complaints: list[str] = []
    for (name, boot), power_on_ms in timeline.power_on_ms.items():
        told = [one for one in records[name] if one.boot == boot and one.type == event.TYPE_TIME_SET]
        first_ms = told[0].utc_ms - told[0].uptime_ms - timeline.start_utc_ms if told else None
        sampling_ms = stage.tier.sampling_from_ms(power_on_ms, first_ms)
        timeline.power_on_ms[name, boot] = sampling_ms
        if not 0 <= sampling_ms - power_on_ms <= _FIRST_SAMPLE_WITHIN_MS:
            complaints.append(f"lost: {name} boot {boot}: first sample {sampling_ms - power_on_ms} ms after power-up")
    return complaints


def _widened(expectations: list[Expectation], tier: Tier) -> list[Expectation]:
    """Expectations within what the tier's time is good for."""
    early_ms, late_ms = tier.early_ms, tier.late_ms
    return [replace(one, from_ms=one.from_ms - early_ms, to_ms=one.to_ms + late_ms) for one in expectations]


def _records(data: bytes) -> list[Record]:
    """The records of a log that was verified, between its header and its trailer."""
    starts = range(RECORD_BYTES, len(data) - RECORD_BYTES, RECORD_BYTES)
    return [unpack(data[at : at + RECORD_BYTES]) for at in starts]


def _expectations(stage: Stage) -> list[Expectation]:
    expected: list[Expectation] = []
    for name, gateway in stage.conductor.gateways.items():
        starts = [stage.conductor.timeline.power_on_ms[name, boot + 1] for boot in range(len(gateway.powered))]
        lives = [(start, off) for start, (_, off) in zip(starts, gateway.powered, strict=True)]
        expected += expected_of_itself(name, stage.configs[name], gateway.world, lives, stage.tier.import_ms)
    for entry in stage.scenario.expects:
        source = stage.zone_number(entry.gateway, entry.zone) if entry.zone else event.SOURCE_GATEWAY
        from_ms = round(entry.at_s * 1000)
        to_ms = from_ms + round(entry.within_s * 1000)
        kind = event_names.TYPE_NAMES.index(entry.type)
        expected.append(Expectation(entry.gateway, kind, source, from_ms, to_ms, entry.value, entry.count))
    for action in stage.scenario.actions:
        expected += _expected_of(action, stage)
    return expected


def _expected_of(action: Action, stage: Stage) -> Iterator[Expectation]:
    """What an order or a step of the clock must leave in the log, besides what the scenario says."""
    gateway, from_ms, source = action.gateway, action.at_ms, event.SOURCE_GATEWAY
    if action.do == "order":
        to_ms = from_ms + _ORDER_WITHIN_MS
        code = _CODES[action.order]
        verdict = event.VERDICT_REFUSED if action.refused else event.VERDICT_DONE
        yield Expectation(gateway, event.TYPE_COMMAND, source, from_ms, to_ms, verdict << 8 | code)
        if code == command.SET_MODE and not action.refused:
            mode = event_names.MODE_NAMES.index(action.mode or "")
            yield Expectation(gateway, event.TYPE_MODE, source, from_ms, to_ms, mode)
        elif code == command.SILENCE:
            person = person_number(stage.site, action.person) if action.person else 0
            yield Expectation(gateway, event.TYPE_ACCESS, source, from_ms, to_ms, person, event.ACCESS_SILENCED)
    elif action.do == "clock-step":
        for name in stage.conductor.gateways:
            yield Expectation(name, event.TYPE_TIME_SET, source, from_ms, from_ms + _TIME_ASK_WITHIN_MS)
